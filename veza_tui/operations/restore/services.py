"""The services around the swap: scaled to zero when the plan drains, brought back, and asked for their health."""

from __future__ import annotations

import asyncio
import json

from veza_tui.model.environment import Service
from veza_tui.model.errors import TimedOutError, VezaError
from veza_tui.model.plan import Step
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.deploy.live import replicas_of, variants
from veza_tui.ports.cluster import DEPLOYMENTS, PODS, NotFound

_POLL = 0.25  # seconds
_GONE_WITHIN = 120.0
_HEALTHY_WITHIN = 120.0


@action("restore.drain")
async def drain(context: Context, step: Step) -> Result:
    """Scale every service to zero and wait until its pods are gone; what they had is checkpointed first."""
    namespace = context.environment.kubernetes.namespace
    before = _remembered(context, step.id)
    if before is None:
        before = {}
        for service in context.environment.services:
            # Blue-green: every colour that has pods holds connections, not only the live one.
            found = await variants(context.cluster, namespace, service.deployment)
            before.update({name: replicas_of(obj) for name, obj in found.items() if replicas_of(obj)})
        context.report.note("replicas before the drain", replicas=before)
    for deployment, replicas in before.items():
        if replicas:
            await _scale(context, deployment, 0)
    deadline = context.clock.monotonic() + _GONE_WITHIN
    while True:
        pods = [p for s in context.environment.services for p in await _pods(context, namespace, s)]
        context.report.progress(None, f"{len(pods)} pods left")
        if not pods:
            return {"replicas": before}
        if context.clock.monotonic() > deadline:
            raise TimedOutError(f"{len(pods)} pods in {namespace} did not stop in {_GONE_WITHIN:.0f} s")
        await context.clock.sleep(_POLL)


@action("restore.services")
async def services_back(context: Context, step: Step) -> Result:
    """Scale every service back to what it had before the drain, and wait until it is ready."""
    before = context.result("drain").get("replicas") or _remembered(context, "drain") or {}
    for deployment, replicas in before.items():
        if replicas:
            await _scale(context, deployment, int(replicas))
    namespace = context.environment.kubernetes.namespace
    deadline = context.clock.monotonic() + _HEALTHY_WITHIN
    while True:
        waiting = []
        for deployment, replicas in before.items():
            status = (await context.cluster.get(DEPLOYMENTS, deployment, namespace)).get("status") or {}
            ready = int(status.get("readyReplicas") or 0)
            if ready < int(replicas):
                waiting.append(f"{deployment} {ready}/{replicas}")
        context.report.progress(None, ", ".join(waiting) or "all ready")
        if not waiting:
            return {"replicas": before}
        if context.clock.monotonic() > deadline:
            error = TimedOutError(f"after {_HEALTHY_WITHIN:.0f} s not ready: {', '.join(waiting)}")
            error.keeps = step.id == "services"  # the data is in place; as an undo of the drain it is no success
            raise error
        await context.clock.sleep(_POLL)


@action("restore.health")
async def prove_health(context: Context, step: Step) -> Result:
    """Ask every service's health through the cluster until all are well; one that was never deployed is left out."""
    deadline = context.clock.monotonic() + _HEALTHY_WITHIN
    while True:
        answers = await asyncio.gather(*(_health(context, s) for s in context.environment.services))
        bad = [a for a in answers if a[1] not in ("ok", "not deployed")]
        context.report.progress(None, ", ".join(f"{name} {state}" for name, state in answers))
        if not bad:
            return {"services": dict(answers)}
        if context.clock.monotonic() > deadline:
            error = TimedOutError(
                f"after {_HEALTHY_WITHIN:.0f} s not healthy: {', '.join(f'{n} ({s})' for n, s in bad)}",
                hint="the data is restored and proven, and stays; look at these services, or undo-restore",
            )
            # Swapping proven data away again because of a service would be the worse end.
            error.keeps = True
            raise error
        await context.clock.sleep(1.0)


async def _health(context: Context, service: Service) -> tuple[str, str]:
    namespace = context.environment.kubernetes.namespace
    try:
        if not await _replicas(context, service):
            return service.name, "not deployed"
        answer = await context.cluster.proxy_get(namespace, service.name, service.port, service.health_path)
    except NotFound:
        return service.name, "not deployed"
    except VezaError as error:
        return service.name, error.message
    if 200 <= answer.status < 300:
        return service.name, "ok"
    return service.name, f"{answer.status} {_detail(answer.body)}".strip()


def _detail(body: bytes) -> str:
    try:
        data = json.loads(body)
    except ValueError:
        return ""
    checks = data.get("checks") if isinstance(data, dict) else None
    if isinstance(checks, dict):
        return ", ".join(str(k) for k, v in sorted(checks.items()) if str(v).lower() not in ("ok", "up", "true"))
    return ""


async def _replicas(context: Context, service: Service) -> int:
    namespace = context.environment.kubernetes.namespace
    found = await variants(context.cluster, namespace, service.deployment)
    return sum(replicas_of(obj) for obj in found.values())


async def _scale(context: Context, deployment: str, replicas: int) -> None:
    namespace = context.environment.kubernetes.namespace
    patch = {"spec": {"replicas": replicas}}
    await context.cluster.patch(DEPLOYMENTS, deployment, patch, namespace, kind="merge", subresource="scale")


async def _pods(context: Context, namespace: str, service: Service) -> list[str]:
    names: list[str] = []
    for found in (await variants(context.cluster, namespace, service.deployment)).values():
        labels = found["spec"]["selector"].get("matchLabels") or {}
        selector = ",".join(f"{k}={v}" for k, v in sorted(labels.items()))
        pods = await context.cluster.list_all(PODS, namespace, label_selector=selector)
        names += [str(p["metadata"]["name"]) for p in pods]
    return names


def _remembered(context: Context, step_id: str) -> dict[str, int] | None:
    """What an earlier, interrupted attempt wrote down: by then the deployments may stand at zero already."""
    for note in context.notes(step_id):
        if "replicas" in note:
            return {str(k): int(v) for k, v in note["replicas"].items()}
    return None
