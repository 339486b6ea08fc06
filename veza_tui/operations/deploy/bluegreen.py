"""Blue-green: the new colour beside the old, probed through its own Service, then every selector switched at once."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.model.colours import COLOURS, coloured_name
from veza_tui.model.errors import TimedOutError, VezaError
from veza_tui.model.plan import Change, Plan, Step
from veza_tui.model.release import Release, container_images
from veza_tui.model.text import printable
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.deploy import server
from veza_tui.operations.deploy.colours import (
    COLOUR,
    Switch,
    afterwards,
    beside,
    coloured,
    live_colour,
    other_colour,
    preview_name,
    previous_selector,
    switch_patch,
    switches,
)
from veza_tui.operations.deploy.kept import size_like_live
from veza_tui.operations.deploy.live import get_or_none, live_services, replicas_of
from veza_tui.operations.deploy.objects import JSONObject
from veza_tui.operations.deploy.server import Preview
from veza_tui.operations.deploy.steps import objects_for
from veza_tui.operations.deploy.switchback import patch_all, words
from veza_tui.operations.deploy.waiting import roll_out
from veza_tui.ports.cluster import DEPLOYMENTS, Cluster

PROBES = 5
"""Healthy answers in a row, per service, that the new colour must give."""
_PROBE_SECONDS = 60.0


@dataclasses.dataclass(frozen=True, slots=True)
class Beside:
    """A deploy beside what is live."""

    colour: str
    before: str
    """The colour that is live: blue, green, ``plain``, or empty when nothing is."""
    objects: list[JSONObject]
    """What is applied before the switch: nothing that is live is among it."""
    switches: list[Switch]
    here: list[JSONObject]
    """The same manifests as objects of the live colour."""
    live: Preview | None
    """What the same manifests would change in the live colour: the difference that a person wants to see."""
    images: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    """Deployment -> container -> image of ``colour``, where its pods are kept from the last switch."""


async def look_beside(cluster: Cluster, objects: Sequence[JSONObject]) -> Beside:
    """Reads what is live and asks the server what the manifests would change there."""
    live = await live_services(cluster, objects)
    before = live_colour(list(live.values()))
    colour = other_colour(before)
    here: list[JSONObject] = []
    if before:
        previews = {preview_name(name) for name in live}
        here = [
            o
            for o in (coloured(objects, before, live) if before in COLOURS else objects)
            if not (o["kind"] == "Service" and o["metadata"]["name"] in previews)
        ]
    difference = await server.preview(cluster, here) if here else None
    names = [o["metadata"]["name"] for o in objects if o.get("kind") == "Deployment"]
    return Beside(
        colour,
        before,
        beside(objects, colour, live),
        switches(objects, colour, live),
        here,
        difference,
        await _kept_images(cluster, objects, colour, names) if before else {},
    )


async def _kept_images(
    cluster: Cluster, objects: Sequence[JSONObject], colour: str, names: Sequence[str]
) -> dict[str, dict[str, str]]:
    """What a deploy to this colour overwrites: the way back of the last switch."""
    namespace = next((str(o["metadata"]["namespace"]) for o in objects if o.get("kind") == "Deployment"), "")
    found = await asyncio.gather(
        *(get_or_none(cluster, DEPLOYMENTS, coloured_name(n, colour), namespace) for n in names)
    )
    there = {n: d for n, d in zip(names, found, strict=True) if d is not None and replicas_of(d)}
    return {n: container_images(d["spec"]["template"]) for n, d in there.items()}


def blue_green_plan(plan: Plan, at: Beside, keep: float, history: Sequence[Release] = ()) -> Plan:
    """A deploy's plan made blue-green: after the rollout come probe, switch and the note when the old may go."""
    difference = at.live.changes if at.live else None
    if at.before in COLOURS and not difference:
        # The live colour is exactly this, whatever the newest release is: there may have been a switch back.
        return dataclasses.replace(plan, steps=(), changes=())
    steps = []
    for step in plan.steps:
        if step.id in ("check", "apply"):
            step = dataclasses.replace(step, args={**step.args, "colour": at.colour})
        if step.id == "apply":
            # Nothing live changes before the switch: taking the apply back means emptying the new colour.
            step = dataclasses.replace(
                step,
                title=f"Apply {at.colour} beside what is live",
                undo="bluegreen.empty" if step.undo and at.before else step.undo,
            )
        if step.id == "rollout":
            names = [coloured_name(n, at.colour) for n in plan.options["deployments"]]
            step = dataclasses.replace(
                step, title=f"Wait for the {at.colour} deployments", args={**step.args, "deployments": names}
            )
        if step.id == "record":
            steps += _switch_steps(at, keep, plan.steps, undo=plan.rollback_on_failure)
        steps.append(step)
    switched = tuple(
        Change(f"Service/{s.service}", "spec.selector", words(s.old), words(s.new))
        for s in at.switches
        if s.old is not None
    )
    shown = tuple(c for c in difference if c.object not in {s.object for s in switched} or c.path) if difference else ()
    notes = [f"Blue-green: {at.colour} is rolled out beside {at.before or 'nothing'}, probed, then gets all traffic."]
    if at.before:
        notes.append(f"The old pods stay {keep:g} minutes; `veza-tui switch-back {plan.target.environment}` returns.")
    if at.images:
        notes.append(_overwritten(plan.target.environment, at, history))
    if difference == ():
        notes.append("The manifests say what runs already: the pods move to a colour of their own.")
    return dataclasses.replace(
        plan,
        steps=tuple(steps),
        changes=(*(shown if at.live else plan.changes), *switched),
        notes=(*notes, *plan.notes),
        options={**plan.options, "colour": at.colour, "keep_minutes": keep},
    )


def _overwritten(environment: str, at: Beside, history: Sequence[Release]) -> str:
    """The way back that is lost as soon as this begins, and how one gets there all the same."""
    same = next((r for r in history if r.good and all(r.images.get(n) == i for n, i in at.images.items())), None)
    still = (
        f"`veza-tui rollback {environment} --to {same.number}` still leads to it (release {same.number})"
        if same is not None
        else "no release has it: it cannot be brought back"
    )
    return (
        f"It overwrites {at.colour}, which is kept from before the last switch: `switch-back` to it is over; {still}."
    )


def _switch_steps(at: Beside, keep: float, steps: Sequence[Step], *, undo: bool) -> list[Step]:
    services = [s.service for s in at.switches]
    source: Mapping[str, Any] = next((s.args for s in steps if s.id == "apply"), {})
    back = "bluegreen.switch_back" if undo and at.before else ""
    where = {"colour": at.colour, "services": services}
    made = [
        Step("probe", f"Probe {at.colour} through its own Services", "bluegreen.probe", where, mutates=False),
        Step("switch", f"Switch every Service to {at.colour} at once", "bluegreen.switch", {**source, **where},
             changes=tuple(f"Service/{s} selects {at.colour}" for s in services), cancellable=False, undo=back),
        Step("verify", "Prove it through the live Services", "bluegreen.verify", where, mutates=False),
        Step("settle", "Apply what is not of one colour", "bluegreen.settle", {**source, **where},
             changes=("the live Services' other fields, shared ConfigMaps and Secrets",)),
    ]  # fmt: skip
    if at.before:
        made.append(Step("keep", f"Keep the old pods for {keep:g} minutes", "bluegreen.keep",
                         {"colour": at.colour, "before": at.before, "minutes": keep}))  # fmt: skip
    return made


@action("bluegreen.probe")
async def probe(context: Context, step: Step) -> Result:
    """Several healthy answers in a row from every preview Service."""
    return await _probe(context, [(s, preview_name(s)) for s in step.args["services"]])


@action("bluegreen.verify")
async def verify(context: Context, step: Step) -> Result:
    """The same through the live Services."""
    return await _probe(context, [(s, s) for s in step.args["services"]])


async def _probe(context: Context, pairs: Sequence[tuple[str, str]]) -> Result:
    namespace = context.environment.kubernetes.namespace
    by_name = {s.name: s for s in context.environment.services}
    # The operation's own end comes later, so that what is told is what the service answered.
    deadline = context.clock.monotonic() + min(_PROBE_SECONDS, context.left() * 0.75)
    slowest: dict[str, float] = {}
    for number, (service, through) in enumerate(pairs):
        known = by_name.get(service)
        if known is None:
            continue
        good, said = 0, ""
        while good < PROBES:
            try:
                answer = await context.cluster.proxy_get(namespace, through, known.port, known.health_path)
                good = good + 1 if 200 <= answer.status < 300 else 0
                said = f"{answer.status}" if good else f"{answer.status} {_body(answer.body)}".rstrip()
                slowest[service] = round(max(slowest.get(service, 0.0), answer.seconds), 4)
            except VezaError as error:
                good, said = 0, error.message
            context.report.progress((number + good / PROBES) / len(pairs), f"{through}: {said}")
            if good < PROBES:
                if context.clock.monotonic() > deadline:
                    raise TimedOutError(f"{through} does not become healthy: {known.health_path} answers {said}")
                await context.clock.sleep(0.02 if good else 0.5)
    return {"slowest_seconds": slowest}


def _body(body: bytes) -> str:
    return printable(" ".join(body[:400].decode(errors="replace").split()), limit=160)


@action("bluegreen.switch")
async def switch(context: Context, step: Step) -> Result:
    """One patch a Service; what they selected before is noted on them for the way back.

    The live colour may have grown while the new one was rolled out: then that is made up for first.
    """
    colour = str(step.args["colour"])
    objects = await objects_for(context, step.args)
    live = await live_services(context.cluster, objects)
    changed = [s for s in switches(objects, colour, live) if dict(s.old or {}) != dict(s.new)]
    if changed:
        grown = await size_like_live(context, colour)
        if grown:
            await roll_out(context, grown)
    began = context.clock.monotonic()
    await patch_all(context, {s.service: switch_patch(s) for s in changed})
    return {"services": [s.service for s in changed], "seconds": round(context.clock.monotonic() - began, 3)}


@action("bluegreen.settle")
async def settle(context: Context, step: Step) -> Result:
    """What could not be applied beside the live colour without touching it."""
    objects = await objects_for(context, step.args)
    live = await live_services(context.cluster, objects)
    plain = any(_left_plain(s) for s in live.values() if s)
    applied = []
    for obj in afterwards(objects, live, shared=not plain):
        await context.cluster.apply(obj, force=True)
        applied.append(f"{obj['kind']}/{obj['metadata']['name']}")
    return {"applied": applied}


def _left_plain(service: JSONObject) -> bool:
    """Whether the way back leads to plain pods, which read the shared ConfigMaps and Secrets when they start."""
    before = previous_selector(service)
    return before is not None and COLOUR not in before
