"""Small operations on running deployments: restart, scale, pause, resume. Each is a plan like any other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Change, Need, Plan, Step
from veza_tui.operations.context import Context, PlanContext, Planner, Result, action
from veza_tui.operations.deploy.denied import all_missing
from veza_tui.operations.deploy.live import live_deployments
from veza_tui.operations.deploy.objects import refuse_paused
from veza_tui.operations.deploy.server import watch_needs
from veza_tui.operations.fingerprint import object_digest, object_key
from veza_tui.ports.cluster import AUTOSCALERS, DEPLOYMENTS, Denied, NotFound

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""kubectl's own annotation, so that both tools mean the same restart."""


def chosen_deployments(environment: Environment, services: Sequence[str]) -> list[str]:
    """Deployment names of the named services (by service, key or deployment name), all when none is named.

    Raises:
        ConfigError: there is no such service.
    """
    names = {n: s.deployment for s in environment.services for n in (s.name, s.key, s.deployment)}
    if not services:
        return [s.deployment for s in environment.services]
    for service in services:
        if service not in names:
            known = ", ".join(s.name for s in environment.services)
            raise ConfigError(f"{environment.name} has no service {service[:60]!r}", hint=f"there are: {known}")
    return list(dict.fromkeys(names[s] for s in services))


async def live_names(context: PlanContext, deployments: Sequence[str]) -> list[str]:
    """The Deployments, as the environment file names them, that traffic goes to now: blue, green or plain."""
    live = await live_deployments(context.cluster, context.environment)
    by_deployment = {s.deployment: live[s.name] for s in context.environment.services}
    return [by_deployment.get(name, name) for name in deployments]


def touch_planner(kind: str, services: Sequence[str], *, replicas: int | None = None) -> Planner:
    """A planner for ``restart``, ``scale``, ``pause`` or ``resume``."""

    async def planner(context: PlanContext) -> Plan:
        environment = context.environment
        namespace = environment.kubernetes.namespace
        # With blue-green the pods that matter are those of the live colour.
        chosen = chosen_deployments(environment, services)
        try:
            names = await live_names(context, chosen)
        except Denied as denied:
            raise await all_missing(context, touch_needs(kind, namespace), denied) from None
        live = {}
        for name in names:
            try:
                live[name] = await context.cluster.get(DEPLOYMENTS, name, namespace)
            except Denied as denied:
                raise await all_missing(context, touch_needs(kind, namespace), denied) from None
            except NotFound:
                raise ConfigError(f"deployment {name} does not exist in {namespace}", hint="deploy it first") from None
        if kind == "restart":
            refuse_paused(live.values(), environment.name)
        notes = []
        if kind == "scale":
            for name, scaler in (await _autoscalers(context, namespace)).items():
                if name in names:
                    notes.append(f"{scaler} scales {name} too and will change the number again.")
        return touch_plan(kind, environment, context, live, replicas=replicas, notes=notes)

    return planner


def touch_needs(kind: str, namespace: str) -> list[Need]:
    """The permissions to change deployments of ``namespace`` and to watch what comes of it."""
    needed = [Need("get", "services", namespace=namespace), Need("get", "deployments", "apps", namespace=namespace)]
    needed.append(Need("patch", "deployments", "apps", "scale" if kind == "scale" else "", namespace))
    return needed + watch_needs(namespace)


def touch_plan(
    kind: str,
    environment: Environment,
    context: PlanContext,
    live: dict[str, dict[str, Any]],
    *,
    replicas: int | None,
    notes: Sequence[str],
) -> Plan:
    """The plan; deployments that are already as wanted are left out."""
    changes = []
    for name, obj in live.items():
        old = _old(kind, obj)
        new = {"restart": "now", "scale": str(replicas), "pause": "true", "resume": "false"}[kind]
        if old != new:
            changes.append(Change(f"Deployment/{name}", _PATHS[kind], old, new))
    names = [c.object.partition("/")[2] for c in changes]
    said = names or list(live)
    what = ", ".join(said) if len(said) < len(environment.services) else "every service"
    title = {
        "restart": f"Restart {what} of {environment.name}",
        "scale": f"Scale {what} of {environment.name} to {replicas}",
        "pause": f"Pause rollouts of {what} of {environment.name}",
        "resume": f"Resume rollouts of {what} of {environment.name}",
    }[kind]
    steps: list[Step] = []
    if names:
        steps.append(
            Step("change", title, f"deploy.{kind}", {"deployments": names, "replicas": replicas},
                 changes=tuple(f"{c.object} {c.path}: {c.old} → {c.new}" for c in changes))
        )  # fmt: skip
        if kind in ("restart", "scale", "resume"):
            steps.append(Step("rollout", f"Wait for {', '.join(names)}", "deploy.rollout", {"deployments": names},
                              mutates=False))  # fmt: skip
    return Plan(
        kind=kind,
        target=context.target,
        title=title,
        steps=tuple(steps),
        changes=tuple(changes),
        needs=tuple(touch_needs(kind, environment.kubernetes.namespace)),
        notes=tuple(notes),
        options={"deployments": names, "replicas": replicas},
        fingerprint={object_key(DEPLOYMENTS, n): object_digest(live[n], without=("replicas",)) for n in names},
    )


_PATHS = {
    "restart": f'spec.template.metadata.annotations["{RESTARTED_AT}"]',
    "scale": "spec.replicas",
    "pause": "spec.paused",
    "resume": "spec.paused",
}


def _old(kind: str, obj: dict[str, Any]) -> str | None:
    spec = obj.get("spec") or {}
    if kind == "scale":
        return str(spec.get("replicas", 1))
    if kind in ("pause", "resume"):
        return "true" if spec.get("paused") else "false"
    return ((spec.get("template") or {}).get("metadata", {}).get("annotations") or {}).get(RESTARTED_AT)


async def _autoscalers(context: PlanContext, namespace: str) -> dict[str, str]:
    try:
        found = await context.cluster.list_all(AUTOSCALERS, namespace)
    except Denied:
        return {}
    return {h["spec"]["scaleTargetRef"]["name"]: f"HorizontalPodAutoscaler {h['metadata']['name']}" for h in found}


async def _patch(context: Context, step: Step, patch: dict[str, Any], subresource: str = "") -> Result:
    namespace = context.environment.kubernetes.namespace
    for name in step.args["deployments"]:
        await context.cluster.patch(DEPLOYMENTS, name, patch, namespace, kind="merge", subresource=subresource)
    return {"deployments": list(step.args["deployments"])}


@action("deploy.restart")
async def restart(context: Context, step: Step) -> Result:
    """As `kubectl rollout restart`: a new annotation on the pod template makes a new revision."""
    # One moment for the operation, also when the step runs again after a crash: no second restart.
    at = next((str(n["at"]) for n in context.notes(step.id) if "at" in n), "")
    if not at:
        at = datetime.fromtimestamp(context.clock.now(), UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        context.report.note("restart", at=at)
    annotations = {"annotations": {RESTARTED_AT: at}}
    return await _patch(context, step, {"spec": {"template": {"metadata": annotations}}})


@action("deploy.scale")
async def scale(context: Context, step: Step) -> Result:
    """By the scale subresource."""
    return await _patch(context, step, {"spec": {"replicas": int(step.args["replicas"])}}, "scale")


@action("deploy.pause")
async def pause(context: Context, step: Step) -> Result:
    """spec.paused: true."""
    return await _patch(context, step, {"spec": {"paused": True}})


@action("deploy.resume")
async def resume(context: Context, step: Step) -> Result:
    """spec.paused: false."""
    return await _patch(context, step, {"spec": {"paused": False}})
