"""List, then watch for ever. Survives 410, EOF, resets, half-open connections, refusals; never a busy loop.

Protocol: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from veza_tui.adapters.kubernetes import errors
from veza_tui.adapters.kubernetes.backoff import Backoff
from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.adapters.kubernetes.paths import path
from veza_tui.adapters.kubernetes.transport import CONNECT_TIMEOUT, MAX_BODY, REQUEST_TIMEOUT, Transport, everything
from veza_tui.ports.cluster import (
    ClusterError,
    ClusterUnreachable,
    Denied,
    Gone,
    Heard,
    JSONObject,
    Lost,
    NotFound,
    Removed,
    Resource,
    Synced,
    Upsert,
    WatchEvent,
)

T = TypeVar("T")
U = TypeVar("U")
SLICE = 0.005
"""Seconds after which others have their turn on the loop."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds. A real API server sends a bookmark about once a minute, so ``idle`` must be longer."""

    page: int = 250
    """Objects a page: a page is decoded in one go, and a key may be waiting (250 pods: some 10 ms)."""
    serve: float = 300.0
    """How long the server is asked to keep one watch open (up to a fifth less, so that watches do not end together)."""
    idle: float = 80.0
    """Without a byte for so long, the connection is taken for half-open and made anew."""
    short: float = 1.0
    """A watch that ends sooner without a word is a failure, not an ending."""
    first: float = 0.2
    cap: float = 2.5
    """Back-off: with it, a recovered API is noticed in less than 5 s."""
    refused: float = 15.0
    """Pause after 403 and 404."""
    unauthorized: float = 5.0
    longest: float = 30.0
    """No Retry-After is followed for longer."""


class Gates:
    """Requests of the background loops that a newly found-out outage may have swallowed: they can be cut loose."""

    def __init__(self) -> None:
        self._open: dict[object, tuple[float, Callable[[], None]]] = {}

    def enter(self, key: object, cut: Callable[[], None]) -> None:
        """``cut`` breaks the request that ``key`` stands for."""
        self._open[key] = (time.monotonic(), cut)

    def heard(self, key: object) -> None:
        """A byte came."""
        self._open[key] = (time.monotonic(), self._open[key][1])

    def leave(self, key: object) -> None:
        """It is over."""
        self._open.pop(key, None)

    def cut_silent_since(self, moment: float) -> None:
        """Break what has been silent since ``moment`` (monotonic)."""
        for at, cut in list(self._open.values()):
            if at < moment:
                cut()


class Watcher(Generic[T]):
    """One watch; iterate ``events()`` once."""

    def __init__(
        self,
        transport: Transport,
        resource: Resource,
        namespace: str | None,
        project: Callable[[JSONObject], T],
        selectors: dict[str, str],
        timing: Timing,
        gates: Gates,
    ) -> None:
        self._transport = transport
        self._resource = resource
        self._path = path(resource, namespace)
        self._what = f"watch {resource.plural}"
        self._project = project
        self._selectors = selectors
        self._timing = timing
        self._gates = gates
        self._version: str | None = None
        self._paged = True
        self._established = False

    async def events(self) -> AsyncGenerator[WatchEvent[T], None]:
        """See ``ports.cluster.Cluster.watch``."""
        backoff = Backoff(self._timing.first, self._timing.cap)
        while True:
            try:
                if self._version is None:
                    synced = await self._list()
                    yield synced
                    del synced
                started, heard = time.monotonic(), False
                async with aclosing(self._stream()) as stream:
                    async for event in stream:
                        if not heard and not isinstance(event, Heard):
                            heard = True
                            backoff.reset()
                        yield event
                if not heard and time.monotonic() - started < self._timing.short:
                    await asyncio.sleep(backoff.next())
                else:
                    backoff.reset()
            except Gone:
                self._version = None
                await asyncio.sleep(backoff.next())
            except ClusterError as error:
                # A connection that breaks is not yet an outage: only when it cannot be made again.
                if not (self._established and isinstance(error, ClusterUnreachable)):
                    yield Lost(error)
                self._established = False
                await asyncio.sleep(self._pause(error, backoff))

    def _pause(self, error: ClusterError, backoff: Backoff) -> float:
        if error.retry_after is not None:
            return min(error.retry_after, self._timing.longest) + random.uniform(0.0, 0.2)
        if isinstance(error, Denied):
            pause = self._timing.unauthorized if error.status == 401 else self._timing.refused
            return pause * random.uniform(0.8, 1.0)
        if isinstance(error, NotFound):
            return self._timing.refused * random.uniform(0.8, 1.0)
        return backoff.next()

    async def _list(self) -> Synced[T]:
        """All pages; a 410 in the middle begins anew, a second one asks for everything in one page."""
        items: dict[str, T] = {}
        token = ""
        while True:
            params = {**self._selectors}
            if self._paged:
                params["limit"] = str(self._timing.page)
            if token:
                params["continue"] = token
            try:
                answer = await self._get(params)
            except Gone:
                if not token:
                    raise
                self._paged = False
                items.clear()
                token = ""
                continue
            turn = time.monotonic()
            for obj in answer.get("items") or ():
                self._fill(obj)
                self._keep(items, obj)
                if time.monotonic() - turn > SLICE:
                    await asyncio.sleep(0)
                    turn = time.monotonic()
            meta = answer.get("metadata") or {}
            token = str(meta.get("continue") or "")
            if not token:
                self._version = str(meta.get("resourceVersion") or "0")
                self._paged = True
                return Synced(items)

    async def _get(self, params: dict[str, str]) -> JSONObject:
        answer = await self._cuttable(self._transport.json("GET", self._path, params=params))
        if not isinstance(answer, dict):
            raise ClusterError(f"{self._what}: the list is no object", status=502)
        return answer

    async def _cuttable(self, question: Awaitable[U]) -> U:
        """Its answer; ClusterUnreachable when an outage that was found out meanwhile may have swallowed it."""
        try:
            async with asyncio.timeout(None) as limit:
                self._gates.enter(limit, lambda: None if limit.expired() else limit.reschedule(0.0))
                try:
                    return await question
                finally:
                    self._gates.leave(limit)
        except TimeoutError:
            raise errors.from_exception(TimeoutError(), self._transport.access.server) from None

    async def _stream(self) -> AsyncGenerator[WatchEvent[T], None]:
        serve = int(self._timing.serve * random.uniform(0.8, 1.0)) or 1
        params = {
            **self._selectors,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": self._version or "",
            "timeoutSeconds": str(serve),
        }
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT, sock_read=max(self._timing.idle, 0.05), connect=REQUEST_TIMEOUT
        )
        async with AsyncExitStack() as stack:
            opening = self._transport.open("GET", self._path, params=params, timeout=limits)
            response = await self._cuttable(stack.enter_async_context(opening))
            self._gates.enter(response, response.close)
            self._established = True
            try:
                yield Heard()
                rest = b""
                async for chunk in everything(response.content):
                    self._gates.heard(response)
                    lines = (rest + chunk if rest else chunk).split(b"\n")
                    rest = lines.pop()
                    if len(rest) > MAX_BODY:
                        raise ClusterError(f"{self._what}: an event is larger than {MAX_BODY >> 20} MiB", status=502)
                    for line in lines:
                        if line.strip():
                            event = self._event(line)
                            if event is not None:
                                yield event
                # What is left is half an event: the server sends it again from our resourceVersion.
            finally:
                self._gates.leave(response)

    def _event(self, line: bytes) -> WatchEvent[T] | None:
        try:
            data = json.loads(line)
            kind, obj = data["type"], data["object"]
            meta: Any = obj.get("metadata") or {}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ClusterError(f"{self._what}: the server sent something that is no event", status=502) from None
        if kind == "ERROR":
            raise errors.from_event(obj, self._what)
        version = meta.get("resourceVersion")
        if version:
            self._version = str(version)
        if kind == "BOOKMARK":
            return Heard()
        uid = str(meta.get("uid") or "")
        if kind == "DELETED":
            return Removed(uid)
        one: dict[str, T] = {}
        self._keep(one, obj)
        return Upsert(uid, one[uid]) if uid in one else Removed(uid)

    def _fill(self, obj: JSONObject) -> None:
        obj.setdefault("apiVersion", self._resource.api_version)
        obj.setdefault("kind", self._resource.kind)

    def _keep(self, items: dict[str, T], obj: JSONObject) -> None:
        meta = obj.get("metadata") or {}
        meta.pop("managedFields", None)
        try:
            items[str(meta["uid"])] = self._project(obj)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            # One odd object must not take the others' rows away.
            log.warning("%s: an object could not be read: %r", self._what, meta.get("name"), exc_info=True)
