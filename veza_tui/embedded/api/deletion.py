"""How an object goes: finalizers, grace of pods, propagation, preconditions (source: registry `BeforeDelete`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.api.errors import conflict
from veza_tui.embedded.api.meta import dig, rfc3339
from veza_tui.embedded.api.resources import ResourceType

JSONObject = dict[str, Any]
FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"
DEFAULT_GRACE = 30


def check_preconditions(kind: ResourceType, obj: JSONObject, wanted: Mapping[str, str]) -> None:
    """Raises ApiError 409 when uid or resourceVersion differ."""
    meta = obj["metadata"]
    for key, label in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
        if wanted.get(key) and wanted[key] != meta.get(key):
            why = (
                f"the {label} in the precondition ({wanted[key]}) does not match the {label} in record ({meta[key]}). "
                "The object might have been deleted and then recreated"
            )
            raise conflict(kind.kind, "", meta["name"], why)


def mark(kind: ResourceType, obj: JSONObject, *, now: float, propagation: str | None, grace_period: int | None) -> bool:
    """Turn ``obj`` into its state after the delete request; True when it is to be removed at once."""
    meta = obj["metadata"]
    finalizers = list(meta.get("finalizers") or ())
    if propagation is not None:
        finalizers = [f for f in finalizers if f not in (FOREGROUND, ORPHAN)]
        if propagation == "Foreground":
            finalizers.append(FOREGROUND)
        elif propagation == "Orphan":
            finalizers.append(ORPHAN)
        if finalizers:
            meta["finalizers"] = finalizers
        else:
            meta.pop("finalizers", None)
    grace = _grace(kind, obj, grace_period)
    if kind.kind == "Namespace":
        obj.setdefault("status", {})["phase"] = "Terminating"
        finalizers = finalizers + list(dig(obj, "spec", "finalizers") or ())
    if grace == 0 and not finalizers:
        return True
    before = meta.get("deletionTimestamp")
    if before is None:
        meta["deletionTimestamp"] = rfc3339(now + grace)
        meta["deletionGracePeriodSeconds"] = grace
        if kind.generation:
            meta["generation"] = int(meta.get("generation", 0)) + 1
    elif grace < int(meta.get("deletionGracePeriodSeconds", 0)):
        meta["deletionTimestamp"] = rfc3339(now + grace)
        meta["deletionGracePeriodSeconds"] = grace
    return False


def _grace(kind: ResourceType, obj: JSONObject, given: int | None) -> int:
    """Seconds; only pods that a node runs get any."""
    if kind.key != "pods":
        return 0
    if not dig(obj, "spec", "nodeName") or dig(obj, "status", "phase") in ("Succeeded", "Failed"):
        return 0
    if given is None:
        spec = dig(obj, "spec", "terminationGracePeriodSeconds")
        given = DEFAULT_GRACE if spec is None else int(spec)
    return max(given, 0)


def finished(obj: JSONObject) -> bool:
    """Whether an updated object has nothing left to wait for."""
    meta = obj["metadata"]
    if not meta.get("deletionTimestamp") or meta.get("finalizers"):
        return False
    if obj["kind"] == "Namespace" and dig(obj, "spec", "finalizers"):
        return False
    return not meta.get("deletionGracePeriodSeconds")
