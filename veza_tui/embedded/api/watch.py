"""Watches: chunked JSON lines, bookmarks, initial events, tables, selectors."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

from aiohttp import web

from veza_tui.embedded.api import views
from veza_tui.embedded.api.errors import ApiError, bad_request, expired
from veza_tui.embedded.api.faults import Faults
from veza_tui.embedded.api.history import EventType, Record, StoreEvent, Subscription, dumps
from veza_tui.embedded.api.requests import RequestInfo, option_error
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.respond import Accept
from veza_tui.embedded.api.selectors import Matcher, matcher
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.api.table import table_of

_DEFAULT_TIMEOUT = 1800.0
INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Watch:
    """One watch of one client."""

    def __init__(self, store: Store, kind: ResourceType, info: RequestInfo, accept: Accept) -> None:
        self.store, self.kind, self.info, self.accept = store, kind, info, accept
        fields = info.query.get("fieldSelector", "")
        if info.name:
            fields = ",".join(filter(None, (fields, f"metadata.name={info.name}")))
        self.matches: Matcher | None = matcher(info.query.get("labelSelector", ""), fields, kind.key)
        self.namespace = info.namespace if kind.namespaced and info.namespace else None
        self.bookmarks = info.flag("allowWatchBookmarks")
        self.headers_sent = False
        self.initial, self.since = self._start()
        self.timeout = float(info.integer("timeoutSeconds") or 0) or _DEFAULT_TIMEOUT * (1 + random.random())

    def _start(self) -> tuple[bool, int | None]:
        """(whether to begin with what there is, version to resume from); raises ApiError 400 or 422."""
        text = self.info.query.get("resourceVersion", "")
        if text and not text.isdigit():
            reason = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
            raise bad_request(f"invalid resource version: {reason}")
        wanted, match = self.info.query.get("sendInitialEvents", ""), self.info.query.get("resourceVersionMatch", "")
        if wanted and match != "NotOlderThan":
            text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise option_error("ListOptions", "resourceVersionMatch", text)
        if match and not wanted:
            text = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            raise option_error("ListOptions", "resourceVersionMatch", text)
        if wanted:
            return self.info.flag("sendInitialEvents"), None
        if text in ("", "0"):
            return True, None
        return False, int(text)

    def open(self) -> Subscription:
        """Subscribe; raises ApiError 410."""
        if self.since is not None and self.since < self.store.history.floor(self.kind.key):
            raise expired(f"too old resource version: {self.since} ({self.store.history.floor(self.kind.key)})")
        return self.store.subscribe(self.kind.key, replay=self.initial, since=self.since)

    def lines(self, events: Iterable[StoreEvent]) -> bytes:
        """The events that the client is to see, as JSON lines."""
        return b"".join(self._line(event) for event in events)

    def _line(self, event: StoreEvent) -> bytes:
        meta = event.object["metadata"]
        if self.namespace is not None and meta.get("namespace") != self.namespace:
            return b""
        if self.since is not None and event.version <= self.since:
            return b""
        kind: EventType = event.type
        if self.matches is not None:
            now = self.matches(event.object)
            before = event.previous is not None and self.matches(event.previous.object)
            if event.type == "DELETED":
                now, before = False, before or now
            if not now and not before:
                return b""
            kind = "DELETED" if not now else "MODIFIED" if before else "ADDED"
        return b'{"type":"' + kind.encode() + b'","object":' + self._object(event.record) + b"}\n"

    def _object(self, record: Record) -> bytes:
        if self.accept.form == "Table":
            obj = views.tabled(self.kind, record.object)
            meta = {"resourceVersion": str(record.version)}
            include = self.info.query.get("includeObject", "Metadata")
            now = self.store.clock()
            body = table_of(self.kind, [obj], meta, include=include, version=self.accept.version, now=now)
            if self.headers_sent:
                body["columnDefinitions"] = None
            self.headers_sent = True
            return dumps(body)
        if self.accept.form.startswith("PartialObjectMetadata"):
            return dumps(views.partial(record.object, self.accept.version))
        return views.encoded(self.kind, record)

    def bookmark(self, *, initial_end: bool = False) -> bytes:
        """A BOOKMARK line at the newest version."""
        meta: dict[str, object] = {"resourceVersion": str(self.store.version)}
        if initial_end:
            meta["annotations"] = {INITIAL_EVENTS_END: "true"}
        obj: dict[str, object] = {"kind": self.kind.kind, "apiVersion": self.kind.api_version, "metadata": meta}
        if self.accept.form == "Table":
            api_version = f"meta.k8s.io/{self.accept.version}"
            rows: list[object] = []
            obj = {
                "kind": "Table",
                "apiVersion": api_version,
                "metadata": meta,
                "columnDefinitions": None,
                "rows": rows,
            }
        return dumps({"type": "BOOKMARK", "object": obj}) + b"\n"


async def serve_watch(
    request: web.BaseRequest,
    store: Store,
    kind: ResourceType,
    info: RequestInfo,
    accept: Accept,
    *,
    bookmark_interval: float,
    faults: Faults,
) -> web.StreamResponse:
    """Answer a watch until its time is over, the client goes or a fault cuts it."""
    watch = Watch(store, kind, info, accept)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    try:
        subscription = watch.open()
    except ApiError as error:
        await response.prepare(request)
        await response.write(dumps({"type": "ERROR", "object": error.status()}) + b"\n")
        await response.write_eof()
        return response

    def drop(abort: bool) -> None:
        if abort and request.transport is not None:
            request.transport.abort()
        subscription.close()

    undrop = faults.on_drop(drop)
    loop = asyncio.get_running_loop()
    try:
        await response.prepare(request)
        first = watch.lines(subscription.drain())
        if watch.bookmarks and info.flag("sendInitialEvents"):
            first += watch.bookmark(initial_end=True)
        if first:
            await response.write(first)
        end = loop.time() + watch.timeout
        mark = loop.time() + bookmark_interval
        while not subscription.closed and (now := loop.time()) < end:
            due = min(end, mark) if watch.bookmarks else end
            await subscription.wait(max(due - now, 0))
            await faults.thawed()
            out = watch.lines(subscription.drain())
            if watch.bookmarks and loop.time() >= mark:
                mark = loop.time() + bookmark_interval
                out += watch.bookmark()
            if out:
                await response.write(out)
        await response.write_eof()
    except ConnectionError:
        pass  # the client has gone
    finally:
        undrop()
        subscription.close()
    return response
