"""Finds the pod behind a target and keeps on finding it: pod, Service and Deployment are watched, never polled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from veza_tui.model.errors import RefusedError, TimedOutError, VezaError
from veza_tui.model.forward import ForwardTarget
from veza_tui.model.text import printable
from veza_tui.operations.forward.targets import (
    PodFace,
    ServiceFace,
    choose,
    only_port,
    pod_face,
    pod_port,
    selector_text,
    service_face,
    service_port,
    why_none,
)
from veza_tui.ports.cluster import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Cluster,
    ClusterError,
    Lost,
    NotFound,
    Removed,
    Resource,
    Synced,
    Upsert,
)

_RESOURCES: dict[str, Resource] = {"pod": PODS, "service": SERVICES, "deployment": DEPLOYMENTS}


@dataclass(frozen=True, slots=True)
class Found:
    """A pod and its port."""

    pod: str
    uid: str
    port: int


class Finder:
    """``await open()`` once, then ``current`` or ``await wait()``; ``on_change`` is called when either answer moves."""

    def __init__(self, cluster: Cluster, target: ForwardTarget, on_change: Callable[[], None]) -> None:
        self._cluster = cluster
        self._on_change = on_change
        self.target = target
        self.current: Found | None = None
        self.why = "looking for a pod"
        """Why there is no current pod."""
        self.lost = ""
        """Why the cluster does not answer; empty while it does."""
        self._selector: str | None = None
        """None: the pod of that name alone."""
        self._port: int | str = target.port
        self._pods: dict[str, PodFace] = {}
        self._refused: set[str] = set()
        self._synced = False
        self._broken = ""
        """Why the target as it is now cannot be forwarded to."""
        self._changed = asyncio.Event()
        self._restart = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Read the target and begin to watch.

        Raises:
            VezaError: there is no such target or port, it has no pods by its nature, or the cluster does not answer.
        """
        kind, name, namespace = self.target.kind, self.target.name, self.target.namespace
        try:
            obj = await self._cluster.get(_RESOURCES[kind], name, namespace)
        except NotFound as error:
            raise NotFound(f"there is no {kind} {name} in {namespace}", status=404, hint=error.hint) from None
        await self._read(obj)
        if not self._port:
            label = f"{self.target.label} in {namespace}"
            self._port = only_port([pod_face(o) for o in await self._list(obj)], label)
        if kind != "service":
            self.target = _with_port(self.target, str(self._port))
        self._tasks.append(asyncio.create_task(self._watch_pods()))
        if kind != "pod":
            self._tasks.append(asyncio.create_task(self._watch_source()))

    async def _list(self, obj: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self.target.kind == "pod":
            return [dict(obj)]
        return await self._cluster.list_all(PODS, self.target.namespace, label_selector=self._selector or "")

    async def _read(self, obj: Mapping[str, Any]) -> None:
        """Take the selector and the port out of the target's object."""
        label = f"{self.target.label} in {self.target.namespace}"
        if self.target.kind == "service":
            self._take_service(service_face(obj), label)
        elif self.target.kind == "deployment":
            self._selector = selector_text((obj.get("spec") or {}).get("selector"))
        else:
            self._selector = await self._owner_selector(obj)

    def _take_service(self, face: ServiceFace, label: str) -> None:
        if face.external:
            host = printable(face.external, limit=100)
            raise RefusedError(f"{label} points outside the cluster, to {host}", hint="connect to that host directly")
        if not face.selector:
            raise RefusedError(f"{label} selects no pods", hint="there is nothing in the cluster to forward to")
        port, self._port = service_port(face, self.target.port, label)
        self.target = _with_port(self.target, self.target.port or str(port))
        self._selector = face.selector

    async def _owner_selector(self, pod: Mapping[str, Any]) -> str | None:
        """What selects the pods that would replace this one: its Deployment's selector, or its ReplicaSet's."""
        obj, resources = pod, {"ReplicaSet": REPLICA_SETS, "Deployment": DEPLOYMENTS}
        selector = None
        with contextlib.suppress(ClusterError):  # a help, not a condition
            while True:
                owners = obj["metadata"].get("ownerReferences") or ()
                owner = next((o for o in owners if o.get("controller")), None)
                if owner is None or owner["kind"] not in resources:
                    break
                obj = await self._cluster.get(resources[owner["kind"]], owner["name"], self.target.namespace)
                selector = selector_text((obj.get("spec") or {}).get("selector")) or None
        return selector

    async def close(self) -> None:
        """Watch no more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait(self, seconds: float) -> Found:
        """The pod for a new connection, waiting for one at most ``seconds``.

        Raises:
            TimedOutError: there was none in time.
        """
        try:
            async with asyncio.timeout(seconds):
                while self.current is None:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimedOutError(f"{self.lost or self.why} for {seconds:g} s") from None
        return self.current

    def refuse(self, found: Found) -> None:
        """This pod is not there any more, whatever the watch says so far."""
        self._refused.add(found.uid)
        self._settle()

    # --- watching ------------------------------------------------------------------------------------------------

    async def _watch_pods(self) -> None:
        while True:
            self._restart.clear()
            watching = asyncio.create_task(self._follow_pods())
            again = asyncio.create_task(self._restart.wait())
            try:
                await asyncio.wait((watching, again), return_when=asyncio.FIRST_COMPLETED)
            finally:
                watching.cancel()
                again.cancel()
                await asyncio.gather(watching, again, return_exceptions=True)
            self._pods.clear()
            self._synced = False

    async def _follow_pods(self) -> None:
        selector, field = self._selector or "", ""
        if self._selector is None:
            field = f"metadata.name={self.target.name}"
        events = self._cluster.watch(
            PODS, self.target.namespace, pod_face, label_selector=selector, field_selector=field
        )
        async with aclosing(cast("Any", events)) as stream:
            async for event in cast("AsyncIterator[Any]", stream):
                if isinstance(event, Lost):
                    self._set_lost(str(event.error.message))
                    continue
                if isinstance(event, Synced):
                    self._pods = dict(event.items)
                    self._refused &= self._pods.keys()
                elif isinstance(event, Upsert):
                    self._pods[event.uid] = event.item
                elif isinstance(event, Removed):
                    self._pods.pop(event.uid, None)
                    self._refused.discard(event.uid)
                self._synced = self._synced or isinstance(event, Synced)
                if self._synced:
                    back, self.lost = bool(self.lost), ""
                    self._settle()
                    if back:
                        self._on_change()

    def _set_lost(self, why: str) -> None:
        if why != self.lost:
            self.lost = why
            self._on_change()

    def _settle(self) -> None:
        if not self._synced:
            return
        named = self.target.name if self.target.kind == "pod" else ""
        pods = [pod for pod in self._pods.values() if pod.uid not in self._refused]
        chosen = choose(pods, self.current.uid if self.current else "", named)
        found, why = None, self._broken or why_none(pods, named)
        if chosen is not None and not self._broken:
            port = pod_port(chosen, self._port)
            if port is None:
                why = f"pod {chosen.name} has no port named {printable(str(self._port), limit=40)}"
            else:
                found = Found(chosen.name, chosen.uid, port)
        if (found, why) != (self.current, self.why):
            self.current, self.why = found, why
            self._on_change()
        if found is not None:
            self._changed.set()

    async def _watch_source(self) -> None:
        """A Service's selector moves at a blue-green switch; a Deployment may be made anew."""
        resource = _RESOURCES[self.target.kind]
        events = self._cluster.watch(
            resource, self.target.namespace, dict, field_selector=f"metadata.name={self.target.name}"
        )
        async with aclosing(cast("Any", events)) as stream:
            async for event in cast("AsyncIterator[Any]", stream):
                objects = list(event.items.values()) if isinstance(event, Synced) else []
                if isinstance(event, Upsert):
                    objects = [event.item]
                for obj in objects:
                    before = (self._selector, self._port)
                    try:
                        await self._read(obj)
                        self._broken = ""
                    except VezaError as error:
                        self._broken = error.message
                    if self._selector != before[0]:
                        self._restart.set()
                    else:
                        self._settle()


def _with_port(target: ForwardTarget, port: str) -> ForwardTarget:
    return ForwardTarget(target.kind, target.name, target.namespace, port)
