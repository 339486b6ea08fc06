"""The scheduler: binds pods to nodes by requests, node selectors, taints and cordons; says why it cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import (
    Object,
    condition,
    deleting,
    key_of,
    matches,
    pod_finished,
    pod_requests,
    quantity,
    rfc3339,
    uid_of,
)
from veza_tui.embedded.cluster.synthetic import SYNTHETIC
from veza_tui.embedded.cluster.timing import Timing

PODS, NODES, CLAIMS = "pods", "nodes", "persistentvolumeclaims"
_SOURCE = "default-scheduler"


class Scheduler:
    """Binds one pod at a time; pods that do not fit are tried again when something changes."""

    def __init__(self, cluster: Cluster, queue: WorkQueue, timing: Timing) -> None:
        self.cluster = cluster
        self.queue = queue
        self.timing = timing
        self._used: dict[str, dict[str, tuple[float, float, str, str]]] = {}
        """node -> pod uid -> (cores, bytes, owner, namespace)."""
        self._totals: dict[str, list[float]] = {}
        self._waiting: set[Key] = set()
        cluster.watch(PODS, self._on_pod)
        cluster.watch(NODES, self._on_node)
        cluster.watch(CLAIMS, self._on_claim)

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        before = old["spec"].get("nodeName") if old is not None and not pod_finished(old) else None
        after = new["spec"].get("nodeName") if new is not None and not pod_finished(new) else None
        if before != after or (old is None) != (new is None):
            if old is not None and before:
                self._free(before, uid_of(old))
                self._retry()
            if new is not None and after:
                self._take(after, new)
        if new is not None and not new["spec"].get("nodeName") and not deleting(new):
            if old is None or (_gated(old) and not _gated(new)):
                self.queue.add(self, key_of(new), self.timing.some(self.timing.schedule))
        elif new is None and old is not None:
            self._waiting.discard(key_of(old))

    def _on_node(self, old: Object | None, new: Object | None) -> None:
        if (
            old is None
            or new is None
            or old["spec"] != new["spec"]
            or old["metadata"].get("labels") != new["metadata"].get("labels")
        ):
            self._retry()

    def _on_claim(self, old: Object | None, new: Object | None) -> None:
        if old is None:
            self._retry()

    def _retry(self) -> None:
        for key in self._waiting:
            self.queue.add(self, key, 0.2)

    def _take(self, node: str, pod: Object) -> None:
        cpu, memory = pod_requests(pod)
        owners = pod["metadata"].get("ownerReferences") or [{"uid": uid_of(pod)}]
        self._used.setdefault(node, {})[uid_of(pod)] = (cpu, memory, owners[0]["uid"], pod["metadata"]["namespace"])
        total = self._totals.setdefault(node, [0.0, 0.0])
        total[0] += cpu
        total[1] += memory

    def _free(self, node: str, uid: str) -> None:
        cpu, memory, _, _ = self._used.get(node, {}).pop(uid, (0.0, 0.0, "", ""))
        total = self._totals.setdefault(node, [0.0, 0.0])
        total[0] -= cpu
        total[1] -= memory

    def reconcile(self, key: Key) -> None:
        """Bind the pod, or mark it Unschedulable."""
        pod = self.cluster.get(PODS, *key)
        if pod is None or deleting(pod) or pod["spec"].get("nodeName") or pod_finished(pod) or not _mine(pod):
            self._waiting.discard(key)
            return
        nodes = [n for n in self.cluster.all(NODES) if not deleting(n)]
        missing = self._missing_claim(pod)
        if missing:
            self._waiting.add(key)
            self._unschedulable(pod, unclaimed(len(nodes), missing))
            return
        reasons: Counter[str] = Counter()
        fitting = []
        for node in nodes:
            why = self._refusals(pod, node)
            if why:
                reasons.update(why)
            else:
                fitting.append(node)
        if not fitting:
            self._waiting.add(key)
            self._unschedulable(pod, refusal(len(nodes), reasons))
            self.queue.add(self, key, 60.0)
            return
        self._waiting.discard(key)
        self._bind(pod, min(fitting, key=lambda n: self._score(pod, n))["metadata"]["name"])

    def _score(self, pod: Object, node: Object) -> tuple[float, float, str]:
        name = node["metadata"]["name"]
        owners = pod["metadata"].get("ownerReferences") or [{"uid": ""}]
        siblings = 0
        for _, _, owner, _ in self._used.get(name, {}).values() if len(self._used.get(name, ())) < 500 else ():
            siblings += owner == owners[0]["uid"]
        total = self._totals.get(name, [0.0, 0.0])
        room = node["status"]["allocatable"]
        load = total[0] / (quantity(room["cpu"]) or 1) + total[1] / (quantity(room["memory"]) or 1)
        return siblings, load + len(self._used.get(name, ())) / 10000, name

    def _refusals(self, pod: Object, node: Object) -> list[str]:
        spec = pod["spec"]
        if node["spec"].get("unschedulable"):
            return ["node(s) were unschedulable"]
        for taint in node["spec"].get("taints") or ():
            if taint.get("effect") in ("NoSchedule", "NoExecute") and not _tolerated(spec, taint):
                value = taint.get("value") or ""
                return [f"node(s) had untolerated taint {{{taint['key']}: {value}}}"]
        labels = node["metadata"].get("labels") or {}
        if not _selected(spec, labels):
            return ["node(s) didn't match Pod's node affinity/selector"]
        room = node["status"]["allocatable"]
        total = self._totals.get(node["metadata"]["name"], [0.0, 0.0])
        cpu, memory = pod_requests(pod)
        out = []
        if len(self._used.get(node["metadata"]["name"], ())) + 1 > int(room.get("pods", 110)):
            out.append("Too many pods")
        if cpu and total[0] + cpu > quantity(room["cpu"]) + 1e-9:
            out.append("Insufficient cpu")
        if memory and total[1] + memory > quantity(room["memory"]):
            out.append("Insufficient memory")
        return out

    def _bind(self, pod: Object, node: str) -> None:
        def put(new: Object) -> None:
            new["spec"]["nodeName"] = node

        bound = self.cluster.change(PODS, pod, put, subresource="binding")
        if bound is None:
            return
        status = dict(bound.get("status") or {})
        status["phase"] = status.get("phase") or "Pending"
        scheduled: Object = {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": rfc3339(self.cluster.now()),
        }
        status["conditions"] = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"] + [scheduled]
        self.cluster.set_status(PODS, bound, status)
        if SYNTHETIC in (pod["metadata"].get("annotations") or {}):
            return
        namespace, name = key_of(pod)
        text = f"Successfully assigned {namespace}/{name} to {node}"
        self.cluster.event(pod, "Normal", "Scheduled", text, _SOURCE)

    def _missing_claim(self, pod: Object) -> str:
        for volume in pod["spec"].get("volumes") or ():
            name = (volume.get("persistentVolumeClaim") or {}).get("claimName")
            if name and self.cluster.get(CLAIMS, pod["metadata"]["namespace"], name) is None:
                return str(name)
        return ""

    def _unschedulable(self, pod: Object, text: str) -> None:
        status = dict(pod.get("status") or {})
        had = condition(status.get("conditions"), "PodScheduled")
        if had is None or had.get("message") != text:
            same = had is not None and had.get("status") == "False"
            fresh: Object = {
                "type": "PodScheduled",
                "status": "False",
                "lastProbeTime": None,
                "lastTransitionTime": had["lastTransitionTime"] if had and same else rfc3339(self.cluster.now()),
                "reason": "Unschedulable",
                "message": text,
            }
            status["phase"] = "Pending"
            status["conditions"] = [c for c in status.get("conditions") or () if c["type"] != "PodScheduled"] + [fresh]
            self.cluster.set_status(PODS, pod, status)
        self.cluster.event(pod, "Warning", "FailedScheduling", text, _SOURCE)


def refusal(total: int, reasons: Mapping[str, int]) -> str:
    """The scheduler's sentence (FitError.Error), preemption clause included."""
    if not total:
        return "no nodes available to schedule pods"
    parts = sorted(f"{count} {reason}" for reason, count in reasons.items())
    head = f"0/{total} nodes are available: {', '.join(parts)}."
    helpful = sum(c for r, c in reasons.items() if r.startswith(("Insufficient", "Too many")))
    helpful = min(helpful, total)
    clauses = []
    if helpful:
        clauses.append(f"{helpful} No preemption victims found for incoming pod")
    if total - helpful:
        clauses.append(f"{total - helpful} Preemption is not helpful for scheduling")
    return f"{head} preemption: 0/{total} nodes are available: {', '.join(clauses)}."


def unclaimed(total: int, claim: str) -> str:
    """The scheduler's sentence about a claim that does not exist."""
    return (
        f'0/{total} nodes are available: persistentvolumeclaim "{claim}" not found. '
        f"preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling."
    )


def _tolerated(spec: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    for one in spec.get("tolerations") or ():
        if one.get("effect") and one["effect"] != taint.get("effect"):
            continue
        if one.get("operator", "Equal") == "Exists" and one.get("key") in (None, "", taint["key"]):
            return True
        if one.get("key") == taint["key"] and (one.get("value") or "") == (taint.get("value") or ""):
            return True
    return False


def _selected(spec: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    if not (spec.get("nodeSelector") or {}).items() <= labels.items():
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if not affinity:
        return True
    terms = affinity.get("nodeSelectorTerms") or ()
    return any(matches({"matchExpressions": t.get("matchExpressions") or []}, labels) for t in terms)


def _gated(pod: Object) -> bool:
    return bool(pod["spec"].get("schedulingGates"))


def _mine(pod: Object) -> bool:
    """Another scheduler's pods, and those behind a gate, are left alone (source: Pod Scheduling Readiness)."""
    return not _gated(pod) and pod["spec"].get("schedulerName", _SOURCE) == _SOURCE
