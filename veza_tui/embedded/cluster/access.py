"""The controllers' way to the store: reads with indexes (what informers are), and the few writes they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.history import StoreEvent
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.clock import Clock
from veza_tui.embedded.cluster.events import EventRecorder
from veza_tui.embedded.cluster.objects import Object, condition, controller_of, key_of, parse_time, pod_ready, uid_of

Watcher = Callable[[Object | None, Object | None], None]
"""``watcher(old, new)``: old None for an addition, new None for a deletion. It must only enqueue, never write."""


_MANAGER = "kube-controller-manager"
"""Field manager of the controllers. Pods that they make are not tracked: each of their writes would cost 1 ms more."""


class Cluster:
    """Reads answer with the stored objects: never change them. Writes raise ApiError as the API would refuse them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.recorder = EventRecorder(store, clock)
        self._by_key: dict[str, dict[str, dict[str, Object]]] = defaultdict(lambda: defaultdict(dict))
        self._by_owner: dict[str, dict[str, dict[str, Object]]] = defaultdict(lambda: defaultdict(dict))
        self._orphans: dict[str, dict[str, dict[str, Object]]] = defaultdict(lambda: defaultdict(dict))
        self._ready_since: dict[str, float] = {}
        self._watchers: dict[str, list[Watcher]] = defaultdict(list)
        self._everything: list[Callable[[str, Object | None, Object | None], None]] = []
        self._detach: Callable[[], None] | None = None

    def start(self) -> None:
        """Read what is there (watchers see it as added) and follow every change from now on."""
        from veza_tui.embedded.api.resources import STORED

        for key in dict.fromkeys(kind.key for kind in STORED):
            if key == "events":
                continue
            for obj in self.store.list(key):
                self._changed(key, None, obj)
        self._detach = self.store.on_event(self._on_event)

    def stop(self) -> None:
        """Follow no more."""
        if self._detach is not None:
            self._detach()
            self._detach = None

    def now(self) -> float:
        """Unix seconds."""
        return self.clock.now()

    # -- reads

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """One object."""
        return self._by_key[resource][namespace].get(name)

    def all(self, resource: str) -> list[Object]:
        """All objects of a resource."""
        return [obj for space in self._by_key[resource].values() for obj in space.values()]

    def namespaced(self, resource: str, namespace: str) -> list[Object]:
        """All objects of a resource in a namespace."""
        return list(self._by_key[resource][namespace].values())

    def owned(self, resource: str, owner_uid: str) -> list[Object]:
        """What the object of that uid controls."""
        found = self._by_owner[resource].get(owner_uid)
        return list(found.values()) if found else []

    def orphans(self, resource: str, namespace: str) -> list[Object]:
        """What nobody controls."""
        found = self._orphans[resource].get(namespace)
        return list(found.values()) if found else []

    def ready_for(self, pod: Mapping[str, Any], seconds: float) -> float:
        """Simulated seconds left until the pod has been ready for ``seconds`` of them."""
        since = self._ready_since.get(uid_of(pod))
        if since is None:
            return seconds
        return seconds - (self.now() - since) / (self.clock.scale or 1.0)

    # -- watching

    def watch(self, resource: str, watcher: Watcher) -> None:
        """Be told of every change of a resource."""
        self._watchers[resource].append(watcher)

    def watch_everything(self, watcher: Callable[[str, Object | None, Object | None], None]) -> None:
        """Be told of every change but those of events, with the resource's key first."""
        self._everything.append(watcher)

    def _on_event(self, event: StoreEvent) -> None:
        if event.key == "events":
            return
        old = event.previous.object if event.previous else None
        self._changed(event.key, old, None if event.type == "DELETED" else event.object)

    def _changed(self, resource: str, old: Object | None, new: Object | None) -> None:
        if old is not None:
            self._unindex(resource, old)
        if new is not None:
            self._index(resource, new)
        if resource == "pods":
            self._note_ready(old, new)
        for watcher in self._watchers[resource]:
            watcher(old, new)
        for everything in self._everything:
            everything(resource, old, new)

    def _index(self, resource: str, obj: Object) -> None:
        namespace, name = key_of(obj)
        self._by_key[resource][namespace][name] = obj
        owner = controller_of(obj)
        if owner is not None:
            self._by_owner[resource][owner["uid"]][uid_of(obj)] = obj
        else:
            self._orphans[resource][namespace][uid_of(obj)] = obj

    def _unindex(self, resource: str, obj: Object) -> None:
        namespace, name = key_of(obj)
        self._by_key[resource][namespace].pop(name, None)
        owner = controller_of(obj)
        if owner is None:
            self._orphans[resource][namespace].pop(uid_of(obj), None)
            return
        mine = self._by_owner[resource].get(owner["uid"])
        if mine is not None:
            mine.pop(uid_of(obj), None)
            if not mine:
                del self._by_owner[resource][owner["uid"]]

    def _note_ready(self, old: Object | None, new: Object | None) -> None:
        if new is None:
            if old is not None:
                self._ready_since.pop(uid_of(old), None)
        elif not pod_ready(new):
            self._ready_since.pop(uid_of(new), None)
        elif uid_of(new) not in self._ready_since:
            # The stamp has whole seconds; a transition seen live is known better.
            found = condition(new["status"].get("conditions"), "Ready") or {}
            self._ready_since[uid_of(new)] = (
                self.now() if old is not None else parse_time(found.get("lastTransitionTime"))
            )

    # -- writes

    def create(self, resource: str, obj: Object) -> Object:
        """Create; the stored object."""
        return self.store.create(obj, manager=_MANAGER if resource == "replicasets.apps" else "")

    def change(
        self, resource: str, obj: Mapping[str, Any], change: Callable[[Object], None], *, subresource: str = ""
    ) -> Object | None:
        """Apply ``change`` to the newest revision of ``obj``; None when it is gone or another one took its name."""
        namespace, name = key_of(obj)
        newest = self.store.find(resource, namespace, name)
        if newest is None or uid_of(newest) != uid_of(obj):
            return None
        manager = "kubelet" if resource in ("pods", "nodes") and subresource == "status" else _MANAGER
        return self.store.mutate(resource, namespace, name, change, subresource=subresource, manager=manager)

    def set_status(self, resource: str, obj: Mapping[str, Any], status: Object) -> Object | None:
        """Replace the status; nothing is written when it is the same."""

        def put(new: Object) -> None:
            new["status"] = status

        return self.change(resource, obj, put, subresource="status")

    def adopt(self, resource: str, obj: Mapping[str, Any], owner: Object) -> Object | None:
        """Add an owner reference."""

        def put(new: Object) -> None:
            new["metadata"].setdefault("ownerReferences", []).append(owner)

        return self.change(resource, obj, put)

    def release(self, resource: str, obj: Mapping[str, Any], owner_uid: str) -> None:
        """Take the owner reference away."""

        def put(new: Object) -> None:
            left = [o for o in new["metadata"].get("ownerReferences") or () if o["uid"] != owner_uid]
            new["metadata"]["ownerReferences"] = left
            if not left:
                del new["metadata"]["ownerReferences"]

        self.change(resource, obj, put)

    def delete(
        self, resource: str, obj: Mapping[str, Any], *, propagation: str | None = None, grace: int | None = None
    ) -> None:
        """Delete as a client would; nothing happens when it is gone already."""
        with _gone():
            self.store.delete(
                resource, *key_of(obj), propagation=propagation, grace_period=grace, preconditions={"uid": uid_of(obj)}
            )

    def event(
        self,
        obj: Mapping[str, Any],
        kind: str,
        reason: str,
        message: str,
        source: str,
        *,
        host: str = "",
        field: str = "",
    ) -> None:
        """Record an event; repeated ones are folded by count."""
        self.recorder.record(obj, kind, reason, message, source, host=host, field=field)

    def names(self, objects: Iterable[Mapping[str, Any]]) -> list[str]:
        """Their names, sorted."""
        return sorted(obj["metadata"]["name"] for obj in objects)


class _gone(suppress):
    """Swallow 404 and failed preconditions."""

    def __init__(self) -> None:
        super().__init__(ApiError)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        return isinstance(error, ApiError) and error.code in (404, 409)
