"""Small raw pods for tests."""

from __future__ import annotations

from typing import Any

Raw = dict[str, Any]


def terminated(
    code: int = 0, reason: str = "", signal: int = 0, finished: str = "2026-01-01T00:00:00Z", message: str = ""
) -> Raw:
    state: Raw = {"exitCode": code, "finishedAt": finished}
    state |= {k: v for k, v in (("reason", reason), ("signal", signal), ("message", message)) if v}
    return {"terminated": state}


def waiting(reason: str = "", message: str = "") -> Raw:
    return {"waiting": {k: v for k, v in (("reason", reason), ("message", message)) if v}}


def running(started: str = "2026-01-01T00:00:00Z") -> Raw:
    return {"running": {"startedAt": started}}


def status(
    name: str,
    state: Raw,
    *,
    ready: bool = False,
    restarts: int = 0,
    last: Raw | None = None,
    started: bool | None = None,
) -> Raw:
    made: Raw = {"name": name, "state": state, "ready": ready, "restartCount": restarts, "image": "i", "imageID": ""}
    if last is not None:
        made["lastState"] = last
    if started is not None:
        made["started"] = started
    return made


def pod(
    phase: str = "Running",
    containers: list[Raw] | None = None,
    *,
    init: list[Raw] | None = None,
    sidecars: tuple[str, ...] = (),
    names: tuple[str, ...] = ("app",),
    inits: tuple[str, ...] = (),
    conditions: dict[str, tuple[str, str, str]] | None = None,
    deleting: bool = False,
    reason: str = "",
    message: str = "",
    image: str = "registry.veza.com/app:v1",
    memory: str = "",
) -> Raw:
    """``conditions``: type -> (status, reason, message)."""
    limits = {"resources": {"limits": {"memory": memory}}} if memory else {}
    meta: Raw = {"name": "p", "namespace": "ns", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z"}
    if deleting:
        meta["deletionTimestamp"] = "2026-01-01T01:00:00Z"
    made: Raw = {
        "metadata": meta,
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": n, "image": image, **limits} for n in names],
            "initContainers": [
                {"name": n, "image": image, **({"restartPolicy": "Always"} if n in sidecars else {})} for n in inits
            ],
        },
        "status": {
            "phase": phase,
            "containerStatuses": containers or [],
            "initContainerStatuses": init or [],
            "conditions": [
                {"type": t, "status": s, "reason": r, "message": m, "lastTransitionTime": "2026-01-01T00:10:00Z"}
                for t, (s, r, m) in (conditions or {}).items()
            ],
        },
    }
    if reason:
        made["status"]["reason"] = reason
    if message:
        made["status"]["message"] = message
    return made
