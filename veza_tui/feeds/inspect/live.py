"""One object, followed with what belongs to it: read again when, and only when, the watch tells of a change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

from veza_tui.feeds.fields import mapping, text
from veza_tui.feeds.following import Following
from veza_tui.feeds.inspect.events import about, slim_event
from veza_tui.feeds.inspect.objects import Ref
from veza_tui.feeds.inspect.related import Related, slim_pod
from veza_tui.feeds.inspect.writer import selector
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import EVENTS, PODS, REPLICA_SETS, Cluster, ClusterError, Denied, JSONObject, Resource

MOST_EVENTS = 300
"""Events kept of one object."""


class LiveObject:
    """Calls ``changed`` (on the loop's thread) when there is something new to show.

    ``whole`` reads the object by GET at each change, with its managedFields, which the watch leaves out.
    ``related`` follows events, and for Deployments and ReplicaSets what they own.
    """

    def __init__(
        self,
        cluster: Cluster,
        ref: Ref,
        clock: Clock,
        changed: Callable[[], None],
        *,
        whole: bool = False,
        related: bool = True,
    ) -> None:
        self.ref = ref
        self.object: Mapping[str, Any] | None = None
        """The newest; what it was last when it is gone."""
        self.gone = False
        self._cluster = cluster
        self._clock = clock
        self._changed = changed
        self._whole = whole
        self._related = related
        self._own = self._following(ref.resource, _same, self._object_changed, name=ref.name)
        self._events: Following[JSONObject] | None = None
        self._sets: Following[JSONObject] | None = None
        self._pods: Following[dict[str, str]] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._again = False
        self._error: ClusterError | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._own.start(self._cluster, self.ref.namespace)
        if self._related and self.ref.kind != "Secret":
            words = f"involvedObject.name={self.ref.name}"
            self._events = self._following(EVENTS, slim_event, self._changed, field=words, keep=_newest)
            self._events.start(self._cluster, self.ref.namespace)

    async def close(self) -> None:
        """Stop."""
        if self._reading is not None:
            self._reading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reading
        for following in (self._own, self._events, self._sets, self._pods):
            if following is not None:
                await following.close()

    @property
    def ready(self) -> bool:
        """Whether there is an answer: the object, or why there is none."""
        parts = [self._own, self._events, self._sets, self._pods]
        answered = all(p is None or p.synced or p.lost is not None for p in parts)
        return answered and (self.object is not None or self.gone or self.error is not None)

    @property
    def error(self) -> ClusterError | None:
        """Why it cannot be read or is not live any more; None while it is."""
        return self._own.trouble or self._error

    def related(self) -> Related:
        """What belongs to it now."""
        events = None
        if self._events is not None and not isinstance(self._events.lost, Denied):
            uid = text(mapping(mapping(self.object).get("metadata")).get("uid"))
            events = about(self._events.items.values(), uid, self.ref.kind)
        return Related(
            events,
            tuple(self._sets.items.values()) if self._sets is not None else (),
            tuple(self._pods.items.values()) if self._pods is not None else (),
        )

    def _following(
        self,
        resource: Resource,
        project: Callable[[JSONObject], Any],
        changed: Callable[[], None],
        *,
        name: str = "",
        field: str = "",
        label: str = "",
        keep: Callable[[dict[str, Any]], None] | None = None,
    ) -> Following[Any]:
        field = f"metadata.name={name}" if name else field
        return Following(
            resource,
            project,
            self._clock,
            heard=lambda: None,
            changed=changed,
            field_selector=field,
            label_selector=label,
            keep=keep,
        )

    def _object_changed(self) -> None:
        found = next(iter(self._own.items.values()), None)
        if found is None:
            self.gone = self._own.synced
            self._changed()
            return
        self.gone = False
        if self._related:
            self._follow_owned(found)
        if not self._whole:
            self.object = found
            self._changed()
        elif self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        else:
            self._again = True

    async def _read(self) -> None:
        while True:
            self._again = False
            try:
                self.object = await self._cluster.get(self.ref.resource, self.ref.name, self.ref.namespace)
                self._error = None
            except ClusterError as error:
                self._error = error
            self._changed()
            if not self._again:
                return

    def _follow_owned(self, obj: JSONObject) -> None:
        label = selector(mapping(obj.get("spec")).get("selector"))
        label = "" if label == "<none>" else label
        if self.ref.kind == "Deployment" and self._sets is None:
            self._sets = self._following(REPLICA_SETS, _same, self._changed, label=label)
            self._sets.start(self._cluster, self.ref.namespace)
        if self.ref.kind == "ReplicaSet" and self._pods is None:
            self._pods = self._following(PODS, slim_pod, self._changed, label=label)
            self._pods.start(self._cluster, self.ref.namespace)


def _same(obj: JSONObject) -> JSONObject:
    return obj


def _newest(events: dict[str, Any]) -> None:
    if len(events) > MOST_EVENTS:
        by_age = sorted(events.items(), key=lambda e: text(e[1].get("lastTimestamp")) or text(e[1].get("eventTime")))
        for uid, _ in by_age[: len(events) - MOST_EVENTS]:
            del events[uid]
