"""What the API server says of a container: which run it is in, and whether there is a log."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.ports.cluster import JSONObject


@dataclass(frozen=True, slots=True)
class Run:
    """What the API server says of a container now."""

    restarts: int = 0
    state: str = "waiting"
    started: bool = False
    """Whether there is or was a process, so that there is a log."""
    reason: str = ""
    exit_code: int | None = None
    before_exit: int | None = None
    final: bool = False
    """It will not be started again."""


def run_of(pod: JSONObject, container: str) -> Run:
    """The state of a container in a raw Pod."""
    status = pod.get("status") or {}
    for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"):
        for found in status.get(kind) or ():
            if found.get("name") == container:
                return _run(found, pod, kind)
    return Run(final=status.get("phase") in ("Succeeded", "Failed"))


def _run(found: JSONObject, pod: JSONObject, kind: str) -> Run:
    state = found.get("state") or {}
    name = next((k for k in ("running", "terminated", "waiting") if state.get(k) is not None), "waiting")
    now = state.get(name) or {}
    last = (found.get("lastState") or {}).get("terminated") or {}
    policy = _policy(pod, kind, str(found.get("name")))
    phase = (pod.get("status") or {}).get("phase")
    exit_code = now.get("exitCode")
    return Run(
        restarts=int(found.get("restartCount") or 0),
        state=name,
        started=name != "waiting" or bool(last),
        reason=str(now.get("reason") or ""),
        exit_code=exit_code,
        before_exit=last.get("exitCode"),
        final=name == "terminated"
        and (phase in ("Succeeded", "Failed") or policy == "Never" or (exit_code == 0 and policy == "OnFailure")),
    )


def _policy(pod: JSONObject, kind: str, name: str) -> str:
    """When the kubelet starts it again: a container's own policy (sidecars have one) outdoes the pod's."""
    spec = pod.get("spec") or {}
    if kind == "ephemeralContainerStatuses":
        return "Never"
    specs = spec.get("initContainers" if kind == "initContainerStatuses" else "containers") or ()
    own = next((c.get("restartPolicy") for c in specs if c.get("name") == name), None)
    if own:
        return str(own)
    # An init container that ended well is over, whatever the pod says.
    policy = str(spec.get("restartPolicy") or "Always")
    return "OnFailure" if kind == "initContainerStatuses" and policy == "Always" else policy
