"""Waiting for rollouts: a bar for each deployment, and a quick end when the new pods cannot become ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from veza_tui.feeds.events import project_event
from veza_tui.feeds.pods import project_pod
from veza_tui.feeds.rollouts import Deployment, project_deployment, project_replica_set
from veza_tui.model.plan import JSON
from veza_tui.model.workload import PodRow, RolloutRow
from veza_tui.operations.context import Cancelled, Context
from veza_tui.operations.deploy.verdict import Patience, RolloutTimedOut, failing, failure, first
from veza_tui.operations.deploy.watched import Watched
from veza_tui.ports.cluster import (
    DEPLOYMENTS,
    EVENTS,
    PODS,
    REPLICA_SETS,
    Denied,
    Lost,
    Removed,
    Resource,
    Synced,
    Upsert,
)


async def wait_rollouts(
    context: Context, namespace: str, names: Sequence[str], *, timeout: float, report: bool = True
) -> dict[str, RolloutRow]:
    """Watch until every named deployment is completely rolled out.

    Raises:
        RolloutFailed: one cannot succeed (crash loop, image, scheduling, probes, deadline); names pod and cause.
        RolloutTimedOut: ``timeout`` (seconds) is over; says where each stands and why.
        Cancelled: a cancel was asked.
    """
    watched = Watched()
    changed, patience = asyncio.Event(), Patience(began=context.clock.now())
    tasks = [asyncio.create_task(w) for w in _watches(context, namespace, watched, changed, patience)]
    deadline = context.clock.monotonic() + timeout
    told: set[str] = set()
    began = context.clock.now()
    try:
        while True:
            changed.clear()
            for task in tasks:
                if task.done():
                    task.result()
            rows = watched.rows()
            if report:
                _report(context, watched, rows, names, told, began)
            if all(name in rows and watched.complete(rows[name]) for name in names):
                return {name: rows[name] for name in names}
            failed = failure(watched, rows, names, patience, context.clock.monotonic())
            if failed is not None:
                raise failed
            if context.cancelled():
                raise Cancelled("while waiting for the rollouts")
            left = deadline - context.clock.monotonic()
            if left <= 0:
                raise _timed_out(rows, names, watched, timeout)
            with contextlib.suppress(TimeoutError):
                # Woken by events; the second covers timers (unschedulable pods, a cancel, the deadline).
                await asyncio.wait_for(changed.wait(), min(1.0, left))
            await asyncio.sleep(0.05)  # let a burst of events settle
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _watches(
    context: Context, namespace: str, watched: Watched, changed: asyncio.Event, patience: Patience
) -> list[Any]:
    def deployment(obj: dict[str, Any]) -> Deployment:
        patience.note(obj)
        return project_deployment(obj)

    kinds: list[tuple[Resource, Callable[[dict[str, Any]], Any], dict[str, Any], str]] = [
        (DEPLOYMENTS, deployment, watched.deployments, ""),
        (REPLICA_SETS, project_replica_set, watched.replica_sets, ""),
        (PODS, project_pod, watched.pods, ""),
        (EVENTS, project_event, watched.events, "type=Warning"),
    ]
    return [
        _watch(context, resource, namespace, project, store, selector, watched, changed)
        for resource, project, store, selector in kinds
    ]


async def _watch(
    context: Context,
    resource: Resource,
    namespace: str,
    project: Callable[[dict[str, Any]], Any],
    store: dict[str, Any],
    selector: str,
    watched: Watched,
    changed: asyncio.Event,
) -> None:
    async for event in context.cluster.watch(resource, namespace, project, field_selector=selector):
        match event:
            case Synced(items):
                store.clear()
                store.update(items)
            case Upsert(uid, item):
                store[uid] = item
            case Removed(uid):
                store.pop(uid, None)
            case Lost(error):
                watched.lost[resource.plural] = error.message
                if isinstance(error, Denied) and resource is not EVENTS:
                    raise error
                changed.set()
                continue
            case _:
                continue
        watched.lost.pop(resource.plural, None)
        changed.set()


def _report(
    context: Context,
    watched: Watched,
    rows: Mapping[str, RolloutRow],
    names: Sequence[str],
    told: set[str],
    began: float,
) -> None:
    bars: list[dict[str, JSON]] = []
    done = total = 0
    for name in names:
        row = rows.get(name)
        if row is None:
            continue
        fresh = watched.new_pods(name)
        bars.append(
            {"name": name, "desired": row.desired, "old": max(row.total - row.updated, 0), "new": row.updated,
             "ready": _ready(watched, row, fresh), "reason": row.reason,
             "pods": [{"name": p.name, "status": p.status, "ready": f"{p.ready}/{p.total}"} for p in fresh][:12]}
        )  # fmt: skip
        done += min(row.available, row.updated) if row.desired else 0
        total += row.desired
    detail = ", ".join(f"{b['name']} {b['ready']}/{b['desired']}" for b in bars)
    if watched.lost:
        detail = f"the API does not answer ({next(iter(watched.lost.values()))}); waiting"
    context.report.progress(min(done / total, 1.0) if total else None, detail, deployments=bars)
    for event in watched.events.values():
        line = f"{event.object_kind}/{event.object_name}: {event.reason}: {event.message}"
        # Two seconds of grace: the API server's clock need not be ours.
        if event.uid not in told and event.last >= began - 2 and any(event.object_name.startswith(n) for n in names):
            told.add(event.uid)
            context.report.output(line)


def _ready(watched: Watched, row: RolloutRow, fresh: Sequence[PodRow]) -> int:
    if watched.complete(row):
        return row.desired  # the watch of the pods may not have told yet
    return min(sum(1 for p in fresh if p.total and p.ready == p.total), row.desired)


def _timed_out(
    rows: Mapping[str, RolloutRow], names: Sequence[str], watched: Watched, timeout: float
) -> RolloutTimedOut:
    late = [p for name in names if name in rows and not watched.complete(rows[name]) for p in watched.new_pods(name)]
    bad = failing(late)
    named = next((p for p in bad if p.cause), bad[0] if bad else None)
    why = f"; {named.name}: {named.cause or f'{named.status}, ready {named.ready}/{named.total}'}" if named else ""
    return RolloutTimedOut(
        f"not rolled out after {timeout:.0f} s: {_standing(rows, names, watched)}{why}", first(named, bad)
    )


def _standing(rows: Mapping[str, RolloutRow], names: Sequence[str], watched: Watched) -> str:
    if watched.lost:
        return f"the API does not answer: {next(iter(watched.lost.values()))}"
    parts = []
    for name in names:
        row = rows.get(name)
        if row is None:
            parts.append(f"{name} does not exist")
        elif not watched.complete(row):
            why = f" ({row.reason})" if row.reason else ""
            old = f", {row.total - row.updated} old" if row.total > row.updated else ""
            ready = _ready(watched, row, watched.new_pods(name))
            parts.append(f"{name} {ready}/{row.desired} new pods ready{old}{why}")
    return "; ".join(parts)
