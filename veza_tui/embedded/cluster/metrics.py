"""metrics.k8s.io as metrics-server answers it, from the programs' state."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.kubelet import Kubelet
from veza_tui.embedded.cluster.objects import Object, pod_finished, quantity, rfc3339, uid_of
from veza_tui.embedded.cluster.synthetic import SYNTHETIC

_WINDOW = "15.012s"


class Metrics:
    """What the containers use now."""

    def __init__(self, cluster: Cluster, kubelet: Kubelet) -> None:
        self._cluster = cluster
        self._kubelet = kubelet

    def usage(self, pod: Mapping[str, Any]) -> dict[str, tuple[float, int]] | None:
        """container -> (millicores, bytes) of a running pod; None when nothing is known of it."""
        worker = self._kubelet.workers.get(uid_of(pod))
        if worker is not None:
            found = {c.name: (c.context.cpu_millicores, c.context.memory) for c in worker.main if c.context is not None}
            return found or None
        if SYNTHETIC in (pod["metadata"].get("annotations") or {}) and pod.get("status", {}).get("phase") == "Running":
            return {c["name"]: _synthetic(uid_of(pod), c) for c in pod["spec"].get("containers") or ()}
        return None

    def _running(self, namespace: str | None) -> Iterator[tuple[Object, dict[str, tuple[float, int]]]]:
        pods = self._cluster.all("pods") if namespace is None else self._cluster.namespaced("pods", namespace)
        for pod in pods:
            usage = None if pod_finished(pod) else self.usage(pod)
            if usage is not None:
                yield pod, usage

    def pods(self, namespace: str | None) -> list[Object]:
        """PodMetrics, sorted by namespace and name."""
        stamp = rfc3339(self._cluster.now())
        out: list[Object] = []
        for pod, usage in self._running(namespace):
            meta: Object = {k: pod["metadata"][k] for k in ("name", "namespace", "labels") if k in pod["metadata"]}
            out.append(
                {
                    "apiVersion": "metrics.k8s.io/v1beta1",
                    "kind": "PodMetrics",
                    "metadata": {**meta, "creationTimestamp": stamp},
                    "timestamp": stamp,
                    "window": _WINDOW,
                    "containers": [{"name": name, "usage": _usage(*used)} for name, used in usage.items()],
                }
            )
        return sorted(out, key=lambda m: (m["metadata"]["namespace"], m["metadata"]["name"]))

    def nodes(self) -> list[Object]:
        """NodeMetrics: the pods of each node and what the system itself takes."""
        stamp = rfc3339(self._cluster.now())
        totals: dict[str, list[float]] = {n["metadata"]["name"]: [85.0, 620 << 20] for n in self._cluster.all("nodes")}
        for pod, usage in self._running(None):
            total = totals.get(pod["spec"].get("nodeName", ""))
            if total is not None:
                total[0] += sum(cpu for cpu, _ in usage.values())
                total[1] += sum(memory for _, memory in usage.values())
        return [
            {
                "apiVersion": "metrics.k8s.io/v1beta1",
                "kind": "NodeMetrics",
                "metadata": {
                    "name": name,
                    "creationTimestamp": stamp,
                    "labels": dict(
                        (self._cluster.get("nodes", "", name) or {"metadata": {}})["metadata"].get("labels") or {}
                    ),
                },
                "timestamp": stamp,
                "window": _WINDOW,
                "usage": _usage(cpu, int(memory)),
            }
            for name, (cpu, memory) in sorted(totals.items())
        ]


def _usage(millicores: float, memory: int) -> dict[str, str]:
    return {"cpu": f"{round(millicores * 1e6)}n", "memory": f"{memory >> 10}Ki"}


def _synthetic(uid: str, container: Mapping[str, Any]) -> tuple[float, int]:
    # Stable per pod, about a fifth of its requests.
    seed = (hash(uid) & 0xFFFF) / 0xFFFF
    requests = (container.get("resources") or {}).get("requests") or {}
    cpu = quantity(requests.get("cpu", "50m")) * 1000
    memory = quantity(requests.get("memory", "64Mi"))
    return cpu * (0.1 + 0.2 * seed), math.floor(memory * (0.3 + 0.3 * seed))
