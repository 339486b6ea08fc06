"""Blue-green: the new colour beside the old, probed through its own Service, then every selector switched at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, TimedOutError, VezaError
from veza_tui.model.plan import Change, Need, Plan, Step
from veza_tui.operations.context import Context, PlanContext, Result, action
from veza_tui.operations.deploy import server
from veza_tui.operations.deploy.colours import (
    COLOUR,
    COLOURS,
    RETIRE,
    Switch,
    coloured_name,
    live_colour,
    other_colour,
    preview_name,
    previous_selector,
    selected,
    switch_patch,
    switches,
)
from veza_tui.operations.deploy.colours import coloured as coloured_objects
from veza_tui.operations.deploy.objects import JSONObject, name_of
from veza_tui.operations.fingerprint import object_digest, object_key
from veza_tui.ports.cluster import DEPLOYMENTS, SERVICES, Cluster, NotFound

KEEP_MINUTES = 60.0
"""How long the old colour is kept running after a switch, unless --keep says otherwise."""
PROBES = 5
"""Healthy answers in a row, per service, that the new colour must give."""
_PROBE_SECONDS = 60.0


async def live_services(cluster: Cluster, objects: Sequence[JSONObject]) -> dict[str, JSONObject | None]:
    """The Services in front of our Deployments as they are now, by name."""
    deployments = [o for o in objects if o.get("kind") == "Deployment"]
    return {
        name_of(o): await server.current(cluster, o)
        for o in objects
        if o.get("kind") == "Service" and selected(o, deployments)
    }


async def for_new_colour(cluster: Cluster, objects: Sequence[JSONObject]) -> tuple[list[JSONObject], str, list[Switch]]:
    """The objects of the colour that is not live, that colour, and what the switch will do."""
    live = await live_services(cluster, objects)
    colour = other_colour(live_colour(list(live.values())))
    return coloured_objects(objects, colour, live), colour, switches(objects, colour, live)


def blue_green_steps(plan: Plan, objects: Sequence[JSONObject], colour: str, changed: Sequence[Switch]) -> Plan:
    """A deploy's plan made blue-green: after the rollout come probe, switch and the note when the old may go."""
    keep = float(plan.options.get("keep_minutes", KEEP_MINUTES))
    steps = []
    for step in plan.steps:
        if step.id in ("check", "apply"):
            step = dataclasses.replace(step, args={**step.args, "colour": colour})
        if step.id == "apply":
            # Nothing live has changed before the switch: taking the apply back means emptying the new colour.
            step = dataclasses.replace(step, undo="bluegreen.empty" if step.undo else "")
        if step.id == "rollout":
            names = [coloured_name(n, colour) for n in plan.options["deployments"]]
            step = dataclasses.replace(
                step, title=f"Wait for the {colour} deployments", args={**step.args, "deployments": names}
            )
        if step.id == "record":
            steps += _switch_steps(colour, changed, keep, undo=plan.rollback_on_failure)
        steps.append(step)
    changes = tuple(
        Change(f"Service/{s.service}", "spec.selector", _words(s.old), _words(s.new))
        for s in changed
        if s.old is not None
    )
    notes = (
        f"Blue-green: {colour} is rolled out beside what is live, probed, and then gets all traffic at once.",
        f"The old pods stay for {keep:.0f} minutes; `veza-tui switch-back {plan.target.environment}` returns to them.",
    )
    return dataclasses.replace(
        plan,
        steps=tuple(steps),
        changes=(*plan.changes, *changes),
        notes=(*notes, *plan.notes),
        options={**plan.options, "colour": colour},
    )


def _switch_steps(colour: str, changed: Sequence[Switch], keep: float, *, undo: bool) -> list[Step]:
    services = [s.service for s in changed]
    return [
        Step("probe", f"Probe {colour} through its own Services", "bluegreen.probe", {"services": services},
             mutates=False),
        Step("switch", f"Switch every Service to {colour} at once", "bluegreen.switch", {"colour": colour},
             changes=tuple(f"Service/{s.service} selects {colour}" for s in changed), cancellable=False,
             undo="bluegreen.switch_back" if undo else ""),
        Step("verify", "Prove it through the live Services", "bluegreen.verify", {"services": services},
             mutates=False),
        Step("keep", f"Keep the old pods for {keep:.0f} minutes", "bluegreen.keep",
             {"colour": colour, "minutes": keep}),
    ]  # fmt: skip


def _words(selector: Mapping[str, str] | None) -> str:
    return ", ".join(f"{k.rpartition('/')[2]}={v}" for k, v in sorted((selector or {}).items()))


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
    deadline = context.clock.monotonic() + _PROBE_SECONDS
    slowest: dict[str, float] = {}
    for number, (service, through) in enumerate(pairs):
        known = by_name.get(service)
        if known is None:
            continue
        good, said = 0, ""
        while good < PROBES:
            try:
                answer = await context.cluster.proxy_get(namespace, through, known.port, known.health_path)
                said = f"{answer.status}"
                good = good + 1 if 200 <= answer.status < 300 else 0
                slowest[service] = max(slowest.get(service, 0.0), answer.seconds)
            except VezaError as error:
                good, said = 0, error.message
            context.report.progress((number + good / PROBES) / len(pairs), f"{through}: {said}")
            if good < PROBES:
                if context.clock.monotonic() > deadline:
                    raise TimedOutError(f"{through} does not become healthy: {said}")
                await context.clock.sleep(0.05 if good else 0.5)
    return {"slowest_seconds": slowest}


@action("bluegreen.switch")
async def switch(context: Context, step: Step) -> Result:
    """One patch a Service; what they selected before is noted on them for the way back."""
    from veza_tui.operations.deploy.steps import objects_for

    args = {k: v for k, v in context.plan.options.items() if k in ("release", "images")}
    objects = await objects_for(context, args)
    live = await live_services(context.cluster, objects)
    changed = [s for s in switches(objects, str(step.args["colour"]), live) if dict(s.old or {}) != dict(s.new)]
    await _patch_all(context, [(s.service, switch_patch(s)) for s in changed])
    return {"services": [s.service for s in changed]}


@action("bluegreen.switch_back")
async def switch_back(context: Context, step: Step) -> Result:
    """Return every Service to the selector that it had before the last switch."""
    namespace = context.environment.kubernetes.namespace
    patches = []
    for service in context.environment.services:
        live = await context.cluster.get(SERVICES, service.name, namespace)
        before = previous_selector(live)
        if before is not None:
            now = dict(live["spec"].get("selector") or {})
            patches.append((service.name, switch_patch(Switch(service.name, now, before))))
    await _patch_all(context, patches)
    return {"services": [name for name, _ in patches]}


async def _patch_all(context: Context, patches: Sequence[tuple[str, JSONObject]]) -> None:
    import asyncio

    namespace = context.environment.kubernetes.namespace
    # Together, so that no service runs against another colour for longer than one round trip.
    await asyncio.gather(
        *(context.cluster.patch(SERVICES, name, patch, namespace, kind="merge") for name, patch in patches)
    )


@action("bluegreen.keep")
async def keep(context: Context, step: Step) -> Result:
    """Note on the old pods' Deployments when they may be retired; the new ones lose such a note."""
    namespace = context.environment.kubernetes.namespace
    until = datetime.fromtimestamp(context.clock.now() + 60 * float(step.args["minutes"]), UTC)
    text = until.isoformat(timespec="seconds").replace("+00:00", "Z")
    kept = []
    for service in context.environment.services:
        for name, live in (await _variants(context.cluster, namespace, service.deployment)).items():
            mine = (live["metadata"].get("labels") or {}).get(COLOUR, "plain") == step.args["colour"]
            value = None if mine else text
            patch = {"metadata": {"annotations": {RETIRE: value}}}
            await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge")
            if not mine:
                kept.append(name)
    return {"kept": kept, "until": text}


@action("bluegreen.empty")
async def empty(context: Context, step: Step) -> Result:
    """Scale the colour that never went live to zero; its autoscalers rest at zero replicas by themselves."""
    return await _scale_to_zero(context, str(step.args["colour"]))


@action("bluegreen.retire")
async def retire(context: Context, step: Step) -> Result:
    """Scale the kept colour to zero."""
    return await _scale_to_zero(context, str(step.args["colour"]))


async def _scale_to_zero(context: Context, colour: str) -> Result:
    namespace = context.environment.kubernetes.namespace
    emptied = []
    for service in context.environment.services:
        name = service.deployment if colour == "plain" else coloured_name(service.deployment, colour)
        try:
            patch = {"spec": {"replicas": 0}}
            await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge", subresource="scale")
            emptied.append(name)
        except NotFound:
            continue
    return {"emptied": emptied}


async def size_like_live(context: Context, colour: str) -> None:
    """Give the new colour as many pods as the live one has: it must carry the same load from its first second.

    By the scale subresource, because the manifests leave replicas to the autoscaler.
    """
    namespace = context.environment.kubernetes.namespace
    live = await live_deployments(context.cluster, context.environment)
    for service in context.environment.services:
        wanted = service.replicas
        if live[service.name] != coloured_name(service.deployment, colour):
            try:
                now = await context.cluster.get(DEPLOYMENTS, live[service.name], namespace)
                wanted = max(wanted, int(now["spec"].get("replicas", 1)))
            except NotFound:
                pass
        name = coloured_name(service.deployment, colour)
        patch = {"spec": {"replicas": wanted}}
        await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge", subresource="scale")


async def retire_plan(context: PlanContext) -> Plan:
    """The plan of `veza-tui retire ENV`: every colour that is not live goes to zero pods.

    Raises:
        ConfigError: nothing is kept.
    """
    environment = context.environment
    namespace = environment.kubernetes.namespace
    live = await live_deployments(context.cluster, environment)
    colours: dict[str, list[str]] = {}
    for service in environment.services:
        for name, found in (await _variants(context.cluster, namespace, service.deployment)).items():
            if name != live[service.name] and int(found["spec"].get("replicas", 1)):
                colour = (found["metadata"].get("labels") or {}).get(COLOUR, "plain")
                colours.setdefault(colour, []).append(name)
    if not colours:
        raise ConfigError(f"{environment.name} keeps no old pods: there is nothing to retire")
    steps = tuple(
        Step(f"retire-{colour}", f"Scale the {colour} deployments to zero", "bluegreen.retire", {"colour": colour},
             changes=tuple(f"Deployment/{n} to 0" for n in names))
        for colour, names in sorted(colours.items())
    )  # fmt: skip
    return Plan(
        kind="retire",
        target=context.target,
        title=f"Retire the old pods of {environment.name}",
        steps=steps,
        needs=(Need("patch", "deployments", "apps", "scale", namespace),),
        notes=("After this `switch-back` is no longer possible; `rollback` is.",),
    )


async def _variants(cluster: Cluster, namespace: str, deployment: str) -> dict[str, JSONObject]:
    found = {}
    for name in (deployment, *(coloured_name(deployment, c) for c in COLOURS)):
        try:
            found[name] = await cluster.get(DEPLOYMENTS, name, namespace)
        except NotFound:
            continue
    return found


async def live_deployments(cluster: Cluster, environment: Environment) -> dict[str, str]:
    """Service name -> the Deployment that its traffic goes to now (coloured where blue-green is in use)."""
    namespace = environment.kubernetes.namespace
    found = {}
    for service in environment.services:
        try:
            live = await cluster.get(SERVICES, service.name, namespace)
        except NotFound:
            found[service.name] = service.deployment
            continue
        colour = (live["spec"].get("selector") or {}).get(COLOUR, "")
        found[service.name] = coloured_name(service.deployment, colour) if colour in COLOURS else service.deployment
    return found


async def switch_back_plan(context: PlanContext) -> Plan:
    """The plan of `veza-tui switch-back ENV`.

    Raises:
        ConfigError: there is nothing to switch back to, or its pods are gone.
    """
    environment = context.environment
    namespace = environment.kubernetes.namespace
    changes, fingerprint = [], {}
    for service in environment.services:
        try:
            live = await context.cluster.get(SERVICES, service.name, namespace)
        except NotFound:
            continue
        before = previous_selector(live)
        now = dict(live["spec"].get("selector") or {})
        if before is None or before == now:
            continue
        colour = before.get(COLOUR, "")
        name = coloured_name(service.deployment, colour) if colour else service.deployment
        await _require_ready(context, name)
        changes.append(Change(f"Service/{service.name}", "spec.selector", _words(now), _words(before)))
        fingerprint[object_key(SERVICES, service.name)] = object_digest(live)
    if not changes:
        raise ConfigError(f"{environment.name} was never switched: there is nothing to go back to")
    return Plan(
        kind="switch-back",
        target=context.target,
        title=f"Switch {environment.name} back to the pods from before the last switch",
        steps=(Step("switch", "Switch every Service back at once", "bluegreen.switch_back", cancellable=False,
                    changes=tuple(f"{c.object}: {c.new}" for c in changes)),),
        changes=tuple(changes),
        needs=tuple(Need(v, "services", namespace=namespace) for v in ("get", "patch")),
        fingerprint=fingerprint,
    )  # fmt: skip


async def _require_ready(context: PlanContext, name: str) -> None:
    try:
        live = await context.cluster.get(DEPLOYMENTS, name, context.environment.kubernetes.namespace)
    except NotFound:
        live = {}
    if not int((live.get("status") or {}).get("availableReplicas") or 0):
        raise ConfigError(
            f"{name} has no ready pods any more: its time to be kept is over",
            hint=f"`veza-tui rollback {context.environment.name}`",
        )
