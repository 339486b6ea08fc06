"""Whether a rollout cannot succeed any more: judged from what its watches have told, long before a timeout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects
from veza_tui.feeds.pods import failing_container
from veza_tui.model.errors import TimedOutError, VezaError
from veza_tui.model.workload import PodRow, RolloutRow, State
from veza_tui.operations.deploy.watched import Watched

# A waiting reason that time alone rarely mends (source: kubelet, pkg/kubelet/images and container reasons).
_HOPELESS = frozenset(
    ("CrashLoopBackOff", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerConfigError",
     "CreateContainerError", "RunContainerError")
)  # fmt: skip
UNSCHEDULABLE_SECONDS = 20.0
"""How long a pod may stay unschedulable: an autoscaler may add a node, an old pod may make room."""
CRASHES = 2
"""Restarts of a new pod's container after which the rollout is given up."""
UNREADY_SECONDS = 120.0
"""How long readiness probes may fail while not one more new pod becomes ready."""
PRESENT_SECONDS = 30.0
"""How long a trouble may last that was there before: the kubelet tries again, and may find what was mended."""
_OLD = 10.0
"""Seconds before the waiting began by which a pod must have been made to count as one from before."""
_PROBE_ROUNDS = 3
"""A probe that is allowed more time than that by its own settings is given these many rounds of them."""


class RolloutFailed(VezaError):
    """A rollout cannot succeed; ``pods`` are the failing ones, the one that the message names first."""

    def __init__(self, message: str, pods: Sequence[PodRow]) -> None:
        super().__init__(message)
        self.pods = tuple(pods)


class RolloutTimedOut(TimedOutError):
    """The time is over; ``pods`` are those of the new revisions that are not ready."""

    def __init__(self, message: str, pods: Sequence[PodRow]) -> None:
        super().__init__(message)
        self.pods = tuple(pods)


@dataclass
class Patience:
    """What has been waited for since when (monotonic seconds)."""

    began: float = 0.0
    """Unix seconds at which the waiting began."""
    present: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By the uid of a pod from before: its restarts when it was first seen in trouble, and since when it is known."""
    unschedulable: dict[str, float] = field(default_factory=dict)
    """By the pod's uid; by the deployment's name where a quota is full."""
    unready: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By deployment: how many new pods are ready, and since when it is that many."""
    limits: dict[str, float] = field(default_factory=dict)
    """By deployment: seconds that its own readiness probes take to give up once."""

    def note(self, obj: Mapping[str, Any]) -> None:
        """Take a raw Deployment's probes in."""
        spec = mapping(mapping(mapping(obj.get("spec")).get("template")).get("spec"))
        probes = [mapping(c.get("readinessProbe")) for c in objects(spec.get("containers"))]
        # Defaults of the API: period 10, threshold 3, delay 0.
        seconds = [
            integer(p.get("initialDelaySeconds"))
            + integer(p.get("periodSeconds"), 10) * integer(p.get("failureThreshold"), 3)
            for p in probes
            if p
        ]
        self.limits[str(mapping(obj.get("metadata")).get("name"))] = float(max(seconds, default=0))


def failure(
    watched: Watched, rows: Mapping[str, RolloutRow], names: Sequence[str], patience: Patience, now: float
) -> RolloutFailed | None:
    """The first rollout that cannot succeed, None while all may; ``now`` is monotonic."""
    for name in names:
        row = rows.get(name)
        if row is None or watched.complete(row):
            continue
        pods = watched.new_pods(name)
        for pod in pods:
            why = _hopeless(pod, now, patience)
            if why:
                return RolloutFailed(f"{name}: {pod.name}: {why}", first(pod, failing(pods)))
        stuck = _unready(name, pods, now, patience)
        if stuck is not None:
            return stuck
        deployment = watched.deployments[row.uid]
        if deployment.seen and deployment.progress == "ProgressDeadlineExceeded":
            bad = failing(pods)
            named = next((p for p in bad if p.cause), None)
            cause = f"{named.name}: {named.cause}" if named else "no progress before its deadline"
            return RolloutFailed(f"{name}: {cause} (its progress deadline is over)", first(named, bad))
        if deployment.failure and not _may_pass(deployment.failure, name, patience, now):
            return RolloutFailed(f"{name}: cannot create pods: {deployment.failure}", ())
    return None


def _may_pass(refusal: str, name: str, patience: Patience, now: float) -> bool:
    """A full quota gets room when an old pod has ended: that is waited for as a place on a node is."""
    if "exceeded quota" not in refusal:
        return False
    return now - patience.unschedulable.setdefault(name, now) < UNSCHEDULABLE_SECONDS


def failing(pods: Sequence[PodRow]) -> list[PodRow]:
    """Those that are not well."""
    return [p for p in pods if p.state is not State.OK]


def first(pod: PodRow | None, pods: Sequence[PodRow]) -> list[PodRow]:
    """``pods`` with the one that is spoken of at their head."""
    return [*([pod] if pod is not None else []), *(p for p in pods if pod is None or p.uid != pod.uid)]


def _hopeless(pod: PodRow, now: float, patience: Patience) -> str:
    if pod.deleting:
        return ""
    container = failing_container(pod)
    if container is not None and (container.reason in _HOPELESS or container.restarts >= CRASHES):
        if pod.created < patience.began - _OLD:
            restarts, since = patience.present.setdefault(pod.uid, (container.restarts, now))
            if container.restarts <= restarts and now - since < PRESENT_SECONDS:
                return ""
        cause, reason = pod.cause or container.reason, container.reason
        return f"{cause} ({reason})" if reason in _HOPELESS and reason not in cause else cause
    if pod.status == "Pending" and pod.state in (State.FAILED, State.DEGRADED):
        since = patience.unschedulable.setdefault(pod.uid, now)
        if now - since >= UNSCHEDULABLE_SECONDS:
            return pod.cause or "cannot be scheduled"
    else:
        patience.unschedulable.pop(pod.uid, None)
    return ""


def _unready(name: str, pods: Sequence[PodRow], now: float, patience: Patience) -> RolloutFailed | None:
    """Pods that run, whose readiness probes fail on and on: a dependency is down, or the service is broken.

    A startup probe is its own limit: the kubelet kills the container when that is over.
    """
    unready = [p for p in pods if not p.deleting and p.status == "Running" and p.cause.startswith("readiness probe")]
    ready = sum(1 for p in pods if p.total and p.ready == p.total)
    if not unready:
        patience.unready.pop(name, None)
        return None
    known = patience.unready.get(name)
    if known is None or known[0] != ready:
        known = patience.unready[name] = (ready, now)
    limit = max(UNREADY_SECONDS, _PROBE_ROUNDS * patience.limits.get(name, 0.0))
    if now - known[1] < limit:
        return None
    pod = unready[0]
    return RolloutFailed(f"{name}: {pod.name}: not ready for {limit:.0f} s: {pod.cause}", first(pod, failing(pods)))
