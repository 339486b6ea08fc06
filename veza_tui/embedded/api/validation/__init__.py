"""What Kubernetes refuses, in its own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from veza_tui.embedded.api.errors import Cause, invalid
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.validation import config, workloads
from veza_tui.embedded.api.validation.base import Problems
from veza_tui.embedded.api.validation.meta import metadata, metadata_update
from veza_tui.embedded.api.validation.pod import pod_spec, pod_update
from veza_tui.embedded.api.validation.values import values

JSONObject = dict[str, Any]
Rule = Callable[[Problems, JSONObject, JSONObject | None], None]


def _pod(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    pod_spec(problems, obj["spec"], "spec")


_RULES: dict[str, Rule] = {
    "Deployment": workloads.deployment, "ReplicaSet": workloads.replica_set, "StatefulSet": workloads.stateful_set,
    "DaemonSet": workloads.daemon_set, "Job": workloads.job, "CronJob": workloads.cron_job,
    "HorizontalPodAutoscaler": workloads.autoscaler, "PodDisruptionBudget": workloads.disruption_budget,
    "ConfigMap": config.config_map, "Secret": config.secret, "Service": config.service, "Lease": config.lease,
    "Event": config.event, "EndpointSlice": config.endpoint_slice, "RoleBinding": config.binding,
    "ClusterRoleBinding": config.binding, "Ingress": config.ingress, "NetworkPolicy": config.network_policy,
    "Pod": _pod,
}  # fmt: skip


def check(kind: ResourceType, obj: JSONObject, old: JSONObject | None, subresource: str = "") -> list[Cause]:
    """Everything wrong with ``obj``; ``old`` is the stored object on update. What did not change is not looked at."""
    problems = Problems()
    metadata(problems, kind.kind, obj["metadata"])
    if old is not None:
        metadata_update(problems, obj["metadata"], old["metadata"])
    same = old is not None and all(obj.get(k) == old.get(k) for k in {*obj, *old} - {"metadata", "status"})
    if same:
        return problems.causes
    rule = _RULES.get(kind.kind)
    if rule is not None:
        rule(problems, obj, old)
    if not problems.causes:
        values(problems, kind.kind, obj)
    if kind.kind == "Pod" and old is not None:
        pod_update(problems, obj["spec"], old["spec"], subresource)
    return problems.causes


def check_status(kind: ResourceType, obj: JSONObject, old: JSONObject) -> None:
    """Refuse a status that cannot be; raises ApiError 422."""
    problems = Problems()
    for key, value in (obj.get("status") or {}).items():
        if key.endswith("eplicas") or key in ("active", "succeeded", "failed"):
            problems.nonnegative(f"status.{key}", value)
    if problems.causes:
        raise invalid(kind.kind, kind.group, obj["metadata"]["name"], problems.causes)
