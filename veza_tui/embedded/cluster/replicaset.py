"""The ReplicaSet controller: as many pods as wanted, made in slow-start batches, removed in Kubernetes' order."""

from __future__ import annotations

from collections import Counter
from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import (
    Object,
    condition,
    controller_of,
    deleting,
    matches,
    owner_reference,
    parse_time,
    pod_active,
    pod_ready,
    random_suffix,
    rfc3339,
    uid_of,
)

REPLICA_SETS, PODS = "replicasets.apps", "pods"
_SOURCE = "replicaset-controller"
_BATCH = 100
"""Pods made or deleted in one go (Kubernetes takes 500, but has no event loop to hold up)."""
_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}


class ReplicaSetController:
    """One instance for all ReplicaSets."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        cluster.watch(REPLICA_SETS, self._on_set)
        cluster.watch(PODS, self._on_pod)

    def _on_set(self, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is not None:
            self.queue.add(self, (obj["metadata"]["namespace"], obj["metadata"]["name"]))

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is None:
            return
        namespace = obj["metadata"]["namespace"]
        owner = controller_of(obj)
        if owner is not None:
            if owner["kind"] == "ReplicaSet":
                self.queue.add(self, (namespace, owner["name"]))
            return
        if new is not None and pod_active(new):
            for rs in self.cluster.namespaced(REPLICA_SETS, namespace):
                if matches(rs["spec"].get("selector"), new["metadata"].get("labels")):
                    self.queue.add(self, (namespace, rs["metadata"]["name"]))

    def reconcile(self, key: Key) -> None:
        """Claim pods, make or delete what is missing or too many, write the status."""
        rs = self.cluster.get(REPLICA_SETS, *key)
        if rs is None:
            return
        pods = self._claim(rs)
        failure: tuple[str, str] | None = None
        if not deleting(rs):
            failure = self._manage(rs, pods)
        self._status(rs, pods, failure)

    def _claim(self, rs: Object) -> list[Object]:
        selector = rs["spec"].get("selector")
        mine = []
        for pod in list(self.cluster.owned(PODS, uid_of(rs))):
            if matches(selector, pod["metadata"].get("labels")):
                if pod_active(pod):
                    mine.append(pod)
            elif not deleting(pod):
                self.cluster.release(PODS, pod, uid_of(rs))
        if not deleting(rs):
            for pod in list(self.cluster.orphans(PODS, rs["metadata"]["namespace"])):
                if pod_active(pod) and matches(selector, pod["metadata"].get("labels")):
                    adopted = self.cluster.adopt(PODS, pod, owner_reference(rs))
                    if adopted is not None:
                        mine.append(adopted)
        return mine

    def _manage(self, rs: Object, pods: list[Object]) -> tuple[str, str] | None:
        difference = len(pods) - int(rs["spec"].get("replicas", 1))
        if difference < 0:
            return self._grow(rs, min(-difference, _BATCH), -difference)
        if difference > 0:
            for pod in deletion_order(pods)[: min(difference, _BATCH)]:
                self.cluster.delete(PODS, pod)
                text = f"Deleted pod: {pod['metadata']['name']}"
                self.cluster.event(rs, "Normal", "SuccessfulDelete", text, _SOURCE)
            if difference > _BATCH:
                self.queue.add(self, (rs["metadata"]["namespace"], rs["metadata"]["name"]), 0.02)
        return None

    def _grow(self, rs: Object, count: int, missing: int) -> tuple[str, str] | None:
        batch, left = 1, count
        while left > 0:
            for _ in range(min(batch, left)):
                try:
                    pod = self.cluster.create(PODS, new_pod(rs))
                except ApiError as error:
                    # Slow start: what fails in a small batch is not tried for the rest.
                    self.cluster.event(rs, "Warning", "FailedCreate", f"Error creating: {error}", _SOURCE)
                    self.queue.add(self, (rs["metadata"]["namespace"], rs["metadata"]["name"]), 5.0)
                    return "FailedCreate", str(error)
                text = f"Created pod: {pod['metadata']['name']}"
                self.cluster.event(rs, "Normal", "SuccessfulCreate", text, _SOURCE)
            left -= min(batch, left)
            batch *= 2
        if missing > count:
            self.queue.add(self, (rs["metadata"]["namespace"], rs["metadata"]["name"]), 0.02)
        return None

    def _status(self, stale: Object, pods: list[Object], failure: tuple[str, str] | None) -> None:
        rs = self.cluster.get(REPLICA_SETS, stale["metadata"]["namespace"], stale["metadata"]["name"])
        if rs is None or uid_of(rs) != uid_of(stale):
            return
        minimum = float(rs["spec"].get("minReadySeconds") or 0)
        pods = [p for p in self.cluster.owned(PODS, uid_of(rs)) if pod_active(p)]
        ready = [p for p in pods if pod_ready(p)]
        available, wait = len(ready), 0.0
        if minimum:
            left = [self.cluster.ready_for(p, minimum) for p in ready]
            available = sum(1 for seconds in left if seconds <= 0)
            wait = min((s for s in left if s > 0), default=0.0)
        labels = (rs["spec"].get("template", {}).get("metadata") or {}).get("labels") or {}
        full = sum(1 for p in pods if labels.items() <= (p["metadata"].get("labels") or {}).items())
        status: Object = {"replicas": len(pods)}
        for name, value in (
            ("fullyLabeledReplicas", full),
            ("readyReplicas", len(ready)),
            ("availableReplicas", available),
        ):
            if value:
                status[name] = value
        status["observedGeneration"] = stale["metadata"].get("generation", 1)
        conditions = self._conditions(rs, failure)
        if conditions:
            status["conditions"] = conditions
        if status != rs.get("status"):
            self.cluster.set_status(REPLICA_SETS, rs, status)
        if wait:
            self.queue.add(self, (rs["metadata"]["namespace"], rs["metadata"]["name"]), wait + 0.02)

    def _conditions(self, rs: Object, failure: tuple[str, str] | None) -> list[Object]:
        have: list[Object] = list((rs.get("status") or {}).get("conditions") or [])
        old = condition(have, "ReplicaFailure")
        if failure is None:
            return [c for c in have if c["type"] != "ReplicaFailure"]
        if old is not None and old.get("reason") == failure[0]:
            return have
        fresh = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": rfc3339(self.cluster.now()),
            "reason": failure[0],
            "message": failure[1],
        }
        return [*(c for c in have if c["type"] != "ReplicaFailure"), fresh]


def new_pod(owner: Object, *, name: str = "") -> Object:
    """A pod of the owner's template, ``OWNER-xxxxx``."""
    template: dict[str, Any] = owner["spec"]["template"]
    meta = template.get("metadata") or {}
    prefix = f"{owner['metadata']['name']}-"[:58]
    metadata: Object = {
        "generateName": f"{owner['metadata']['name']}-",
        "name": name or prefix + random_suffix(),
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(meta.get("labels") or {}),
        "ownerReferences": [owner_reference(owner)],
    }
    if meta.get("annotations"):
        metadata["annotations"] = dict(meta["annotations"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": clone(template["spec"])}


def deletion_order(pods: list[Object]) -> list[Object]:
    """Whom to delete first (ActivePodsWithRanks): unscheduled, pending, not ready, cheap, crowded, young, restarted."""
    crowd = Counter(p["spec"].get("nodeName", "") for p in pods if pod_ready(p))

    def rank(pod: Object) -> tuple[Any, ...]:
        ready = condition(pod.get("status", {}).get("conditions"), "Ready")
        since = parse_time(ready.get("lastTransitionTime")) if ready else 0.0
        statuses = pod.get("status", {}).get("containerStatuses") or ()
        cost = (pod["metadata"].get("annotations") or {}).get("controller.kubernetes.io/pod-deletion-cost", "0")
        return (
            bool(pod["spec"].get("nodeName")),
            _PHASES.get(pod.get("status", {}).get("phase", "Pending"), 0),
            pod_ready(pod),
            int(cost) if cost.lstrip("-").isdigit() else 0,
            -crowd[pod["spec"].get("nodeName", "")],
            -since,
            -sum(int(s.get("restartCount", 0)) for s in statuses),
            -parse_time(pod["metadata"].get("creationTimestamp")),
        )

    return sorted(pods, key=rank)
