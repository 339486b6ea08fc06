"""Rows of workloads: Deployment, ReplicaSet, StatefulSet, DaemonSet, Job, CronJob, autoscaler, disruption budget."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.meta import dig, parse_time
from veza_tui.embedded.api.selectors import selector_text
from veza_tui.embedded.api.table.common import (
    NONE,
    UNKNOWN,
    UNSET,
    age,
    containers,
    human_duration,
    labels_text,
    selector,
    since,
    template_spec,
)

JSONObject = dict[str, Any]


def _count(obj: JSONObject, name: str) -> int:
    return int((obj.get("status") or {}).get(name) or 0)


def deployment(obj: JSONObject, now: float) -> list[Any]:
    """Deployment."""
    name, desired = obj["metadata"]["name"], obj["spec"].get("replicas", 0)
    return [
        name, f"{_count(obj, 'readyReplicas')}/{desired}", _count(obj, "updatedReplicas"),
        _count(obj, "availableReplicas"), age(obj, now), *containers(template_spec(obj)), selector(obj),
    ]  # fmt: skip


def replica_set(obj: JSONObject, now: float) -> list[Any]:
    """ReplicaSet."""
    return [
        obj["metadata"]["name"], obj["spec"].get("replicas", 0), _count(obj, "replicas"), _count(obj, "readyReplicas"),
        age(obj, now), *containers(template_spec(obj)), selector(obj),
    ]  # fmt: skip


def stateful_set(obj: JSONObject, now: float) -> list[Any]:
    """StatefulSet."""
    ready = f"{_count(obj, 'readyReplicas')}/{obj['spec'].get('replicas', 0)}"
    return [obj["metadata"]["name"], ready, age(obj, now), *containers(template_spec(obj))]


def daemon_set(obj: JSONObject, now: float) -> list[Any]:
    """DaemonSet."""
    counts = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled",
              "numberAvailable")  # fmt: skip
    spec = template_spec(obj)
    return [
        obj["metadata"]["name"], *(_count(obj, c) for c in counts), labels_text(spec.get("nodeSelector")),
        age(obj, now), *containers(spec), selector(obj),
    ]  # fmt: skip


def job(obj: JSONObject, now: float) -> list[Any]:
    """Job."""
    spec, status = obj["spec"], obj.get("status") or {}
    done, wanted, parallel = status.get("succeeded") or 0, spec.get("completions"), spec.get("parallelism") or 0
    if wanted is not None:
        completions = f"{done}/{wanted}"
    else:
        completions = f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    start, end = parse_time(status.get("startTime")), parse_time(status.get("completionTime"))
    duration = "" if start is None else human_duration((now if end is None else end) - start)
    held = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    deleted = "Terminating" if obj["metadata"].get("deletionTimestamp") else ""
    order = [("Complete", "Complete"), ("Failed", "Failed"), ("", deleted), ("Suspended", "Suspended"),
             ("FailureTarget", "FailureTarget"), ("SuccessCriteriaMet", "SuccessCriteriaMet")]  # fmt: skip
    state = next((text for kind, text in order if text and (kind in held or not kind)), "Running")
    return [
        obj["metadata"]["name"], state, completions, duration, age(obj, now), *containers(template_spec(obj)),
        selector(obj),
    ]  # fmt: skip


def cron_job(obj: JSONObject, now: float) -> list[Any]:
    """CronJob."""
    spec, status = obj["spec"], obj.get("status") or {}
    last = since(status["lastScheduleTime"], now) if status.get("lastScheduleTime") else NONE
    job_spec = dig(spec, "jobTemplate", "spec") or {}
    suspended = "<unset>" if spec.get("suspend") is None else str(bool(spec["suspend"]))
    return [
        obj["metadata"]["name"], spec.get("schedule", ""), spec.get("timeZone") or NONE, suspended,
        len(status.get("active") or ()), last, age(obj, now), *containers(dig(job_spec, "template", "spec")),
        selector_text(job_spec.get("selector")),
    ]  # fmt: skip


def _metric(spec: JSONObject, status: JSONObject) -> str:
    kind = spec.get("type", "")
    key = kind[:1].lower() + kind[1:]
    target, current = dig(spec, key, "target") or {}, dig(status, key, "current") or {}
    name = f"{dig(spec, key, 'name')}: " if key in ("resource", "containerResource") else ""
    if target.get("averageValue") is not None:
        suffix = " (avg)" if key in ("external", "object") else ""
        return f"{name}{current.get('averageValue', UNKNOWN)}/{target['averageValue']}{suffix}"
    if name:
        used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
        return f"{name}{UNKNOWN if used is None else f'{used}%'}/{'<auto>' if wanted is None else f'{wanted}%'}"
    return f"{current.get('value', UNKNOWN)}/{target.get('value', '0')}"


def autoscaler(obj: JSONObject, now: float) -> list[Any]:
    """HorizontalPodAutoscaler."""
    spec, status = obj["spec"], obj.get("status") or {}
    specs, current = spec.get("metrics") or [], status.get("currentMetrics") or []
    texts = [_metric(m, current[i] if i < len(current) else {}) for i, m in enumerate(specs)]
    text = ", ".join(texts[:2]) if texts else NONE
    if len(texts) > 2:
        text += f" + {len(texts) - 2} more..."
    target = spec.get("scaleTargetRef") or {}
    low = spec.get("minReplicas")
    return [
        obj["metadata"]["name"], f"{target.get('kind', '')}/{target.get('name', '')}", text,
        UNSET if low is None else str(low), spec.get("maxReplicas", 0), status.get("currentReplicas") or 0,
        age(obj, now),
    ]  # fmt: skip


def disruption_budget(obj: JSONObject, now: float) -> list[Any]:
    """PodDisruptionBudget."""
    spec = obj["spec"]
    bounds = ["N/A" if spec.get(k) is None else str(spec[k]) for k in ("minAvailable", "maxUnavailable")]
    return [obj["metadata"]["name"], *bounds, _count(obj, "disruptionsAllowed"), age(obj, now)]
