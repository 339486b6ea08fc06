"""What incidents and the start do to the cluster's objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.fields.apply import apply
from veza_tui.embedded.api.resources import BY_KIND
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.objects import pod_ready
from veza_tui.model.errors import VezaError

JSONObject = dict[str, Any]
CAUSE = "kubernetes.io/change-cause"


def server_side_apply(store: Store, obj: JSONObject, manager: str = "veza-tui") -> JSONObject:
    """Apply as ``veza-tui deploy`` does, so that its next deploy finds its own fields."""
    kind = BY_KIND[(obj["apiVersion"], obj["kind"])]
    meta = obj["metadata"]
    live = store.find(kind.key, meta.get("namespace"), meta["name"])
    applied = apply(live, obj, manager=manager, force=True, subresource="", now=store.clock())
    if live is None:
        return store.create(applied.object, tracker=applied)
    return store.update(applied.object, tracker=applied)


class LiveDeployments:
    """The Deployment that a Service leads to, whatever its name (blue-green gives it a colour)."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, namespace: str, service: str) -> JSONObject:
        """The Deployment whose pods the Service selects; of several the one with the most ready pods.

        Raises:
            VezaError: there is none.
        """
        try:
            selector = self._store.get("services", namespace, service)["spec"].get("selector") or {}
        except ApiError:
            selector = {}
        found = [d for d in self._store.list("deployments.apps", namespace) if selector and _selects(selector, d)]
        if not found:
            raise VezaError(f"no Deployment stands behind the Service {namespace}/{service}")
        return max(found, key=lambda d: int((d.get("status") or {}).get("readyReplicas") or 0))

    def image(self, namespace: str, service: str) -> str:
        """Its first container's image."""
        return str(self.find(namespace, service)["spec"]["template"]["spec"]["containers"][0]["image"])

    def set_image(self, namespace: str, service: str, image: str, cause: str) -> None:
        """As ``kubectl set image`` does, with a change cause."""

        def change(obj: JSONObject) -> None:
            obj["spec"]["template"]["spec"]["containers"][0]["image"] = image
            obj["metadata"].setdefault("annotations", {})[CAUSE] = cause

        name = self.find(namespace, service)["metadata"]["name"]
        self._store.mutate("deployments.apps", namespace, name, change, manager="kubectl-set")

    def replace_pods(self, namespace: str, service: str) -> None:
        """Delete the service's pods that are not ready."""
        selector = self._store.get("services", namespace, service)["spec"].get("selector") or {}
        for pod in self._store.list("pods", namespace):
            labels = pod["metadata"].get("labels") or {}
            if selector.items() <= labels.items() and not pod_ready(pod):
                self._store.delete("pods", namespace, pod["metadata"]["name"])


def _selects(selector: Mapping[str, str], deployment: JSONObject) -> bool:
    labels = deployment["spec"]["template"]["metadata"].get("labels") or {}
    return bool(selector.items() <= labels.items())
