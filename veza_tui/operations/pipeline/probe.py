"""Asking the services over and over: health, latency and error rate; and the monitoring's own answers."""

from __future__ import annotations

import asyncio
import json
import statistics
from typing import Any

from veza_tui.model.environment import Service
from veza_tui.model.errors import VezaError
from veza_tui.model.plan import Step
from veza_tui.operations.context import Context, Result, action
from veza_tui.ports.cluster import NotFound
from veza_tui.workspace.pipeline import Performance

AT_ONCE = 6
MEASURES = 3
"""How often what got worse is measured before it is believed: new pods warm up, a neighbour's burst passes."""
SCRAPED = 45.0
"""Seconds in which a target that is not up yet may come up."""
_DEFAULT = Performance()
MONITORING = "monitoring"
"""Namespace of Prometheus and Grafana (source: the guide's commands)."""


async def measure(context: Context) -> dict[str, dict[str, float]]:
    """Per service: median and 95th percentile latency in seconds, and the part of failed requests."""
    found = {}
    requests = allowed(context).requests
    for service in context.environment.services:
        gate = asyncio.Semaphore(AT_ONCE)
        answers = await asyncio.gather(*(_ask(context, service, gate) for _ in range(requests)))
        ordered = sorted(a[0] for a in answers if a is not None) or [0.0]
        failed = sum(1 for a in answers if a is None or a[1] >= 500)
        context.report.progress(None, f"{service.name}: {requests - failed} of {requests} answered well")
        found[service.name] = {
            "median": statistics.median(ordered),
            "p95": ordered[max(int(len(ordered) * 0.95) - 1, 0)],
            "errors": failed / requests,
        }
    return found


def allowed(context: Context) -> Performance:
    """What the pipeline file allows, as it was when the plan was made."""
    return Performance(**(context.plan.options.get("performance") or {}))


async def _ask(context: Context, service: Service, gate: asyncio.Semaphore) -> tuple[float, int] | None:
    async with gate:
        namespace = context.environment.kubernetes.namespace
        try:
            answer = await context.cluster.proxy_get(namespace, service.name, service.port, service.health_path)
        except VezaError:
            return None
        return answer.seconds, answer.status


async def baseline(context: Context) -> dict[str, dict[str, float]]:
    """The measure before anything is deployed; services that do not run yet are left out."""
    return {name: m for name, m in (await measure(context)).items() if m["errors"] < 1.0}


def compare(
    before: dict[str, dict[str, float]], after: dict[str, dict[str, float]], may: Performance = _DEFAULT
) -> list[str]:
    """What got worse, one line each. Pure."""
    worse = []
    for name, now in after.items():
        then = before.get(name)
        errors = (then["errors"] if then else 0.0) + may.errors_percent / 100
        if now["errors"] > errors:
            worse.append(f"{name}: {now['errors']:.0%} of the requests fail, {errors:.0%} allowed")
        if then is None:
            continue
        for key, word in (("median", "median"), ("p95", "95th percentile")):
            most = max(then[key] * may.slower_percent / 100, may.floor_ms / 1000)
            if now[key] > most:
                was = f"was {then[key] * 1000:.0f} ms, {most * 1000:.0f} ms allowed"
                worse.append(f"{name}: {word} {now[key] * 1000:.0f} ms, {was}")
    return worse


@action("pipeline.performance_tests")
async def performance_tests(context: Context, step: Step) -> Result:
    """Measure again and compare with before the deploy."""
    notes = [note for s in context.plan.steps for note in context.notes(s.id)]
    told = dict(context.plan.options.get("baseline") or {})
    before: dict[str, dict[str, float]] = next((n["baseline"] for n in notes if "baseline" in n), told)

    def was(name: str) -> str:
        return f"was {_latencies(before[name])}" if name in before else "not measured before"

    for left in reversed(range(MEASURES)):
        after = await measure(context)
        for name, now in after.items():
            context.report.output(f"{name}: {_latencies(now)} (median / p95), {now['errors']:.0%} errors, {was(name)}")
        worse = compare(before, after, allowed(context))
        if not worse:
            return {"before": before, "after": after}
        if left:
            context.report.output(f"measured again, it was worse than before the deploy: {'; '.join(worse)}")
    raise VezaError(f"worse than before the deploy, {MEASURES} times measured: {'; '.join(worse)}")


def _latencies(measured: dict[str, float]) -> str:
    return f"{measured['median'] * 1000:.0f} / {measured['p95'] * 1000:.0f} ms"


@action("pipeline.health_checks")
async def health_checks(context: Context, step: Step) -> Result:
    """The same proof as after a restore: every service's own health through the cluster."""
    from veza_tui.operations.restore.services import prove_health

    return await prove_health(context, step) or {}


@action("pipeline.monitoring_verification")
async def monitoring_verification(context: Context, step: Step) -> Result:
    """Prometheus and Grafana answer, and Prometheus' targets are up."""
    monitoring = context.environment.monitoring
    if not monitoring.enabled:
        return {"skipped": "monitoring is disabled in the environment file"}
    ready = await _get(context, "prometheus", monitoring.prometheus_port, "/-/ready")
    if ready[0] != 200:
        raise VezaError(f"Prometheus is not ready: {ready[0]}")
    grafana = await _get(context, "grafana", monitoring.grafana_port, "/api/health")
    if grafana[0] != 200:
        raise VezaError(f"Grafana is not healthy: {grafana[0]}")
    deadline = context.clock.monotonic() + SCRAPED
    while True:
        status, body = await _get(context, "prometheus", monitoring.prometheus_port, "/api/v1/targets?state=active")
        if status != 200:
            raise VezaError(f"Prometheus does not list its targets: {status}")
        down, total = targets_down(body)
        # New pods are targets that were never scraped: they have as long as a usual scrape interval takes.
        if (total and not down) or context.clock.monotonic() >= deadline or context.cancelled():
            break
        context.report.progress(None, f"{total - len(down)} of {total} targets are up")
        await context.clock.sleep(2.0)
    context.report.output(f"Prometheus: {max(total - len(down), 0)} of {total} targets are up")
    if down:
        raise VezaError(f"targets that are down: {', '.join(down[:10])}")
    if not total:
        raise VezaError("Prometheus has no targets: it watches nothing")
    return {"targets": total}


def targets_down(body: bytes) -> tuple[list[str], int]:
    """Targets that are not up, and how many there are (source: Prometheus HTTP API, /api/v1/targets). Pure."""
    try:
        active: Any = json.loads(body)["data"]["activeTargets"]
        down = [
            str((t.get("labels") or {}).get("job") or t.get("scrapeUrl") or "?")
            for t in active
            if t.get("health") != "up"
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ["(Prometheus' answer cannot be read)"], 0
    return down, len(active)


async def _get(context: Context, service: str, port: int, path: str) -> tuple[int, bytes]:
    try:
        answer = await context.cluster.proxy_get(MONITORING, service, port, path)
    except NotFound:
        hint = "install it there, or set monitoring.enabled: false"
        raise VezaError(f"there is no Service {service} in the namespace {MONITORING}", hint=hint) from None
    return answer.status, answer.body
