"""Small pure helpers on raw Kubernetes objects: times, quantities, owners, selectors, conditions, pod states."""

from __future__ import annotations

import calendar
import json
import math
import random
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

Object = dict[str, Any]

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Kubernetes' own (util/rand): no vowels, no characters that look alike."""


def rfc3339(moment: float) -> str:
    """``2026-01-02T03:04:05Z``, the precision of metav1.Time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def rfc3339_nano(moment_ns: int) -> str:
    """RFC3339Nano as the kubelet stamps log lines (trailing zeros kept: nine digits)."""
    seconds, nanos = divmod(moment_ns, 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanos:09d}Z"


def rfc3339_micro(moment: float) -> str:
    """metav1.MicroTime."""
    micros = round(moment * 1e6)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(micros // 1_000_000))}.{micros % 1_000_000:06d}Z"


def parse_time(text: str | None) -> float:
    """Unix seconds of an RFC 3339 UTC time; 0.0 for none or nonsense."""
    if not text:
        return 0.0
    try:
        whole = calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return 0.0
    fraction = re.match(r"\.(\d+)", text[19:])
    return whole + (float(f"0.{fraction[1]}") if fraction else 0.0)


_SUFFIX = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40, "Pi": 2.0**50, "Ei": 2.0**60,
}  # fmt: skip
_QUANTITY = re.compile(r"([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([numkMGTPE]|[KMGTPE]i)?)")


def quantity(value: object) -> float:
    """A Kubernetes quantity as a number (CPU in cores, memory in bytes); 0.0 for nonsense."""
    found = _QUANTITY.fullmatch(str(value).strip()) if value is not None else None
    if not found:
        return 0.0
    try:
        return float(found[1] + (found[2] or "")) * _SUFFIX[found[3] or ""]
    except ValueError:
        return 0.0


def int_or_percent(value: object, total: int, *, up: bool) -> int:
    """intstr: a count, or a percentage of ``total`` rounded up or down; 0 for none."""
    if isinstance(value, str) and value.endswith("%"):
        exact = total * int(value[:-1]) / 100
        return math.ceil(exact) if up else math.floor(exact)
    return int(str(value)) if value is not None else 0


def random_suffix(length: int = 5) -> str:
    """As the API server appends to a generateName."""
    return "".join(random.choices(_ALPHABET, k=length))


def template_hash(template: Mapping[str, Any], collisions: int = 0) -> str:
    """pod-template-hash: FNV-1a 32 over the template, in Kubernetes' safe alphabet (SafeEncodeString)."""
    data = json.dumps(template, sort_keys=True, separators=(",", ":")).encode()
    if collisions:
        data += collisions.to_bytes(8, "little")
    value = 0x811C9DC5
    for byte in data:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(_ALPHABET[ord(c) % len(_ALPHABET)] for c in str(value))


def key_of(obj: Mapping[str, Any]) -> tuple[str, str]:
    """(namespace, name)."""
    meta = obj["metadata"]
    return meta.get("namespace", ""), meta["name"]


def uid_of(obj: Mapping[str, Any]) -> str:
    """metadata.uid."""
    return str(obj["metadata"].get("uid", ""))


def deleting(obj: Mapping[str, Any]) -> bool:
    """Whether it has a deletionTimestamp."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def controller_of(obj: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The owner reference with ``controller: true``."""
    for owner in obj["metadata"].get("ownerReferences") or ():
        if owner.get("controller"):
            return owner  # type: ignore[no-any-return]
    return None


def owner_reference(owner: Mapping[str, Any]) -> Object:
    """The reference which a controller writes into what it makes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str] | None) -> bool:
    """LabelSelector semantics: None selects nothing, the empty selector everything."""
    if selector is None:
        return False
    labels = labels or {}
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for term in selector.get("matchExpressions") or ():
        have, values = labels.get(term["key"]), term.get("values") or []
        fits = {
            "In": have is not None and have in values,
            "NotIn": have is None or have not in values,
            "Exists": have is not None,
            "DoesNotExist": have is None,
        }.get(term.get("operator", ""), False)
        if not fits:
            return False
    return True


def condition(obj_or_list: Iterable[Mapping[str, Any]] | None, kind: str) -> Mapping[str, Any] | None:
    """The condition of that type."""
    return next((c for c in obj_or_list or () if c.get("type") == kind), None)


def pod_ready(pod: Mapping[str, Any]) -> bool:
    """Whether the pod's Ready condition is True."""
    found = condition(pod.get("status", {}).get("conditions"), "Ready")
    return found is not None and found.get("status") == "True"


def pod_finished(pod: Mapping[str, Any]) -> bool:
    """Phase Succeeded or Failed."""
    return pod.get("status", {}).get("phase") in ("Succeeded", "Failed")


def pod_active(pod: Mapping[str, Any]) -> bool:
    """Neither finished nor being deleted (controller.IsPodActive)."""
    return not pod_finished(pod) and not deleting(pod)


def pod_requests(pod: Mapping[str, Any]) -> tuple[float, float]:
    """(CPU cores, memory bytes) as the scheduler counts them: containers summed, init containers at their maximum."""
    spec = pod.get("spec", {})
    cpu = sum(_request(c, "cpu") for c in spec.get("containers") or ())
    memory = sum(_request(c, "memory") for c in spec.get("containers") or ())
    for init in spec.get("initContainers") or ():
        cpu, memory = max(cpu, _request(init, "cpu")), max(memory, _request(init, "memory"))
    return cpu, memory


def _request(container: Mapping[str, Any], resource: str) -> float:
    resources = container.get("resources") or {}
    for side in ("requests", "limits"):
        if resource in (resources.get(side) or {}):
            return quantity(resources[side][resource])
    return 0.0


def qos_class(spec: Mapping[str, Any]) -> str:
    """Guaranteed, Burstable or BestEffort."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    parts = [(c.get("resources") or {}) for c in containers]
    if not any(p.get("requests") or p.get("limits") for p in parts):
        return "BestEffort"
    for part in parts:
        limits, requests = part.get("limits") or {}, part.get("requests") or {}
        for name in ("cpu", "memory"):
            if name not in limits or quantity(requests.get(name, limits[name])) != quantity(limits[name]):
                return "Burstable"
    return "Guaranteed"
