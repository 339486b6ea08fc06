"""Container states and the pod status made of them, field by field as the kubelet writes it: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from veza_tui.embedded.cluster.objects import Object, condition, parse_time, qos_class, rfc3339


@dataclass(slots=True)
class ContainerState:
    """One container as the kubelet knows it. Times are Unix seconds."""

    name: str
    image: str
    init: bool = False
    sidecar: bool = False
    """An init container with restartPolicy Always."""
    phase: str = "waiting"
    """waiting, running or terminated."""
    reason: str = "ContainerCreating"
    message: str = ""
    exit_code: int = 0
    signal: int = 0
    started_at: float = 0.0
    finished_at: float = 0.0
    container_id: str = ""
    image_id: str = ""
    restarts: int = 0
    ready: bool = False
    started: bool = False
    last: Object | None = None
    """The previous instance's terminated state."""
    recalled: bool = False
    """Restored from the API after a restart of the platform; it is to be started again."""
    mounts: list[Object] = field(default_factory=list)

    def terminated(self) -> Object:
        """The terminated state of the present instance."""
        out: Object = {"exitCode": self.exit_code}
        if self.signal:
            out["signal"] = self.signal
        out["reason"] = self.reason
        if self.message:
            out["message"] = self.message
        out["startedAt"] = rfc3339(self.started_at)
        out["finishedAt"] = rfc3339(self.finished_at)
        if self.container_id:
            out["containerID"] = self.container_id
        return out

    def wait(self, reason: str, message: str = "") -> None:
        """Enter the waiting state."""
        self.phase, self.reason, self.message = "waiting", reason, message
        self.ready = self.started = False

    def recall(self, status: Mapping[str, Any], now: float) -> None:
        """Take over from a status written before the platform was stopped; what ran then ended with 255, Unknown."""
        self.restarts = int(status.get("restartCount") or 0)
        self.container_id, self.image_id = status.get("containerID", ""), status.get("imageID", "")
        self.last = (status.get("lastState") or {}).get("terminated")
        state = status.get("state") or {}
        ended = state.get("terminated")
        if ended or "running" in state:
            ended = ended or {"exitCode": 255, "reason": "Unknown", "startedAt": state["running"].get("startedAt")}
            self.phase, self.exit_code, self.reason = "terminated", int(ended["exitCode"]), ended.get("reason", "")
            self.message = ended.get("message", "")
            self.started_at = parse_time(ended.get("startedAt"))
            self.finished_at = parse_time(ended.get("finishedAt")) or now
            self.recalled = "running" in state or self.exit_code != 0

    def to_json(self) -> Object:
        """A containerStatus."""
        if self.phase == "running":
            state: Object = {"running": {"startedAt": rfc3339(self.started_at)}}
        elif self.phase == "terminated":
            state = {"terminated": self.terminated()}
        else:
            state = {"waiting": {"reason": self.reason}}
            if self.message:
                state["waiting"]["message"] = self.message
        out: Object = {
            "name": self.name,
            "state": state,
            "lastState": {"terminated": self.last} if self.last else {},
            "ready": self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": self.image_id,
        }
        if self.container_id:
            out["containerID"] = self.container_id
        out["started"] = self.started
        if self.mounts:
            out["volumeMounts"] = self.mounts
        return out


@dataclass(slots=True)
class PodState:
    """What the status is made of besides its containers."""

    sandbox: bool = False
    pod_ip: str = ""
    host_ip: str = ""
    started_at: float = 0.0
    stopping: bool = False
    failed: tuple[str, str] | None = None
    """(reason, message) of a pod that the kubelet failed as a whole (DeadlineExceeded, Evicted)."""


def phase(spec: Mapping[str, Any], init: Sequence[ContainerState], main: Sequence[ContainerState]) -> str:
    """Pending, Running, Succeeded or Failed (kubelet's getPhase)."""
    policy = spec.get("restartPolicy", "Always")
    for one in init:
        if one.sidecar:
            if not one.started and one.phase != "terminated":
                return "Pending"
        elif one.phase != "terminated" or one.exit_code != 0:
            if one.phase == "terminated" and policy == "Never":
                return "Failed"
            return "Pending"
    waiting = [c for c in main if c.phase == "waiting" and c.last is None]
    if waiting:
        return "Pending"
    if any(c.phase == "running" or c.phase == "waiting" for c in main):
        return "Running"
    if policy == "Always":
        return "Running"
    if all(c.exit_code == 0 for c in main):
        return "Succeeded"
    return "Failed" if policy == "Never" else "Running"


def status(
    spec: Mapping[str, Any],
    pod: PodState,
    init: Sequence[ContainerState],
    main: Sequence[ContainerState],
    ephemeral: Sequence[ContainerState],
    before: Mapping[str, Any],
    now: float,
) -> Object:
    """The whole status; conditions keep their lastTransitionTime while they do not change."""
    where = "Failed" if pod.failed else phase(spec, init, main)
    if pod.stopping and not pod.failed and main and all(c.phase == "terminated" for c in main):
        # Of a deleted pod nothing starts again, whatever its policy says.
        where = "Succeeded" if all(c.exit_code == 0 for c in main) else "Failed"
    done = where in ("Succeeded", "Failed")
    out: Object = {"phase": where, "conditions": _conditions(pod, init, main, where, before, now)}
    if pod.failed:
        out["reason"], out["message"] = pod.failed
    out["hostIP"] = pod.host_ip
    out["hostIPs"] = [{"ip": pod.host_ip}]
    if pod.pod_ip:
        out["podIP"] = pod.pod_ip
        out["podIPs"] = [{"ip": pod.pod_ip}]
    out["startTime"] = rfc3339(pod.started_at)
    if init:
        out["initContainerStatuses"] = [_shown(c, done) for c in init]
    out["containerStatuses"] = [_shown(c, done) for c in main]
    if ephemeral:
        out["ephemeralContainerStatuses"] = [c.to_json() for c in ephemeral]
    out["qosClass"] = qos_class(spec)
    return out


def _shown(state: ContainerState, done: bool) -> Object:
    out = state.to_json()
    if done and not state.init:
        out["ready"] = False
        out["started"] = False
    return out


def _conditions(
    pod: PodState,
    init: Sequence[ContainerState],
    main: Sequence[ContainerState],
    where: str,
    before: Mapping[str, Any],
    now: float,
) -> list[Object]:
    waiting = [c.name for c in init if not (c.started if c.sidecar else c.phase == "terminated" and c.exit_code == 0)]
    completed = where == "Succeeded"
    initialized = ("True", "PodCompleted" if completed else "", "")
    if waiting and not completed:
        initialized = ("False", "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(waiting)}]")
    unready = [c.name for c in (*(s for s in init if s.sidecar), *main) if not c.ready]
    ready = ("True", "", "")
    if completed:
        ready = ("False", "PodCompleted", "")
    elif where == "Failed":
        ready = ("False", "PodFailed", "")
    elif unready:
        ready = ("False", "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]")
    alive = pod.sandbox and where not in ("Succeeded", "Failed")
    wanted = {
        "PodReadyToStartContainers": ("True" if alive else "False", "", ""),
        "Initialized": initialized,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": ("True", "", ""),
    }
    old = before.get("conditions") or []
    out = []
    for kind, (value, reason, message) in wanted.items():
        had = condition(old, kind)
        since = had["lastTransitionTime"] if had and had["status"] == value else rfc3339(now)
        one: Object = {"type": kind, "status": value, "lastProbeTime": None, "lastTransitionTime": since}
        if reason:
            one["reason"] = reason
        if message:
            one["message"] = message
        out.append(one)
    return out + [dict(c) for c in old if c["type"] not in wanted]
