"""`veza-tui switch-back ENV`: all traffic at once to the pods from before the last switch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from veza_tui.model.environment import Service
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Change, Need, Plan, Step
from veza_tui.operations.context import Context, PlanContext, Result, action
from veza_tui.operations.deploy.colours import COLOUR, JSONObject, Switch, previous_selector, switch_patch
from veza_tui.operations.deploy.live import get_or_none, ready_of, selected_by
from veza_tui.operations.fingerprint import object_digest, object_key
from veza_tui.ports.cluster import DEPLOYMENTS, SERVICES


def words(selector: Mapping[str, str] | None) -> str:
    """A selector as a person reads it."""
    return ", ".join(f"{k.rpartition('/')[2]}={v}" for k, v in sorted((selector or {}).items()))


async def patch_all(context: Context, patches: Mapping[str, JSONObject]) -> None:
    """Together, so that no service runs against another colour for longer than one round trip."""
    namespace = context.environment.kubernetes.namespace
    done = await asyncio.gather(
        *(context.cluster.patch(SERVICES, name, patch, namespace, kind="merge") for name, patch in patches.items()),
        return_exceptions=True,
    )
    # None is left behind half asked: the first error is raised when all have been answered.
    for answer in done:
        if isinstance(answer, BaseException):
            raise answer


@action("bluegreen.switch_back")
async def switch_back(context: Context, step: Step) -> Result:
    """The undo of a switch: Services that select its colour return to what they selected before.

    Those that the switch did not reach (or that were taken back already) are left alone.
    """
    namespace, colour = context.environment.kubernetes.namespace, step.args.get("colour")
    services = list(step.args.get("services") or [s.name for s in context.environment.services])
    found = await asyncio.gather(*(get_or_none(context.cluster, SERVICES, s, namespace) for s in services))
    patches: dict[str, JSONObject] = {}
    for name, live in zip(services, found, strict=True):
        before = previous_selector(live) if live else None
        if live is None or before is None:
            continue
        now = dict(live["spec"].get("selector") or {})
        if now.get(COLOUR) == colour and now != before:
            patches[name] = switch_patch(Switch(name, now, before))
    await patch_all(context, patches)
    return {"services": sorted(patches)}


@action("bluegreen.return")
async def return_to(context: Context, step: Step) -> Result:
    """The patches that were confirmed, as they stand in the plan: nothing is read first."""
    patches: dict[str, JSONObject] = dict(step.args["patches"])
    began = context.clock.monotonic()
    await patch_all(context, patches)
    return {"services": sorted(patches), "seconds": round(context.clock.monotonic() - began, 3)}


async def switch_back_plan(context: PlanContext) -> Plan:
    """The plan of `veza-tui switch-back ENV`.

    Raises:
        ConfigError: there is nothing to switch back to, or its pods are gone.
    """
    environment = context.environment
    found = await asyncio.gather(*(_way_back(context, s) for s in environment.services))
    ways = [way for way in found if way is not None]
    if not ways:
        raise ConfigError(f"{environment.name} was never switched: there is nothing to go back to")
    return _plan(context, ways)


def _plan(context: PlanContext, ways: list[tuple[Switch, str, str]]) -> Plan:
    environment = context.environment
    namespace = environment.kubernetes.namespace
    changes = tuple(Change(f"Service/{s.service}", "spec.selector", words(s.old), words(s.new)) for s, _, _ in ways)
    left = str((ways[0][0].old or {}).get(COLOUR, "plain"))
    keep = {"minutes": environment.policy.keep_old_minutes, "before": left, "quick": True}
    steps = (
        Step("switch", "Switch every Service back at once", "bluegreen.return",
             {"patches": {s.service: switch_patch(s) for s, _, _ in ways}}, cancellable=False,
             changes=tuple(f"{c.object}: {c.new}" for c in changes)),
        Step("keep", f"Keep the pods that it leaves for {environment.policy.keep_old_minutes} minutes",
             "bluegreen.keep", keep),
    )  # fmt: skip
    return Plan(
        kind="switch-back",
        target=context.target,
        title=f"Switch {environment.name} back to the pods from before the last switch",
        steps=steps,
        changes=changes,
        needs=(
            *(Need(v, "services", namespace=namespace) for v in ("get", "patch")),
            *(Need(v, "deployments", "apps", namespace=namespace) for v in ("get", "patch")),
        ),
        notes=tuple(short for _, _, short in ways if short),
        fingerprint={object_key(SERVICES, s.service): digest for s, digest, _ in ways},
    )


async def _way_back(context: PlanContext, service: Service) -> tuple[Switch, str, str] | None:
    """One Service's switch, the digest it rests on, and a warning when fewer pods are there than now."""
    namespace = context.environment.kubernetes.namespace
    live = await get_or_none(context.cluster, SERVICES, service.name, namespace)
    before = previous_selector(live) if live else None
    now = dict(((live or {}).get("spec") or {}).get("selector") or {})
    if live is None or before is None or before == now:
        return None
    old, new = (selected_by(selector, service) for selector in (now, before))
    have, had = await asyncio.gather(*(get_or_none(context.cluster, DEPLOYMENTS, n, namespace) for n in (new, old)))
    if not ready_of(have):
        raise ConfigError(
            f"{new} has no ready pods any more: its time to be kept is over",
            hint=f"`veza-tui rollback {context.environment.name}`",
        )
    short = ""
    if ready_of(have) < ready_of(had):
        short = f"{new} has {ready_of(have)} ready pods, {old} has {ready_of(had)} now."
    return Switch(service.name, now, before), object_digest(live), short
