"""autoscaling/v1, which `kubectl autoscale` writes: the stored v2 object seen through it, and back.

What v1 has no field for travels in annotations (source: pkg/apis/autoscaling/v1/conversion.go).
"""

from __future__ import annotations

import json
from typing import Any

JSONObject = dict[str, Any]
_HEAD = "autoscaling.alpha.kubernetes.io/"
_SAME = ("scaleTargetRef", "minReplicas", "maxReplicas")
_COUNTS = ("observedGeneration", "lastScaleTime", "currentReplicas", "desiredReplicas")


def _is_cpu(metric: JSONObject) -> bool:
    resource = metric.get("resource") or {}
    inner = resource.get("target") or resource.get("current") or {}
    return resource.get("name") == "cpu" and inner.get("averageUtilization") is not None


def shown(obj: JSONObject) -> JSONObject:
    """The v2 object as v1."""
    spec, status, meta = obj["spec"], obj.get("status") or {}, dict(obj["metadata"])
    notes = dict(meta.get("annotations") or {})
    new_spec = {key: spec[key] for key in _SAME if key in spec}
    new_status = {key: status[key] for key in _COUNTS if key in status} | {
        "currentReplicas": status.get("currentReplicas", 0), "desiredReplicas": status.get("desiredReplicas", 0),
    }  # fmt: skip
    cpu = next((m for m in spec.get("metrics") or () if _is_cpu(m)), None)
    if cpu is not None:
        new_spec["targetCPUUtilizationPercentage"] = cpu["resource"]["target"]["averageUtilization"]
    now = next((m for m in status.get("currentMetrics") or () if _is_cpu(m)), None)
    if now is not None:
        new_status["currentCPUUtilizationPercentage"] = now["resource"]["current"]["averageUtilization"]
    rest = [m for m in spec.get("metrics") or () if m is not cpu]
    for name, value in (
        ("metrics", rest), ("behavior", spec.get("behavior")), ("conditions", status.get("conditions")),
        ("current-metrics", status.get("currentMetrics")),
    ):  # fmt: skip
        if value:
            notes[_HEAD + name] = json.dumps(value, separators=(",", ":"))
    if notes:
        meta["annotations"] = notes
    return {**obj, "apiVersion": "autoscaling/v1", "metadata": meta, "spec": new_spec, "status": new_status}


def stored(obj: JSONObject) -> JSONObject:
    """The v1 object as v2."""
    spec, status, meta = obj.get("spec") or {}, obj.get("status") or {}, dict(obj["metadata"])
    notes = dict(meta.get("annotations") or {})
    kept = {
        name: _read(notes.pop(_HEAD + name, "")) for name in ("metrics", "behavior", "conditions", "current-metrics")
    }
    new_spec = {key: spec[key] for key in _SAME if key in spec}
    metrics = list(kept["metrics"] or ())
    wanted = spec.get("targetCPUUtilizationPercentage")
    if wanted is not None:
        target = {"type": "Utilization", "averageUtilization": wanted}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        new_spec["metrics"] = metrics
    if kept["behavior"]:
        new_spec["behavior"] = kept["behavior"]
    new_status = {key: status[key] for key in _COUNTS if key in status}
    for key, name in (("conditions", "conditions"), ("currentMetrics", "current-metrics")):
        if kept[name]:
            new_status[key] = kept[name]
    meta.pop("annotations", None)
    if notes:
        meta["annotations"] = notes
    out = {**obj, "apiVersion": "autoscaling/v2", "metadata": meta, "spec": new_spec}
    return {**out, "status": new_status} if status else out


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
