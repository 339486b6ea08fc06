"""Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, autoscalers, disruption budgets."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.selectors import selector_matches
from veza_tui.embedded.api.validation.base import IMMUTABLE, Problems
from veza_tui.embedded.api.validation.meta import labels, selector
from veza_tui.embedded.api.validation.pod import pod_spec

JSONObject = dict[str, Any]


_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")


def _template(problems: Problems, spec: JSONObject, *, only: tuple[str, ...] = ("Always",)) -> None:
    """The pod template against the selector."""
    template = spec.get("template") or {}
    template_labels = (template.get("metadata") or {}).get("labels")
    chosen = spec.get("selector")
    if any(e.get("operator") not in _OPERATORS for e in (chosen or {}).get("matchExpressions") or ()):
        problems.invalid("spec.selector", chosen, "invalid label selector")
        return
    if chosen != {} and not selector_matches(chosen, template_labels or {}):
        text = "`selector` does not match template `labels`"
        problems.invalid("spec.template.metadata.labels", template_labels, text)
    labels(problems, template_labels, "spec.template.labels")
    pod_spec(problems, template.get("spec") or {}, "spec.template.spec")
    policy = (template.get("spec") or {}).get("restartPolicy", "Always")
    if policy not in only:
        problems.unsupported("spec.template.spec.restartPolicy", policy, only)
    if (template.get("spec") or {}).get("activeDeadlineSeconds") is not None:
        text = "activeDeadlineSeconds in ReplicaSet is not Supported"
        problems.forbidden("spec.template.spec.activeDeadlineSeconds", text)


def _selector(problems: Problems, spec: JSONObject, kind: str) -> None:
    chosen = spec.get("selector")
    if chosen is None:
        problems.required("spec.selector")
        return
    selector(problems, chosen, "spec.selector")
    if not chosen.get("matchLabels") and not chosen.get("matchExpressions"):
        problems.invalid("spec.selector", chosen, f"empty selector is invalid for {kind}")


def _unchanged_selector(problems: Problems, spec: JSONObject, old: JSONObject | None) -> None:
    if old is not None and spec.get("selector") != old["spec"].get("selector"):
        problems.invalid("spec.selector", spec.get("selector"), IMMUTABLE)


def deployment(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Deployment."""
    spec = obj["spec"]
    problems.nonnegative("spec.replicas", spec.get("replicas"))
    _selector(problems, spec, "deployment")
    _template(problems, spec)
    strategy = spec.get("strategy") or {}
    rolling = strategy.get("rollingUpdate")
    if strategy.get("type") == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            problems.forbidden("spec.strategy.rollingUpdate", text)
    elif strategy.get("type") == "RollingUpdate":
        path = "spec.strategy.rollingUpdate"
        problems.int_or_percent(f"{path}.maxUnavailable", (rolling or {}).get("maxUnavailable"))
        problems.int_or_percent(f"{path}.maxSurge", _any_percent((rolling or {}).get("maxSurge")))
        if all(str((rolling or {}).get(k)) in ("0", "0%") for k in ("maxUnavailable", "maxSurge")):
            text = "may not be 0 when `maxSurge` is 0"
            problems.invalid(f"{path}.maxUnavailable", (rolling or {}).get("maxUnavailable"), text)
    else:
        shown = {"Type": strategy.get("type", ""), "RollingUpdate": rolling}
        problems.unsupported("spec.strategy", shown, ("Recreate", "RollingUpdate"))
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        problems.nonnegative(f"spec.{key}", spec.get(key))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        problems.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    _unchanged_selector(problems, spec, old)


def _any_percent(value: Any) -> Any:
    """maxSurge may be above 100 %."""
    if isinstance(value, str) and value.endswith("%") and value[:-1].isdigit():
        return "100%" if int(value[:-1]) > 100 else value
    return value


def replica_set(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """ReplicaSet."""
    spec = obj["spec"]
    problems.nonnegative("spec.replicas", spec.get("replicas"))
    problems.nonnegative("spec.minReadySeconds", spec.get("minReadySeconds"))
    _selector(problems, spec, "deployment")
    _template(problems, spec)
    _unchanged_selector(problems, spec, old)


def stateful_set(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """StatefulSet."""
    spec = obj["spec"]
    problems.nonnegative("spec.replicas", spec.get("replicas"))
    _selector(problems, spec, "statefulset")
    _template(problems, spec)
    if old is None:
        return
    changeable = {"replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
                  "persistentVolumeClaimRetentionPolicy", "minReadySeconds"}  # fmt: skip
    if any(spec.get(k) != old["spec"].get(k) for k in {*spec, *old["spec"]} - changeable):
        text = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        problems.forbidden("spec", text)


def daemon_set(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """DaemonSet."""
    _selector(problems, obj["spec"], "daemonset")
    _template(problems, obj["spec"])
    _unchanged_selector(problems, obj["spec"], old)


def job(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Job."""
    spec = obj["spec"]
    for key in ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"):
        problems.nonnegative(f"spec.{key}", spec.get(key))
    _job_template(problems, spec, "spec")
    if old is None:
        return
    before = old["spec"]
    if spec.get("completionMode") != "Indexed" and spec.get("completions") != before.get("completions"):
        problems.invalid("spec.completions", spec.get("completions"), IMMUTABLE)
    for key in ("selector", "completionMode", "template"):
        started = (old.get("status") or {}).get("startTime") is not None
        suspended = before.get("suspend") and not started
        if spec.get(key) != before.get(key) and not (key == "template" and suspended):
            problems.invalid(f"spec.{key}", spec.get(key), IMMUTABLE)


def _job_template(problems: Problems, spec: JSONObject, path: str) -> None:
    pod = (spec.get("template") or {}).get("spec") or {}
    pod_spec(problems, pod, f"{path}.template.spec")
    policy = pod.get("restartPolicy")
    if policy == "Always":
        problems.required(f"{path}.template.spec.restartPolicy", 'valid values: "OnFailure", "Never"')


def cron_job(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """CronJob."""
    spec = obj["spec"]
    if not spec.get("schedule"):
        problems.required("spec.schedule")
    elif len(spec["schedule"].split()) != 5 and not spec["schedule"].startswith("@"):
        count = len(spec["schedule"].split())
        text = f"expected exactly 5 fields, found {count}: [{spec['schedule']}]"
        problems.invalid("spec.schedule", spec["schedule"], text)
    problems.choice("spec.concurrencyPolicy", spec.get("concurrencyPolicy"), ("Allow", "Forbid", "Replace"))
    for key in ("startingDeadlineSeconds", "successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
        problems.nonnegative(f"spec.{key}", spec.get(key))
    _job_template(problems, (spec.get("jobTemplate") or {}).get("spec") or {}, "spec.jobTemplate.spec")


def autoscaler(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """HorizontalPodAutoscaler."""
    spec = obj["spec"]
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and low < 1:
        problems.invalid("spec.minReplicas", low, "must be greater than or equal to 1")
    if high < 1:
        problems.invalid("spec.maxReplicas", high, "must be greater than 0")
    if low is not None and high < low:
        problems.invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`")
    target = spec.get("scaleTargetRef") or {}
    for key in ("kind", "name"):
        if not target.get(key):
            problems.required(f"spec.scaleTargetRef.{key}")
    if target.get("kind") in ("", None, "Deployment", "ReplicaSet", "StatefulSet") and "/" not in target.get(
        "apiVersion", ""
    ):
        text = "apiVersion must specify API group"
        problems.invalid("spec.scaleTargetRef.apiVersion", target.get("apiVersion", ""), text)
    for index, metric in enumerate(spec.get("metrics") or ()):
        _metric(problems, metric, f"spec.metrics[{index}]")
    if low == 0 and not any(m.get("type") in ("Object", "External") for m in spec.get("metrics") or ()):
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        problems.forbidden("spec.metrics", text)


def _metric(problems: Problems, metric: JSONObject, path: str) -> None:
    kind = metric.get("type", "")
    kinds = ("ContainerResource", "External", "Object", "Pods", "Resource")
    if not kind:
        problems.required(f"{path}.type", "must specify a metric source type")
        return
    if kind not in kinds:
        problems.unsupported(f"{path}.type", kind, kinds)
        return
    key = kind[0].lower() + kind[1:]
    source = metric.get(key)
    if source is None:
        problems.required(f"{path}.{key}", "must populate information for the given metric source")
        return
    target = source.get("target") or {}
    if key in ("resource", "containerResource"):
        if not source.get("name"):
            problems.required(f"{path}.{key}.name", "must specify a resource name")
        utilization, average = target.get("averageUtilization"), target.get("averageValue")
        if utilization is not None and utilization < 1:
            problems.invalid(f"{path}.{key}.target.averageUtilization", utilization, "must be greater than 0")
        if utilization is None and average is None:
            text = "must set either a target raw value or a target utilization"
            problems.required(f"{path}.{key}.target.averageUtilization", text)
        elif utilization is not None and average is not None:
            text = "may not set both a target raw value and a target utilization"
            problems.forbidden(f"{path}.{key}.target.averageValue", text)


def disruption_budget(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """PodDisruptionBudget."""
    spec = obj["spec"]
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        problems.invalid("spec", _in_go_order(spec), "minAvailable and maxUnavailable cannot be both set")
    for key in ("minAvailable", "maxUnavailable"):
        if spec.get(key) is not None:
            problems.int_or_percent(f"spec.{key}", spec[key])
    selector(problems, spec.get("selector"), "spec.selector")
    if spec.get("unhealthyPodEvictionPolicy"):
        policies = ("AlwaysAllow", "IfHealthyBudget")
        problems.choice("spec.unhealthyPodEvictionPolicy", spec["unhealthyPodEvictionPolicy"], policies)


def _in_go_order(spec: JSONObject) -> JSONObject:
    order = ("minAvailable", "selector", "maxUnavailable", "unhealthyPodEvictionPolicy")
    return {k[0].upper() + k[1:]: spec.get(k) for k in order}
