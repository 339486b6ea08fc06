"""Waiting for rollouts: a bar for each deployment, and a quick end when the new pods cannot become ready."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from veza_tui.feeds.events import project_event
from veza_tui.feeds.pods import failing_container, project_pod, with_events
from veza_tui.feeds.rollouts import Deployment, project_deployment, project_replica_set, rollouts
from veza_tui.model.errors import TimedOutError, VezaError
from veza_tui.model.plan import JSON
from veza_tui.model.workload import EventRow, PodRow, ReplicaSetRow, RolloutRow, State
from veza_tui.operations.context import Cancelled, Context
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

# A waiting reason that time alone rarely mends (source: kubelet, pkg/kubelet/images and container reasons).
_HOPELESS = frozenset(
    ("CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
     "CreateContainerError", "RunContainerError")
)  # fmt: skip
UNSCHEDULABLE_SECONDS = 20.0
"""How long a pod may stay unschedulable: an autoscaler may add a node, an old pod may make room."""
CRASHES = 2
"""Restarts of a new pod's container after which the rollout is given up."""


class RolloutFailed(VezaError):
    """A rollout cannot succeed; ``pods`` are the failing ones."""

    def __init__(self, message: str, pods: Sequence[PodRow]) -> None:
        super().__init__(message)
        self.pods = tuple(pods)


@dataclass
class Watched:
    """What the four watches have told so far."""

    deployments: dict[str, Deployment] = field(default_factory=dict)
    replica_sets: dict[str, ReplicaSetRow] = field(default_factory=dict)
    pods: dict[str, PodRow] = field(default_factory=dict)
    events: dict[str, EventRow] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """Resource -> why its watch has no connection now."""

    def rows(self) -> dict[str, RolloutRow]:
        """Deployment name -> its row, pods with the causes that only events tell."""
        found = rollouts(self.deployments.values(), self.replica_sets.values(), self.explained().values())
        return {row.name: row for row in found}

    def explained(self) -> dict[str, PodRow]:
        """The pods by uid, causes completed by events."""
        by_object: dict[str, list[EventRow]] = {}
        for event in self.events.values():
            by_object.setdefault(event.object_uid, []).append(event)
        return {uid: with_events(pod, by_object.get(uid, ())) for uid, pod in self.pods.items()}

    def new_pods(self, name: str) -> list[PodRow]:
        """Pods of the deployment's current revision."""
        deployment = next((d for d in self.deployments.values() if d.name == name), None)
        if deployment is None or not deployment.seen:
            return []
        current = {
            r.name
            for r in self.replica_sets.values()
            if r.owner_uid == deployment.uid and r.revision == deployment.revision
        }
        return [p for p in self.explained().values() if p.owner_kind == "ReplicaSet" and p.owner in current]


async def wait_rollouts(
    context: Context, namespace: str, names: Sequence[str], *, timeout: float, report: bool = True
) -> dict[str, RolloutRow]:
    """Watch until every named deployment is completely rolled out.

    Raises:
        RolloutFailed: one cannot succeed (crash loop, image, scheduling, progress deadline); names the pod and cause.
        TimedOutError: ``timeout`` (seconds) is over; says where each stands.
        Cancelled: a cancel was asked.
    """
    watched = Watched()
    changed = asyncio.Event()
    tasks = [asyncio.create_task(w) for w in _watches(context, namespace, watched, changed)]
    pending: dict[str, float] = {}
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
            if all(name in rows and _complete(watched, rows[name]) for name in names):
                return {name: rows[name] for name in names}
            failure = _failure(context, watched, rows, names, pending)
            if failure is not None:
                raise failure
            if context.cancelled():
                raise Cancelled("while waiting for the rollouts")
            left = deadline - context.clock.monotonic()
            if left <= 0:
                raise TimedOutError(f"not rolled out after {timeout:.0f} s: {_standing(rows, names, watched)}")
            with contextlib.suppress(TimeoutError):
                # Woken by events; the second covers timers (unschedulable pods, a cancel, the deadline).
                await asyncio.wait_for(changed.wait(), min(1.0, left))
            await asyncio.sleep(0.05)  # let a burst of events settle
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _watches(context: Context, namespace: str, watched: Watched, changed: asyncio.Event) -> list[Any]:
    kinds: list[tuple[Resource, Callable[[dict[str, Any]], Any], dict[str, Any], str]] = [
        (DEPLOYMENTS, project_deployment, watched.deployments, ""),
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


def _complete(watched: Watched, row: RolloutRow) -> bool:
    deployment = watched.deployments.get(row.uid)
    if deployment is None or not deployment.seen:
        return False
    return row.updated >= row.desired and row.total <= row.updated and row.available >= row.desired


def _failure(
    context: Context, watched: Watched, rows: Mapping[str, RolloutRow], names: Sequence[str], pending: dict[str, float]
) -> RolloutFailed | None:
    for name in names:
        row = rows.get(name)
        if row is None or _complete(watched, row):
            continue
        pods = watched.new_pods(name)
        for pod in pods:
            why = _hopeless(pod, context.clock.monotonic(), pending)
            if why:
                return RolloutFailed(f"{name}: {pod.name}: {why}", [p for p in pods if p.state is not State.OK])
        deployment = watched.deployments[row.uid]
        if deployment.seen and deployment.progress == "ProgressDeadlineExceeded":
            failing = [p for p in pods if p.state is not State.OK]
            cause = next((f"{p.name}: {p.cause}" for p in failing if p.cause), "no progress before its deadline")
            return RolloutFailed(f"{name}: {cause}", failing)
        if deployment.failure:
            return RolloutFailed(f"{name}: cannot create pods: {deployment.failure}", ())
    return None


def _hopeless(pod: PodRow, now: float, pending: dict[str, float]) -> str:
    if pod.deleting:
        return ""
    container = failing_container(pod)
    if container is not None and (container.reason in _HOPELESS or container.restarts >= CRASHES):
        return pod.cause or container.reason
    if pod.status == "Pending" and pod.state in (State.FAILED, State.DEGRADED):
        since = pending.setdefault(pod.uid, now)
        if now - since >= UNSCHEDULABLE_SECONDS:
            return pod.cause or "cannot be scheduled"
    else:
        pending.pop(pod.uid, None)
    return ""


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
             "ready": min(sum(1 for p in fresh if p.total and p.ready == p.total), row.desired), "reason": row.reason,
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


def _standing(rows: Mapping[str, RolloutRow], names: Sequence[str], watched: Watched) -> str:
    if watched.lost:
        return f"the API does not answer: {next(iter(watched.lost.values()))}"
    parts = []
    for name in names:
        row = rows.get(name)
        if row is None:
            parts.append(f"{name} does not exist")
        elif not _complete(watched, row):
            why = f" ({row.reason})" if row.reason else ""
            parts.append(f"{name} {row.ready}/{row.desired} ready, {row.updated} updated{why}")
    return "; ".join(parts)
