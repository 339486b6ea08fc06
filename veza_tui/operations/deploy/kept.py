"""The colour that is not live: sized before a switch, kept after it, emptied when its time is over."""

from __future__ import annotations

import asyncio
import contextlib
import math
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from veza_tui.model.colours import coloured_name
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Need, Plan, Step
from veza_tui.operations.context import Cancelled, Context, PlanContext, Planner, Result, action
from veza_tui.operations.deploy.colours import RETIRE, JSONObject
from veza_tui.operations.deploy.live import colour_of, get_or_none, live_deployments, replicas_of, variants
from veza_tui.operations.ids import is_id
from veza_tui.ports.cluster import DEPLOYMENTS, Conflict, NotFound

_LOOK_SECONDS = 1.0
_SURE_SECONDS = 2.0
_TRIES = 5
_NULL = subprocess.DEVNULL


async def size_like_live(context: Context, colour: str) -> list[str]:
    """Give the new colour at least as many pods as the live one has: it must carry the same load at once.

    By the scale subresource, because the manifests leave replicas to the autoscaler. Returns the deployments that grew.
    """
    namespace = context.environment.kubernetes.namespace
    live = await live_deployments(context.cluster, context.environment)
    grown = []
    for service in context.environment.services:
        name = coloured_name(service.deployment, colour)
        mine = await get_or_none(context.cluster, DEPLOYMENTS, name, namespace)
        if mine is None:
            continue  # the manifests have no such Deployment
        wanted = service.replicas
        if live[service.name] != name:
            now = await get_or_none(context.cluster, DEPLOYMENTS, live[service.name], namespace)
            wanted = max(wanted, replicas_of(now)) if now else wanted
        if _note(mine) is not None:
            patch: JSONObject = {"metadata": {"annotations": {RETIRE: None}}}
            await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge")
        if replicas_of(mine) < wanted:
            patch = {"spec": {"replicas": wanted}}
            await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge", subresource="scale")
            grown.append(name)
    return grown


@action("bluegreen.keep")
async def keep(context: Context, step: Step) -> Result:
    """Note on the old pods' Deployments until when they stay, and see to it that they go then.

    A third colour (kept from a deploy before) is emptied now: one way back is kept, not two.
    """
    namespace, minutes = context.environment.kubernetes.namespace, float(step.args["minutes"])
    until = context.clock.now() + 60 * minutes
    live = await live_deployments(context.cluster, context.environment)
    before = str(step.args.get("before") or "")
    kept, emptied = [], []
    for service in context.environment.services:
        for name, found in (await variants(context.cluster, namespace, service.deployment)).items():
            mine = name == live[service.name]
            third = bool(before) and not mine and colour_of(found) != before
            if not mine and (third or minutes <= 0):
                if replicas_of(found):
                    await _scale(context, name, 0)
                    emptied.append(name)
                continue
            note = None if mine else rfc3339(until)
            if _note(found) != note:
                patch = {"metadata": {"annotations": {RETIRE: note}}}
                await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge")
            if not mine and replicas_of(found):
                kept.append(name)
    if kept and not context.notes(step.id):
        context.report.note("kept", retire=await _schedule(context, wait=not step.args.get("quick")))
    return {"kept": kept, "emptied": emptied, "until": rfc3339(until) if kept else ""}


async def _schedule(context: Context, *, wait: bool) -> str:
    """Start `veza-tui retire ENV --when-due`, an operation of its own that waits; its id, or why there is none."""
    name = context.environment.name
    if context.environment.policy.approvers:
        context.report.output(f"approvers decide: empty the old pods with veza-tui retire {name}")
        return ""
    commands = context.service("commands")
    lines: list[str] = []
    argv = [*commands.veza(), "-C", str(context.directory), "retire", name, "--when-due", "--confirm", name,
            "--detach", "--reason", f"after {context.operation_id}"]  # fmt: skip
    if not wait:
        # A switch back is not kept waiting for it, neither for its end nor for the processor.
        nice = shutil.which("nice")
        await asyncio.create_subprocess_exec(
            *([nice, "-n", "10"] if nice else []),
            *argv,
            stdin=_NULL,
            stdout=_NULL,
            stderr=_NULL,
            cwd=context.directory,
            start_new_session=True,
        )
        return ""
    code = await commands.run(argv, directory=Path(context.directory), on_line=lines.append)
    started = next((line for line in lines if is_id(line)), "")
    if code or not started:
        context.report.output(f"nobody will empty the old pods by himself: veza-tui retire {name} does")
    return started


def _note(deployment: JSONObject) -> str | None:
    """Until when its pods are kept, as it was noted; None where nothing is."""
    noted: str | None = (deployment["metadata"].get("annotations") or {}).get(RETIRE)
    return noted


def rfc3339(at: float) -> str:
    """``2026-11-23T13:00:00Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@action("bluegreen.empty")
async def empty(context: Context, step: Step) -> Result:
    """Scale the colour that never went live to zero; its autoscalers rest at zero replicas by themselves."""
    return await _empty(context, str(step.args["colour"]))


@action("bluegreen.retire")
async def retire(context: Context, step: Step) -> Result:
    """Scale a kept colour to zero."""
    return await _empty(context, str(step.args["colour"]))


async def _empty(context: Context, colour: str) -> Result:
    """To zero, unless traffic goes there: whatever a plan says, live pods are not taken away."""
    live = set((await live_deployments(context.cluster, context.environment)).values())
    emptied = []
    for service in context.environment.services:
        name = service.deployment if colour == "plain" else coloured_name(service.deployment, colour)
        if name in live:
            context.report.output(f"{name} is live: it stays")
            continue
        try:
            await _scale(context, name, 0)
            emptied.append(name)
        except NotFound:
            continue
    return {"emptied": emptied}


async def _scale(context: Context, name: str, replicas: int) -> None:
    namespace = context.environment.kubernetes.namespace
    patch = {"spec": {"replicas": replicas}}
    await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge", subresource="scale")


def retire_planner(*, when_due: bool = False) -> Planner:
    """The plan of `veza-tui retire ENV`: every colour that is not live goes to zero pods, now or when its time is over.

    Raises (the planner): ConfigError, nothing is kept.
    """

    async def planner(context: PlanContext) -> Plan:
        environment = context.environment
        namespace = environment.kubernetes.namespace
        live = await live_deployments(context.cluster, environment)
        colours: dict[str, list[str]] = {}
        due: dict[str, str] = {}
        for service in environment.services:
            for name, found in (await variants(context.cluster, namespace, service.deployment)).items():
                if name != live[service.name] and replicas_of(found):
                    colours.setdefault(colour_of(found), []).append(name)
                    due[name] = str(_note(found) or "")
        if not colours:
            raise ConfigError(f"{environment.name} keeps no old pods: there is nothing to retire")
        return _due_plan(context, due) if when_due else _now_plan(context, colours)

    return planner


def _now_plan(context: PlanContext, colours: dict[str, list[str]]) -> Plan:
    steps = tuple(
        Step(f"retire-{colour}", f"Scale the {colour} deployments to zero", "bluegreen.retire", {"colour": colour},
             changes=tuple(f"Deployment/{n} to 0" for n in names))
        for colour, names in sorted(colours.items())
    )  # fmt: skip
    return Plan(
        kind="retire",
        target=context.target,
        title=f"Retire the old pods of {context.environment.name}",
        steps=steps,
        needs=_needs(context.environment.kubernetes.namespace),
        notes=("After this `switch-back` is no longer possible; `rollback` is.",),
    )


def _due_plan(context: PlanContext, due: dict[str, str]) -> Plan:
    """Holds no lock while it waits; each deployment is emptied only if its note still says so then."""
    at = max(due.values(), default="")
    names = sorted(due)
    return Plan(
        kind="retire",
        target=context.target,
        title=f"Retire the old pods of {context.environment.name} when their time is over",
        steps=(
            Step("wait", f"Wait until {at or 'now'}", "bluegreen.wait_due", mutates=False),
            Step("retire", "Scale what is kept to zero", "bluegreen.retire_due",
                 changes=tuple(f"Deployment/{n} to 0" for n in names)),
        ),
        needs=_needs(context.environment.kubernetes.namespace),
        options={"lock": False},
        timeout=0,
    )  # fmt: skip


def _needs(namespace: str) -> tuple[Need, ...]:
    return (
        Need("get", "services", namespace=namespace),
        Need("get", "deployments", "apps", namespace=namespace),
        Need("patch", "deployments", "apps", namespace=namespace),
        Need("patch", "deployments", "apps", "scale", namespace),
    )


@action("bluegreen.wait_due", stops=True)
async def wait_due(context: Context, step: Step) -> Result:
    """Until the notes' time is over, or until nothing is kept any more (switched back, deployed over, retired)."""
    seen_none = False
    while True:
        waiting = await _waiting(context)
        if not waiting:
            # A deploy that has just switched notes the time in a moment, and counts on a waiter that it finds.
            if seen_none:
                return {"nothing": True}
            seen_none = True
            await _nap(context, _SURE_SECONDS)
            continue
        seen_none = False
        at = max(waiting.values())
        left = at - context.clock.now()
        context.report.progress(None, f"until {rfc3339(at)}")
        if left <= 0:
            return {"due": rfc3339(at)}
        # The notes may change meanwhile; a look every 15 s costs nothing, a cancel is heard within a second.
        await _nap(context, min(left, 15.0))


async def _nap(context: Context, seconds: float) -> None:
    end = context.clock.monotonic() + seconds
    while context.clock.monotonic() < end:
        if context.cancelled():
            raise Cancelled("while waiting")
        await context.clock.sleep(min(_LOOK_SECONDS, max(end - context.clock.monotonic(), 0.01)))


@action("bluegreen.retire_due")
async def retire_due(context: Context, step: Step) -> Result:
    """Those whose time is over, each fenced by its resourceVersion: a deploy that just took one over wins."""
    namespace = context.environment.kubernetes.namespace
    emptied = []
    for name in await _waiting(context):
        for _ in range(_TRIES):  # an autoscaler may have changed it between the look and the patch
            if (await _waiting(context)).get(name, math.inf) > context.clock.now():
                break
            found = await get_or_none(context.cluster, DEPLOYMENTS, name, namespace)
            if found is None or _note(found) is None:
                break
            patch = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "spec": {"replicas": 0}}
            with contextlib.suppress(Conflict):
                await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge")
                emptied.append(name)
                break
    return {"emptied": emptied} if emptied else {"skipped": "nothing was kept any more"}


async def _waiting(context: Context) -> dict[str, float]:
    """Deployment -> until when it is kept (unix seconds): not live, not empty, with a time that can be read."""
    namespace = context.environment.kubernetes.namespace
    live = set((await live_deployments(context.cluster, context.environment)).values())
    found = {}
    for service in context.environment.services:
        for name, obj in (await variants(context.cluster, namespace, service.deployment)).items():
            note = _note(obj)
            if note and name not in live and replicas_of(obj):
                with contextlib.suppress(ValueError):
                    found[name] = datetime.fromisoformat(str(note)).timestamp()
    return found
