"""The row of a Pod, in every case as kubectl prints it (source: printPod in pkg/printers/internalversion)."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.meta import parse_time
from veza_tui.embedded.api.table.common import NONE, age, human_duration

JSONObject = dict[str, Any]


class _Restarts:
    """Count and time of the last one."""

    def __init__(self) -> None:
        self.count = 0
        self.last: float | None = None

    def add(self, status: JSONObject) -> None:
        """Take in one container's."""
        self.count += int(status.get("restartCount") or 0)
        ended = parse_time(((status.get("lastState") or {}).get("terminated") or {}).get("finishedAt"))
        if ended is not None and (self.last is None or ended > self.last):
            self.last = ended

    def text(self, now: float) -> str:
        """``7 (20s ago)``."""
        if self.count and self.last is not None:
            return f"{self.count} ({human_duration(now - self.last)} ago)"
        return str(self.count)


def _terminated(state: JSONObject, prefix: str = "") -> str:
    if state.get("reason"):
        return prefix + str(state["reason"])
    if state.get("signal"):
        return f"{prefix}Signal:{state['signal']}"
    return f"{prefix}ExitCode:{state.get('exitCode', 0)}"


def _condition(status: JSONObject, kind: str) -> JSONObject:
    return next((c for c in status.get("conditions") or () if c.get("type") == kind), {})


def _restartable(container: JSONObject | None) -> bool:
    return bool(container) and (container or {}).get("restartPolicy") == "Always"


def summary(pod: JSONObject, now: float) -> tuple[int, int, str, str]:
    """(ready, total, STATUS, RESTARTS)."""
    spec, status = pod["spec"], pod.get("status") or {}
    phase = status.get("phase", "")
    reason = status.get("reason") or phase
    if _condition(status, "PodScheduled").get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    init_specs = {c.get("name"): c for c in spec.get("initContainers") or ()}
    total = len(spec.get("containers") or ()) + sum(_restartable(c) for c in init_specs.values())
    ready = 0
    restarts, sidecar_restarts = _Restarts(), _Restarts()
    initializing = False
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        state = container.get("state") or {}
        restarts.add(container)
        sidecar = _restartable(init_specs.get(container.get("name")))
        if sidecar:
            sidecar_restarts.add(container)
        ended, waiting = state.get("terminated"), (state.get("waiting") or {}).get("reason", "")
        if ended is not None and ended.get("exitCode", 0) == 0:
            continue
        if sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        initializing = True
        if ended is not None:
            reason = _terminated(ended, "Init:")
        elif waiting and waiting != "PodInitializing":
            reason = f"Init:{waiting}"
        else:
            reason = f"Init:{index}/{len(init_specs)}"
        break
    if not initializing or _condition(status, "Initialized").get("status") == "True":
        restarts = sidecar_restarts
        running = False
        for container in reversed(status.get("containerStatuses") or []):
            state = container.get("state") or {}
            restarts.add(container)
            if (state.get("waiting") or {}).get("reason"):
                reason = state["waiting"]["reason"]
            elif state.get("terminated") is not None:
                reason = _terminated(state["terminated"])
            elif container.get("ready") and state.get("running") is not None:
                running = True
                ready += 1
        if reason == "Completed" and running:
            reason = "Running" if _condition(status, "Ready").get("status") == "True" else "NotReady"
    if pod["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in ("Succeeded", "Failed"):
            reason = "Terminating"
    return ready, total, reason, restarts.text(now)


def pod_cells(pod: JSONObject, now: float) -> list[Any]:
    """All cells, the wide ones too."""
    ready, total, reason, restarts = summary(pod, now)
    spec, status = pod["spec"], pod.get("status") or {}
    addresses = status.get("podIPs") or [{"ip": status.get("podIP")}]
    gates = [g.get("conditionType") for g in spec.get("readinessGates") or ()]
    held = sum(_condition(status, gate).get("status") == "True" for gate in gates)
    return [
        pod["metadata"]["name"], f"{ready}/{total}", reason, restarts, age(pod, now), addresses[0].get("ip") or NONE,
        spec.get("nodeName") or NONE, status.get("nominatedNodeName") or NONE,
        f"{held}/{len(gates)}" if gates else NONE,
    ]  # fmt: skip


def pod_conditions(pod: JSONObject) -> list[JSONObject]:
    """The row's conditions: ended pods are marked."""
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Succeeded":
        message = "The pod has completed successfully."
        return [{"type": "Completed", "status": "True", "reason": "Succeeded", "message": message}]
    if phase == "Failed":
        return [{"type": "Completed", "status": "True", "reason": "Failed", "message": "The pod failed."}]
    return []
