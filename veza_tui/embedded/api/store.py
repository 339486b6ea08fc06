"""The object store: what etcd and the registry layer are in a real API server, in one process and one event loop.

Every object that goes in is defaulted, validated and given its metadata here, so controllers and HTTP clients meet the
same rules. Everything is synchronous: no other writer can come in between. Objects handed out are the stored ones:
read them, never change them; write through ``create``, ``update``, ``mutate`` and ``delete``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from veza_tui.embedded.api import deletion, strategy
from veza_tui.embedded.api.errors import already_exists, bad_request, conflict, expired, not_found
from veza_tui.embedded.api.fields.managed import Tracker, UpdateTracker
from veza_tui.embedded.api.history import EventType, History, Record, StoreEvent, Subscription
from veza_tui.embedded.api.meta import clone, rfc3339
from veza_tui.embedded.api.resources import BY_KIND, ResourceType, resource

JSONObject = dict[str, Any]


class Store:
    """All objects. ``clock`` gives unix seconds, ``history`` is how many events are kept per resource for watches."""

    def __init__(
        self, *, clock: Callable[[], float] = time.time, history: int = 1000, first_version: int = 1000
    ) -> None:
        self.clock = clock
        self.history = History(history)
        self._version = first_version
        self._records: dict[str, dict[str, dict[str, Record]]] = {}
        self.compact()

    # -- reading ------------------------------------------------------------------------------------------------

    @property
    def version(self) -> int:
        """The newest resourceVersion."""
        return self._version

    def find(self, key: str, namespace: str | None, name: str) -> JSONObject | None:
        """The object, or None. ``key`` is a resource key such as ``pods`` or ``deployments.apps``."""
        record = self.record(key, namespace, name)
        return record.object if record else None

    def get(self, key: str, namespace: str | None, name: str) -> JSONObject:
        """The object.

        Raises:
            ApiError: 404.
        """
        found = self.find(key, namespace, name)
        if found is None:
            kind = resource(key)
            raise not_found(kind.plural, kind.group, name)
        return found

    def record(self, key: str, namespace: str | None, name: str) -> Record | None:
        """The stored revision with its cached JSON, or None."""
        return self._records.get(key, {}).get(namespace or "", {}).get(name)

    def records(self, key: str, namespace: str | None = None) -> list[Record]:
        """All revisions now, in the order of etcd's keys: namespace, then name."""
        spaces = self._records.get(key, {})
        if namespace is not None and resource(key).namespaced:
            found = spaces.get(namespace, {})
            return [found[name] for name in sorted(found)]
        return [spaces[space][name] for space in sorted(spaces) for name in sorted(spaces[space])]

    def list(self, key: str, namespace: str | None = None) -> list[JSONObject]:
        """All objects of a resource, of one namespace or of all."""
        return [record.object for record in self.records(key, namespace)]

    # -- writing ------------------------------------------------------------------------------------------------

    def create(
        self,
        obj: JSONObject,
        *,
        manager: str = "",
        tracker: Tracker | None = None,
        dry_run: bool = False,
    ) -> JSONObject:
        """Store a new object and answer with it as stored.

        ``manager`` is the field manager for managedFields (empty: not tracked).

        Raises:
            ApiError: 409 AlreadyExists, 422 Invalid, 404 namespace missing, 403 namespace terminating.
        """
        kind = self._kind_of(obj)
        new: JSONObject = clone(obj)
        tracker = tracker or (UpdateTracker(manager) if manager else None)
        strategy.prepare_create(self, kind, new, lambda: self._track(tracker, None, new, ""))
        meta = new["metadata"]
        if self.record(kind.key, meta.get("namespace"), meta["name"]) is not None:
            raise already_exists(kind.plural, kind.group, meta["name"])
        if dry_run:
            return new
        return self._put("ADDED", kind, new, None).object

    def update(
        self,
        obj: JSONObject,
        *,
        subresource: str = "",
        manager: str = "",
        tracker: Tracker | None = None,
        dry_run: bool = False,
        owned: bool = False,
    ) -> JSONObject:
        """Replace an object; a resourceVersion in it must be the newest. Nothing happens when nothing would change.

        ``subresource`` "" keeps the stored status, "status" changes the status only. An object whose deletion waits for
        finalizers goes away with its last one. ``owned`` says that ``obj`` may be kept without copying.

        Raises:
            ApiError: 404, 409 Conflict, 422 Invalid.
        """
        kind = self._kind_of(obj)
        meta = obj.get("metadata") or {}
        name, namespace = meta.get("name", ""), meta.get("namespace")
        old = self.record(kind.key, namespace, name)
        if old is None:
            raise not_found(kind.plural, kind.group, name)
        given = meta.get("resourceVersion")
        if given and given != old.object["metadata"]["resourceVersion"]:
            raise conflict(kind.plural, kind.group, name)
        new = obj if owned else clone(obj)
        tracker = tracker or (UpdateTracker(manager) if manager else None)
        strategy.prepare_update(
            self, kind, new, old.object, subresource, lambda: self._track(tracker, old.object, new, subresource),
            unconditional=not given,
        )  # fmt: skip
        if strategy.same(new, old.object):
            return old.object
        if dry_run:
            return new
        if deletion.finished(new):
            return self._remove(kind, new, old)
        return self._put("MODIFIED", kind, new, old).object

    def mutate(
        self,
        key: str,
        namespace: str | None,
        name: str,
        change: Callable[[JSONObject], object],
        *,
        subresource: str = "",
        manager: str = "",
    ) -> JSONObject:
        """Call ``change`` on a copy of the object and store the copy; for controllers.

        Raises:
            ApiError: 404, or 422 when the outcome is not valid.
        """
        new = clone(self.get(key, namespace, name))
        change(new)
        return self.update(new, subresource=subresource, manager=manager, owned=True)

    def delete(
        self,
        key: str,
        namespace: str | None,
        name: str,
        *,
        propagation: str | None = None,
        grace_period: int | None = None,
        preconditions: Mapping[str, str] | None = None,
        dry_run: bool = False,
    ) -> JSONObject:
        """Delete as Kubernetes does, and answer with the object's last state.

        * Finalizers: only ``deletionTimestamp`` is set; the object goes when ``update`` removes the last finalizer.
        * ``propagation`` Foreground adds the finalizer ``foregroundDeletion``, Orphan adds ``orphan``: the garbage
          collector must serve dependents and remove it. Background (or None): the object goes; the collector sees
          DELETED and deletes what it owned.
        * Pods: on a node and not ended, they get ``deletionTimestamp`` (now + grace) and
          ``deletionGracePeriodSeconds``; the kubelet ends them and calls ``delete(..., grace_period=0)``.
        * Namespaces: phase Terminating; the namespace controller empties them and calls ``finalize_namespace``.

        ``preconditions`` may hold ``uid`` and ``resourceVersion``.

        Raises:
            ApiError: 404, 409 when a precondition fails.
        """
        kind = resource(key)
        old = self.record(key, namespace, name)
        if old is None:
            raise not_found(kind.plural, kind.group, name)
        deletion.check_preconditions(kind, old.object, preconditions or {})
        new: JSONObject = clone(old.object)
        gone = deletion.mark(kind, new, now=self.clock(), propagation=propagation, grace_period=grace_period)
        if dry_run:
            return new
        if gone:
            return self._remove(kind, new, old)
        if strategy.same(new, old.object):
            return old.object
        return self._put("MODIFIED", kind, new, old).object

    def bind(self, namespace: str, name: str, node: str) -> JSONObject:
        """Put a pod on a node (what the scheduler's binding does): nodeName and the condition PodScheduled.

        Raises:
            ApiError: 404.
        """

        def change(obj: JSONObject) -> None:
            obj["spec"]["nodeName"] = node
            conditions = obj["status"].setdefault("conditions", [])
            conditions[:] = [c for c in conditions if c.get("type") != "PodScheduled"]
            now = rfc3339(self.clock())
            generation = obj["metadata"].get("generation", 1)
            conditions.append({"type": "PodScheduled", "status": "True", "lastProbeTime": None,
                               "lastTransitionTime": now, "observedGeneration": generation})  # fmt: skip

        return self.mutate("pods", namespace, name, change, subresource="binding")

    def finalize_namespace(self, name: str) -> None:
        """The namespace is empty: drop ``spec.finalizers``, and with them the namespace when it is being deleted."""

        def change(obj: JSONObject) -> None:
            obj.setdefault("spec", {})["finalizers"] = []

        if self.find("namespaces", None, name) is not None:
            self.mutate("namespaces", None, name, change, subresource="finalize")

    # -- watching -----------------------------------------------------------------------------------------------

    def subscribe(self, key: str, *, replay: bool = False, since: int | None = None) -> Subscription:
        """Events of one resource from now on; ``replay`` begins with ADDED for each object there is.

        ``since`` resumes after that resourceVersion instead.

        Raises:
            ApiError: 410 Expired when ``since`` is older than the history.
        """
        start: list[StoreEvent] = []
        if since is not None:
            if since < self.history.floor(key):
                raise expired(f"too old resource version: {since} ({self._version})")
            start = list(self.history.since(key, since))
        elif replay:
            start = [StoreEvent("ADDED", key, record, None) for record in self.records(key)]
        return self.history.subscribe(key, start)

    def on_event(self, callback: Callable[[StoreEvent], None]) -> Callable[[], None]:
        """Call ``callback`` synchronously with every event of every resource; the answer unsubscribes."""
        return self.history.listen(callback)

    def compact(self) -> None:
        """Forget the history now: watches from an older resourceVersion and old continue tokens get 410."""
        self.history.compact(self._version)

    # -- inside -------------------------------------------------------------------------------------------------

    def _kind_of(self, obj: JSONObject) -> ResourceType:
        kind = BY_KIND.get((obj.get("apiVersion", ""), obj.get("kind", "")))
        if kind is None or "watch" not in kind.verbs:
            raise bad_request(f"no kind {obj.get('kind')!r} is registered for version {obj.get('apiVersion')!r}")
        return resource(kind.key)

    def _track(self, tracker: Tracker | None, old: JSONObject | None, new: JSONObject, subresource: str) -> None:
        if tracker is not None:
            tracker(old, new, subresource=subresource, now=self.clock())

    def _put(self, type_: EventType, kind: ResourceType, new: JSONObject, old: Record | None) -> Record:
        self._version += 1
        meta = new["metadata"]
        meta["resourceVersion"] = str(self._version)
        new = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta, **new}
        record = Record(new, self._version)
        self._records.setdefault(kind.key, {}).setdefault(meta.get("namespace", ""), {})[meta["name"]] = record
        self.history.publish(StoreEvent(type_, kind.key, record, old))
        return record

    def _remove(self, kind: ResourceType, new: JSONObject, old: Record) -> JSONObject:
        self._version += 1
        meta = new["metadata"]
        meta["resourceVersion"] = str(self._version)
        space = self._records[kind.key][meta.get("namespace", "")]
        del space[meta["name"]]
        self.history.publish(StoreEvent("DELETED", kind.key, Record(new, self._version), old))
        return new
