"""A Deployment's status and conditions, computed from its ReplicaSets: pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.embedded.cluster.objects import Object, condition, rfc3339
from veza_tui.embedded.cluster.rollout import bounds

AVAILABLE, PROGRESSING, REPLICA_FAILURE = "Available", "Progressing", "ReplicaFailure"
DEADLINE = "ProgressDeadlineExceeded"
COMPLETE = "NewReplicaSetAvailable"

_COUNTS = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas")


def counts(deployment: Mapping[str, Any], new: Mapping[str, Any] | None, every: Sequence[Mapping[str, Any]]) -> Object:
    """The numbers of the status (zeros are left out, as Go's omitempty does)."""
    total = sum(_status(rs, "replicas") for rs in every)
    available = sum(_status(rs, "availableReplicas") for rs in every)
    wanted = sum(int(rs["spec"].get("replicas", 0)) for rs in every)
    status: Object = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "replicas": total,
        "updatedReplicas": _status(new, "replicas") if new else 0,
        "readyReplicas": sum(_status(rs, "readyReplicas") for rs in every),
        "availableReplicas": available,
        "unavailableReplicas": max(wanted - available, 0),
    }
    for name in _COUNTS:
        if not status[name]:
            del status[name]
    if (deployment.get("status") or {}).get("collisionCount"):
        status["collisionCount"] = deployment["status"]["collisionCount"]
    return status


def availability(deployment: Mapping[str, Any], status: Mapping[str, Any]) -> tuple[str, str, str]:
    """(status, reason, message) of the Available condition."""
    limit = bounds(deployment["spec"])
    if status.get("availableReplicas", 0) >= limit.replicas - limit.unavailable:
        return "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
    return "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability."


def complete(deployment: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    """Every replica is updated and available, and none is left of the old (DeploymentComplete)."""
    replicas = int(deployment["spec"].get("replicas", 1))
    return all(status.get(n, 0) == replicas for n in ("updatedReplicas", "replicas", "availableReplicas"))


def progressing(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the numbers moved forward (DeploymentProgressing)."""

    def outdated(status: Mapping[str, Any]) -> int:
        return int(status.get("replicas", 0) - status.get("updatedReplicas", 0))

    return outdated(new) < outdated(old) or any(
        new.get(n, 0) > old.get(n, 0) for n in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def set_condition(conditions: list[Object], kind: str, state: tuple[str, str, str], now: float, *, touch: bool) -> bool:
    """Put a condition; True when something changed.

    Same status and reason change nothing unless ``touch`` (lastUpdateTime moves, and the message); lastTransitionTime
    moves with the status alone.
    """
    status, reason, message = state
    old = condition(conditions, kind)
    if old and old["status"] == status and old.get("reason") == reason and not touch:
        return False
    stamp = rfc3339(now)
    fresh: Object = {
        "type": kind,
        "status": status,
        "lastUpdateTime": stamp,
        "lastTransitionTime": old["lastTransitionTime"] if old and old["status"] == status else stamp,
        "reason": reason,
        "message": message,
    }
    if old == fresh:
        return False
    conditions[:] = [c for c in conditions if c["type"] != kind] + [fresh]
    return True


def _status(rs: Mapping[str, Any], name: str) -> int:
    return int((rs.get("status") or {}).get(name) or 0)
