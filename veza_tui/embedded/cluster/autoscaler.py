"""The HorizontalPodAutoscaler controller: CPU and memory utilisation of a Deployment's ready pods."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.metrics import Metrics
from veza_tui.embedded.cluster.objects import (
    Object,
    condition,
    deleting,
    key_of,
    matches,
    pod_active,
    pod_ready,
    quantity,
    rfc3339,
)

AUTOSCALERS, PODS = "horizontalpodautoscalers.autoscaling", "pods"
_TARGETS = {"Deployment": "deployments.apps", "ReplicaSet": "replicasets.apps"}
_PERIOD = 15.0
_TOLERANCE = 0.1
_STABILIZE = 300.0
"""Scale-down waits until no recommendation of the last 300 s was higher."""
_NOISE = 3
"""Percentage points by which a metric must move to be written again: an idle platform stays silent."""


class AutoscalerController:
    """Each autoscaler is looked at every 15 s, one timer each."""

    def __init__(self, cluster: Cluster, queue: WorkQueue, metrics: Metrics) -> None:
        self.cluster = cluster
        self.queue = queue
        self.metrics = metrics
        self._wanted: dict[Key, deque[tuple[float, int]]] = {}
        cluster.watch(AUTOSCALERS, self._on_autoscaler)

    def _on_autoscaler(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None:
            self._wanted.pop(key_of(old), None)
        elif new is not None and (old is None or old["spec"] != new["spec"]):
            self.queue.add(self, key_of(new))

    def reconcile(self, key: Key) -> None:
        """Measure, recommend, scale, write the status."""
        hpa = self.cluster.get(AUTOSCALERS, *key)
        if hpa is None or deleting(hpa):
            return
        self.queue.add(self, key, _PERIOD)
        reference = hpa["spec"]["scaleTargetRef"]
        resource = _TARGETS.get(reference.get("kind", ""))
        target = self.cluster.get(resource, key[0], reference["name"]) if resource else None
        conditions: list[Object] = clone((hpa.get("status") or {}).get("conditions") or [])
        if target is None or resource is None:
            where = f'{reference.get("kind", "").lower()}s.apps "{reference["name"]}" not found'
            text = f"the HPA controller was unable to get the target's current scale: {where}"
            self._condition(conditions, "AbleToScale", "False", "FailedGetScale", text)
            self._write(hpa, 0, 0, [], conditions, scaled=False)
            return
        current = int(target["spec"].get("replicas", 1))
        if current == 0:
            text = "scaling is disabled since the replica count of the target is zero"
            self._condition(conditions, "ScalingActive", "False", "ScalingDisabled", text)
            self._write(hpa, 0, 0, [], conditions, scaled=False)
            return
        recommendation, measured, reason = self._recommend(hpa, target, current)
        if recommendation is None:
            text = f"the HPA was unable to compute the replica count: {reason}"
            self._condition(conditions, "ScalingActive", "False", "FailedGetResourceMetric", text)
            self._write(hpa, current, current, measured, conditions, scaled=False)
            return
        text = f"the HPA was able to successfully calculate a replica count from {reason}"
        self._condition(conditions, "ScalingActive", "True", "ValidMetricFound", text)
        desired = self._limit(hpa, conditions, self._stabilize(key, recommendation, current))
        if desired != current:
            word = "above" if desired > current else "below"
            why = f"{reason} above target" if word == "above" else "All metrics below target"
            if not int(hpa["spec"].get("minReplicas", 1)) <= current <= int(hpa["spec"]["maxReplicas"]):
                low = current < desired
                why = f"Current number of replicas {'below Spec.MinReplicas' if low else 'above Spec.MaxReplicas'}"
            self._scale(resource, target, desired)
            self.cluster.event(
                hpa, "Normal", "SuccessfulRescale", f"New size: {desired}; reason: {why}", "horizontal-pod-autoscaler"
            )
            text = f"the HPA controller was able to update the target scale to {desired}"
            self._condition(conditions, "AbleToScale", "True", "SucceededRescale", text)
        else:
            stable = desired > recommendation
            reason = "ScaleDownStabilized" if stable else "ReadyForNewScale"
            text = "recent recommendations were higher than current one, applying the highest recent recommendation"
            text = text if stable else "recommended size matches current size"
            self._condition(conditions, "AbleToScale", "True", reason, text)
        self._write(hpa, current, desired, measured, conditions, scaled=desired != current)

    def _recommend(self, hpa: Object, target: Object, current: int) -> tuple[int | None, list[Object], str]:
        pods = [
            p
            for p in self.cluster.namespaced(PODS, hpa["metadata"]["namespace"])
            if pod_active(p) and pod_ready(p) and matches(target["spec"].get("selector"), p["metadata"].get("labels"))
        ]
        best: int | None = None
        measured: list[Object] = []
        why = "no metrics given"
        for metric in hpa["spec"].get("metrics") or ():
            name = (metric.get("resource") or {}).get("name", "")
            goal = (metric.get("resource") or {}).get("target", {}).get("averageUtilization")
            if metric.get("type") != "Resource" or goal is None:
                why = "invalid metrics (1 invalid out of 1)"
                continue
            used, requested, count = self._sum(pods, name)
            if not count or not requested:
                text = "did not receive metrics for targeted pods (pods might be unready)"
                why = f"failed to get {name} utilization: {text}"
                continue
            utilization = math.floor(100 * used / requested)
            ratio = utilization / float(goal)
            size = current if abs(ratio - 1) <= _TOLERANCE else max(math.ceil(ratio * count), 1)
            measured.append(_measured(name, utilization, used / count))
            if best is None or size > best:
                best, why = size, f"{name} resource utilization (percentage of request)"
        return best, measured, why

    def _sum(self, pods: list[Object], name: str) -> tuple[float, float, int]:
        used = requested = 0.0
        count = 0
        for pod in pods:
            usage = self.metrics.usage(pod)
            if usage is None:
                continue
            count += 1
            for container in pod["spec"].get("containers") or ():
                requests = (container.get("resources") or {}).get("requests") or {}
                requested += quantity(requests.get(name)) * (1000 if name == "cpu" else 1)
                used += usage.get(container["name"], (0.0, 0))[0 if name == "cpu" else 1]
        return used, requested, count

    def _stabilize(self, key: Key, recommendation: int, current: int) -> int:
        now = self.cluster.now()
        past = self._wanted.setdefault(key, deque())
        while past and past[0][0] < now - _STABILIZE * self.cluster.clock.scale:
            past.popleft()
        # Who knows nothing recent takes the present size for recommended, as a controller does that has just started.
        past.append((now, recommendation if past else max(current, recommendation)))
        return recommendation if recommendation >= current else max(min(current, s) for _, s in past)

    def _limit(self, hpa: Object, conditions: list[Object], desired: int) -> int:
        low, high = int(hpa["spec"].get("minReplicas", 1)), int(hpa["spec"]["maxReplicas"])
        if desired < low:
            text = "the desired replica count is less than the minimum replica count"
            self._condition(conditions, "ScalingLimited", "True", "TooFewReplicas", text)
            return low
        if desired > high:
            text = "the desired replica count is more than the maximum replica count"
            self._condition(conditions, "ScalingLimited", "True", "TooManyReplicas", text)
            return high
        text = "the desired count is within the acceptable range"
        self._condition(conditions, "ScalingLimited", "False", "DesiredWithinRange", text)
        return desired

    def _scale(self, resource: str, target: Object, replicas: int) -> None:
        def put(obj: Object) -> None:
            obj["spec"]["replicas"] = replicas

        namespace, name = key_of(target)
        self.cluster.store.mutate(resource, namespace, name, put, manager="kube-controller-manager")

    def _condition(self, conditions: list[Object], kind: str, status: str, reason: str, message: str) -> None:
        had = condition(conditions, kind)
        since = had["lastTransitionTime"] if had and had["status"] == status else rfc3339(self.cluster.now())
        fresh = {"type": kind, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        index = next((i for i, c in enumerate(conditions) if c["type"] == kind), len(conditions))
        conditions[index : index + 1] = [fresh]

    def _write(
        self,
        hpa: Object,
        current: int,
        desired: int,
        measured: list[Object],
        conditions: list[Object],
        *,
        scaled: bool,
    ) -> None:
        before = hpa.get("status") or {}
        had = before.get("currentMetrics") or []
        if len(had) == len(measured) and all(map(_close, had, measured)):
            measured = had
        status: Object = {"currentReplicas": current, "desiredReplicas": desired, "conditions": conditions}
        if measured:
            status["currentMetrics"] = measured
        if scaled:
            status["lastScaleTime"] = rfc3339(self.cluster.now())
        elif before.get("lastScaleTime"):
            status["lastScaleTime"] = before["lastScaleTime"]
        if status != before:
            self.cluster.set_status(AUTOSCALERS, hpa, status)


def _measured(name: str, utilization: int, average: float) -> Object:
    value = f"{round(average)}m" if name == "cpu" else str(round(average))
    current = {"averageUtilization": utilization, "averageValue": value}
    return {"type": "Resource", "resource": {"name": name, "current": current}}


def _close(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    a, b = one["resource"], other["resource"]
    return bool(
        a["name"] == b["name"]
        and abs(a["current"].get("averageUtilization", 0) - b["current"].get("averageUtilization", 0)) < _NOISE
    )
