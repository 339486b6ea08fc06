"""Namespace lifecycle: what every namespace has, and the emptying of one that goes."""

from __future__ import annotations

from contextlib import suppress

from veza_tui.embedded.api.bootstrap import bootstrap
from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.resources import STORED
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import Object, deleting

NAMESPACES, ACCOUNTS, CONFIG_MAPS = "namespaces", "serviceaccounts", "configmaps"
ROOT_CA = "kube-root-ca.crt"
_LATE = ("pods", "events")
"""Deleted with the rest, but in this order after their owners, so that nobody makes them anew."""


class NamespaceController:
    """``root_ca`` is the PEM text published in every namespace (empty for a server without TLS)."""

    def __init__(self, cluster: Cluster, queue: WorkQueue, root_ca: str = "") -> None:
        self.cluster = cluster
        self.queue = queue
        self.root_ca = root_ca
        cluster.watch(NAMESPACES, self._on_namespace)
        cluster.watch(ACCOUNTS, self._on_content)
        cluster.watch(CONFIG_MAPS, self._on_content)

    def ensure_system(self) -> None:
        """Create what every cluster has, unless the API server has done it already."""
        bootstrap(self.cluster.store)

    def _on_namespace(self, old: Object | None, new: Object | None) -> None:
        if new is not None and (old is None or deleting(new)):
            self.queue.add(self, ("", new["metadata"]["name"]))

    def _on_content(self, old: Object | None, new: Object | None) -> None:
        if new is None and old is not None and old["metadata"]["name"] in ("default", ROOT_CA):
            self.queue.add(self, ("", old["metadata"]["namespace"]))

    def reconcile(self, key: Key) -> None:
        """Furnish, or empty."""
        name = key[1]
        namespace = self.cluster.get(NAMESPACES, "", name)
        if namespace is None:
            return
        if deleting(namespace):
            self._empty(name)
            return
        if self.cluster.get(ACCOUNTS, name, "default") is None:
            self._create(ACCOUNTS, "ServiceAccount", name, "default", {})
        if self.cluster.get(CONFIG_MAPS, name, ROOT_CA) is None:
            note = {
                "kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when "
                "using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
                "guaranteed across distributions of Kubernetes clusters."
            }
            extra: Object = {"data": {"ca.crt": self.root_ca}}
            self._create(CONFIG_MAPS, "ConfigMap", name, ROOT_CA, extra, note)

    def _create(
        self, resource: str, kind: str, namespace: str, name: str, extra: Object, notes: dict[str, str] | None = None
    ) -> None:
        metadata: Object = {"name": name, "namespace": namespace}
        if notes:
            metadata["annotations"] = notes
        with suppress(ApiError):
            self.cluster.create(resource, {"apiVersion": "v1", "kind": kind, "metadata": metadata, **extra})

    def _empty(self, name: str) -> None:
        keys = [kind.key for kind in STORED if kind.namespaced]
        left = 0
        for key in dict.fromkeys([*(k for k in keys if k not in _LATE), *_LATE]):
            for obj in self.cluster.store.list(key, name):
                left += 1
                if not deleting(obj):
                    self.cluster.delete(key, obj, propagation="Background")
        if any(self.cluster.store.list(key, name) for key in dict.fromkeys(keys)) if left else False:
            self.queue.add(self, ("", name), 0.5)
            return
        self.cluster.store.finalize_namespace(name)
