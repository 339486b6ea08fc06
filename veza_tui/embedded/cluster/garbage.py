"""The garbage collector: what is owned goes with its owner, in background, in foreground, or is set free."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import Object, deleting, key_of, uid_of

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class GarbageCollector:
    """Keys of its queue are (uid, "owner" | "dependent")."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        self._objects: dict[str, tuple[str, Object]] = {}
        self._dependents: dict[str, set[str]] = defaultdict(set)
        cluster.watch_everything(self._changed)

    def _changed(self, resource: str, old: Object | None, new: Object | None) -> None:
        before = _owners(old)
        after = _owners(new)
        obj = new or old
        if obj is None:
            return
        uid = uid_of(obj)
        if new is None:
            self._objects.pop(uid, None)
        else:
            self._objects[uid] = (resource, new)
        if before != after:
            for owner in before - after:
                self._dependents[owner].discard(uid)
                if not self._dependents[owner]:
                    del self._dependents[owner]
                self._look_at_owner(owner)
            for owner in after:
                self._dependents[owner].add(uid)
        if new is None:
            if uid in self._dependents:
                self.queue.add(self, (uid, "owner"))
            return
        if after and (old is None or before != after) and not after <= self._objects.keys():
            self.queue.add(self, (uid, "dependent"))
        if deleting(new) and set(new["metadata"].get("finalizers") or ()) & {FOREGROUND, ORPHAN}:
            self.queue.add(self, (uid, "owner"))

    def _look_at_owner(self, uid: str) -> None:
        known = self._objects.get(uid)
        if known is not None and deleting(known[1]):
            self.queue.add(self, (uid, "owner"))

    def reconcile(self, key: Key) -> None:
        """Serve one owner that goes, or one dependent whose owner is not there."""
        uid, what = key
        if what == "dependent":
            self._collect(uid)
            return
        known = self._objects.get(uid)
        if known is None:
            for dependent in sorted(self._dependents.get(uid, ())):
                self._collect(dependent)
            return
        resource, owner = known
        finalizers = owner["metadata"].get("finalizers") or ()
        if not deleting(owner):
            return
        if ORPHAN in finalizers:
            for dependent in sorted(self._dependents.get(uid, ())):
                found = self._objects.get(dependent)
                if found is not None:
                    self.cluster.release(found[0], found[1], uid)
            self._finalize(resource, owner, ORPHAN)
        elif FOREGROUND in finalizers:
            self._foreground(resource, owner)

    def _foreground(self, resource: str, owner: Object) -> None:
        uid = uid_of(owner)
        blocking = False
        for dependent in sorted(self._dependents.get(uid, ())):
            found = self._objects.get(dependent)
            if found is None:
                continue
            kind, obj = found
            blocking = blocking or any(
                o["uid"] == uid and o.get("blockOwnerDeletion") for o in obj["metadata"].get("ownerReferences") or ()
            )
            if deleting(obj):
                continue
            others = _owners(obj) - {uid}
            if others & self._objects.keys():
                self.cluster.release(kind, obj, uid)
            else:
                # Only what has dependents of its own must wait for them.
                deeper = dependent in self._dependents
                self.cluster.delete(kind, obj, propagation="Foreground" if deeper else None)
        if not blocking or uid not in self._dependents:
            self._finalize(resource, owner, FOREGROUND)

    def _collect(self, uid: str) -> None:
        """Delete an object all of whose owners are gone; forget the ones that are gone otherwise."""
        found = self._objects.get(uid)
        if found is None or deleting(found[1]):
            return
        resource, obj = found
        owners = _owners(obj)
        gone = owners - self._objects.keys()
        if not gone:
            return
        if gone == owners:
            self.cluster.delete(resource, obj, propagation="Background")
        else:
            for owner in gone:
                newest = self.cluster.get(resource, *key_of(obj))
                if newest is not None:
                    self.cluster.release(resource, newest, owner)

    def _finalize(self, resource: str, obj: Object, finalizer: str) -> None:
        def put(new: Object) -> None:
            left = [f for f in new["metadata"].get("finalizers") or () if f != finalizer]
            new["metadata"]["finalizers"] = left
            if not left:
                del new["metadata"]["finalizers"]

        self.cluster.change(resource, obj, put)


def _owners(obj: Any) -> frozenset[str]:
    if obj is None:
        return frozenset()
    references = obj["metadata"].get("ownerReferences")
    return frozenset(o["uid"] for o in references) if references else frozenset()
