"""EndpointSlices and Endpoints of Services with a selector."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import (
    Object,
    controller_of,
    deleting,
    key_of,
    owner_reference,
    pod_finished,
    pod_ready,
    random_suffix,
    uid_of,
)

SERVICES, PODS, SLICES, ENDPOINTS = "services", "pods", "endpointslices.discovery.k8s.io", "endpoints"
_PER_SLICE = 100
_OVER_CAPACITY = 1000
"""Addresses which an Endpoints object takes at most."""


class EndpointsController:
    """Follows Services and the pods behind them."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        cluster.watch(SERVICES, self._on_service)
        cluster.watch(PODS, self._on_pod)

    def _on_service(self, old: Object | None, new: Object | None) -> None:
        if new is not None:
            self.queue.add(self, key_of(new))
        elif old is not None:
            self.queue.add(self, key_of(old))

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        if old is not None and new is not None and _relevant(old) == _relevant(new):
            return
        obj = new or old
        assert obj is not None
        namespace = obj["metadata"]["namespace"]
        for service in self.cluster.namespaced(SERVICES, namespace):
            selector = service["spec"].get("selector")
            if selector and any(_selects(selector, pod) for pod in (old, new) if pod is not None):
                self.queue.add(self, key_of(service))

    def reconcile(self, key: Key) -> None:
        """Write what differs."""
        service = self.cluster.get(SERVICES, *key)
        endpoints = self.cluster.get(ENDPOINTS, *key)
        if service is None:
            if endpoints is not None:
                self.cluster.delete(ENDPOINTS, endpoints)
            return  # the slices are owned: the garbage collector takes them
        selector = service["spec"].get("selector")
        if not selector or service["spec"].get("type") == "ExternalName" or deleting(service):
            return
        pods = sorted(
            (
                p
                for p in self.cluster.namespaced(PODS, key[0])
                if _selects(selector, p) and not pod_finished(p) and p.get("status", {}).get("podIP")
            ),
            key=lambda p: str(p["metadata"]["name"]),
        )
        self._slices(service, pods)
        self._endpoints(service, pods, endpoints)

    def _slices(self, service: Object, pods: list[Object]) -> None:
        namespace, name = key_of(service)
        publish = bool(service["spec"].get("publishNotReadyAddresses"))
        ports = slice_ports(service, pods)
        have = sorted(self.cluster.owned(SLICES, uid_of(service)), key=lambda s: str(s["metadata"]["name"]))
        chunks = [pods[i : i + _PER_SLICE] for i in range(0, len(pods), _PER_SLICE)] or [[]]
        for index, chunk in enumerate(chunks):
            endpoints = [self._endpoint(p, publish=publish) for p in chunk]
            if index < len(have):
                self._update_slice(have[index], endpoints, ports)
                continue
            self.cluster.create(
                SLICES,
                {
                    "apiVersion": "discovery.k8s.io/v1",
                    "kind": "EndpointSlice",
                    "metadata": {
                        "generateName": f"{name}-",
                        "name": f"{name}-{random_suffix()}",
                        "namespace": namespace,
                        "labels": {
                            **(service["metadata"].get("labels") or {}),
                            "kubernetes.io/service-name": name,
                            "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                        },
                        "ownerReferences": [owner_reference(service)],
                    },
                    "addressType": "IPv4",
                    "endpoints": endpoints,
                    "ports": ports,
                },
            )
        for surplus in have[len(chunks) :]:
            self.cluster.delete(SLICES, surplus)

    def _update_slice(self, have: Object, endpoints: list[Object], ports: list[Object]) -> None:
        if have.get("endpoints") == endpoints and have.get("ports") == ports:
            return

        def put(obj: Object) -> None:
            obj["endpoints"], obj["ports"] = endpoints, ports

        self.cluster.change(SLICES, have, put)

    def _endpoint(self, pod: Object, *, publish: bool) -> Object:
        serving, leaving = pod_ready(pod), deleting(pod)
        node = pod["spec"].get("nodeName", "")
        out: Object = {
            "addresses": [pod["status"]["podIP"]],
            "conditions": {"ready": publish or (serving and not leaving), "serving": serving, "terminating": leaving},
            "nodeName": node,
            "targetRef": _reference(pod),
        }
        labels = (self.cluster.get("nodes", "", node) or {"metadata": {}})["metadata"].get("labels") or {}
        if "topology.kubernetes.io/zone" in labels:
            out["zone"] = labels["topology.kubernetes.io/zone"]
        return out

    def _endpoints(self, service: Object, pods: list[Object], have: Object | None) -> None:
        publish = bool(service["spec"].get("publishNotReadyAddresses"))
        ready: list[Object] = []
        unready: list[Object] = []
        for pod in pods[:_OVER_CAPACITY]:
            if deleting(pod) and not publish:
                continue
            address = {
                "ip": pod["status"]["podIP"],
                "nodeName": pod["spec"].get("nodeName", ""),
                "targetRef": _reference(pod),
            }
            (ready if publish or pod_ready(pod) else unready).append(address)
        subset: Object = {}
        if ready:
            subset["addresses"] = ready
        if unready:
            subset["notReadyAddresses"] = unready
        if subset and service["spec"].get("ports"):
            subset["ports"] = slice_ports(service, pods)
        subsets = [subset] if subset else []
        namespace, name = key_of(service)
        if have is None:
            obj: Object = {
                "apiVersion": "v1",
                "kind": "Endpoints",
                "metadata": {
                    "name": name,
                    "namespace": namespace,
                    "labels": {
                        **(service["metadata"].get("labels") or {}),
                        "endpoints.kubernetes.io/managed-by": "endpoint-controller",
                    },
                },
            }
            if subsets:
                obj["subsets"] = subsets
            self.cluster.create(ENDPOINTS, obj)
        elif (have.get("subsets") or []) != subsets:

            def put(new: Object) -> None:
                new["subsets"] = subsets
                if not subsets:
                    del new["subsets"]

            self.cluster.change(ENDPOINTS, have, put)


def slice_ports(service: Mapping[str, Any], pods: list[Object]) -> list[Object]:
    """The service's ports with the target ports resolved against the first pod that has them."""
    out = []
    for port in service["spec"].get("ports") or ():
        target = port.get("targetPort") or port["port"]
        if isinstance(target, str) and not target.isdigit():
            named = (
                p["containerPort"]
                for pod in pods
                for c in pod["spec"].get("containers") or ()
                for p in c.get("ports") or ()
                if p.get("name") == target
            )
            found = next(named, None)
            if found is None:
                continue
            target = found
        out.append({"name": port.get("name", ""), "port": int(target), "protocol": port.get("protocol", "TCP")})
    return out


def _reference(pod: Mapping[str, Any]) -> Object:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def _selects(selector: Mapping[str, str], pod: Mapping[str, Any]) -> bool:
    return bool(selector.items() <= (pod["metadata"].get("labels") or {}).items())


def _relevant(pod: Object) -> tuple[Any, ...]:
    status = pod.get("status", {})
    owner = controller_of(pod)
    return (
        status.get("podIP"), pod_ready(pod), deleting(pod), pod_finished(pod), pod["metadata"].get("labels"),
        owner["uid"] if owner else "",
    )  # fmt: skip
