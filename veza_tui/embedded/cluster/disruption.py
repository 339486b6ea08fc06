"""PodDisruptionBudget status."""

from __future__ import annotations

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import (
    Object,
    condition,
    controller_of,
    deleting,
    int_or_percent,
    key_of,
    matches,
    pod_active,
    pod_ready,
    rfc3339,
)

BUDGETS, PODS = "poddisruptionbudgets.policy", "pods"
_SCALED = {"ReplicaSet": "replicasets.apps", "StatefulSet": "statefulsets.apps"}


class DisruptionController:
    """Counts healthy pods behind each budget."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        cluster.watch(BUDGETS, self._on_budget)
        cluster.watch(PODS, self._on_pod)

    def _on_budget(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.queue.add(self, key_of(new))

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and _relevant(old) == _relevant(new):
            return
        pod = new or old
        assert pod is not None
        for budget in self.cluster.namespaced(BUDGETS, pod["metadata"]["namespace"]):
            if matches(budget["spec"].get("selector"), pod["metadata"].get("labels")):
                self.queue.add(self, key_of(budget))

    def reconcile(self, key: Key) -> None:
        """Write the status."""
        budget = self.cluster.get(BUDGETS, *key)
        if budget is None or deleting(budget):
            return
        selector = budget["spec"].get("selector")
        pods = [
            p
            for p in self.cluster.namespaced(PODS, key[0])
            if pod_active(p) and matches(selector, p["metadata"].get("labels"))
        ]
        expected = self._expected(pods)
        spec = budget["spec"]
        if spec.get("maxUnavailable") is not None:
            desired = max(expected - int_or_percent(spec["maxUnavailable"], expected, up=True), 0)
        else:
            desired = int_or_percent(spec.get("minAvailable", 1), expected, up=True)
        healthy = sum(1 for p in pods if pod_ready(p))
        allowed = max(healthy - desired, 0) if expected else 0
        before = budget.get("status") or {}
        state = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        had = condition(before.get("conditions"), "DisruptionAllowed")
        generation = budget["metadata"].get("generation", 1)
        fresh: Object = {
            "type": "DisruptionAllowed",
            "status": state[0],
            "observedGeneration": generation,
            "lastTransitionTime": (
                had["lastTransitionTime"] if had and had["status"] == state[0] else rfc3339(self.cluster.now())
            ),
            "reason": state[1],
            "message": "",
        }
        status = {
            **before,
            "conditions": [fresh],
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": generation,
        }
        if status != before:
            self.cluster.set_status(BUDGETS, budget, status)

    def _expected(self, pods: list[Object]) -> int:
        total, seen = 0, set()
        for pod in pods:
            owner = controller_of(pod)
            if owner is None or owner["kind"] not in _SCALED:
                total += 1
                continue
            if owner["uid"] in seen:
                continue
            seen.add(owner["uid"])
            found = self.cluster.get(_SCALED[owner["kind"]], pod["metadata"]["namespace"], owner["name"])
            above = controller_of(found) if found is not None else None
            if above is not None and above["kind"] == "Deployment":
                if above["uid"] in seen:
                    continue
                seen.add(above["uid"])
                found = self.cluster.get("deployments.apps", pod["metadata"]["namespace"], above["name"])
            total += int(found["spec"].get("replicas", 1)) if found is not None else 1
        return total


def _relevant(pod: Object) -> tuple[object, ...]:
    return pod_ready(pod), pod_active(pod), pod["metadata"].get("labels")
