"""What a cluster has before anybody uses it: system namespaces, the `kubernetes` Service, default ServiceAccounts."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.history import StoreEvent
from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]
NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")


def bootstrap(store: Store, *, address: str = "127.0.0.1", port: int = 443) -> None:
    """Make them, and follow new namespaces with a ServiceAccount `default`. Idempotent for one store."""
    if store.find("namespaces", None, "kube-system") is not None:
        return
    store.on_event(lambda event: _follow(store, event))
    for name in NAMESPACES:
        store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}, manager="kube-apiserver")
    labels = {"component": "apiserver", "provider": "kubernetes"}
    spec = {
        "type": "ClusterIP", "clusterIP": "10.96.0.1", "sessionAffinity": "None",
        "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": port}],
    }  # fmt: skip
    meta: JSONObject = {"name": "kubernetes", "namespace": "default", "labels": labels}
    store.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}, manager="kube-apiserver")
    slice_meta = {**meta, "labels": {**labels, "kubernetes.io/service-name": "kubernetes"}}
    store.create({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": slice_meta, "addressType": "IPv4",
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "protocol": "TCP", "port": port}],
    }, manager="kube-apiserver")  # fmt: skip


def _follow(store: Store, event: StoreEvent) -> None:
    if event.key != "namespaces" or event.type != "ADDED":
        return
    name = event.object["metadata"]["name"]
    namespace = store.find("namespaces", None, name)
    if namespace is None or namespace["metadata"].get("deletionTimestamp"):
        return
    if store.find("serviceaccounts", name, "default") is None:
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}}
        store.create(account)
