"""What the live view knows of a cluster: slim rows projected from raw objects, nothing else is kept."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """State of anything shown; the order is worst first (see ``severity``)."""

    FAILED = "failed"
    DEGRADED = "degraded"
    PROGRESSING = "progressing"
    UNKNOWN = "unknown"
    OK = "ok"

    @property
    def severity(self) -> int:
        """0 for ok, growing as it gets worse."""
        return _SEVERITY[self]


# Thousands of pods are sorted by it.
_SEVERITY = {"ok": 0, "unknown": 1, "progressing": 2, "degraded": 3, "failed": 4}


@dataclass(frozen=True, slots=True)
class ContainerRow:
    """One container of a pod (``init`` for init and sidecar containers)."""

    name: str
    image: str
    ready: bool
    state: str
    """running, waiting or terminated."""
    reason: str
    """Reason of the waiting or terminated state, for example CrashLoopBackOff."""
    message: str
    restarts: int
    last_exit_code: int | None
    """Exit code of the last termination, current or previous."""
    last_reason: str
    last_finished: float | None
    """Unix seconds."""
    memory_limit: str
    cpu_limit: str
    init: bool = False


@dataclass(frozen=True, slots=True)
class PodRow:
    """One pod; text comes from the cluster and is hostile: never markup, always made printable before painting."""

    uid: str
    name: str
    namespace: str
    status: str
    """The STATUS column exactly as `kubectl get pods` prints it."""
    ready: int
    total: int
    restarts: int
    last_restart: float | None
    """Unix seconds of the last restart, None without one."""
    created: float
    """Unix seconds."""
    node: str
    ip: str
    owner: str
    """Name of the controlling ReplicaSet, Job ..., empty for none."""
    owner_kind: str
    labels: tuple[tuple[str, str], ...]
    containers: tuple[ContainerRow, ...]
    state: State
    cause: str
    """One line saying why it fails, without the last log line; empty when it does not fail."""
    deleting: bool = False
    ephemeral: tuple[ContainerRow, ...] = ()
    """Debug containers: they have logs, and no part in how the pod is."""


@dataclass(frozen=True, slots=True)
class RolloutRow:
    """One Deployment with its current and previous ReplicaSets."""

    uid: str
    name: str
    namespace: str
    desired: int
    ready: int
    updated: int
    available: int
    total: int
    """Pods of all its ReplicaSets together."""
    revision: str
    images: tuple[str, ...]
    old_images: tuple[str, ...]
    """Images still running from an older ReplicaSet while a rollout is under way."""
    paused: bool
    state: State
    reason: str
    """Why it is stuck, one line; empty otherwise."""
    created: float
    live: bool | None = None
    """Blue-green: whether a Service sends requests to its pods; None where there are no colours, or nobody knows."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One Kubernetes event, already folded by the server (``count``)."""

    uid: str
    type: str
    reason: str
    message: str
    object_kind: str
    object_name: str
    object_uid: str
    count: int
    first: float
    last: float
    source: str


@dataclass(frozen=True, slots=True)
class ReplicaSetRow:
    """One ReplicaSet of a Deployment."""

    uid: str
    name: str
    owner: str
    owner_uid: str
    revision: str
    desired: int
    ready: int
    images: tuple[str, ...]
    created: float
    total: int = 0
    """Pods that exist, ready or not."""


@dataclass(frozen=True, slots=True)
class AutoscalerRow:
    """One HorizontalPodAutoscaler; utilisations in percent, None when the metric is unknown."""

    uid: str
    name: str
    target: str
    min_replicas: int
    max_replicas: int
    current_replicas: int
    desired_replicas: int
    current_utilization: int | None
    target_utilization: int | None
    reason: str = ""
    """Why it cannot scale, one line; empty otherwise."""

    @property
    def moves_to(self) -> int | None:
        """The replicas it is on its way to; None at rest, and where it cannot compute any.

        A server without metrics leaves desiredReplicas at 0, or at what it last computed: that is no wish of its own.
        """
        return None if self.reason or self.desired_replicas == self.current_replicas else self.desired_replicas
