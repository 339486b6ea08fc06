"""Events of the store: bounded history per resource for watches that resume, and subscriptions to what comes."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Literal

JSONObject = dict[str, Any]
EventType = Literal["ADDED", "MODIFIED", "DELETED"]


def dumps(value: Any) -> bytes:
    """Compact JSON as the server sends it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


class Record:
    """One revision of one object: never changed once it is stored. ``encoded`` is its JSON, made once for everybody."""

    __slots__ = ("_encoded", "object", "version")

    def __init__(self, obj: JSONObject, version: int) -> None:
        self.object = obj
        self.version = version
        self._encoded: bytes | None = None

    @property
    def encoded(self) -> bytes:
        """The object as JSON."""
        if self._encoded is None:
            self._encoded = dumps(self.object)
        return self._encoded


class StoreEvent:
    """One change. ``previous`` is the revision before it (None for ADDED); DELETED carries the last state."""

    __slots__ = ("key", "previous", "record", "type")

    def __init__(self, type_: EventType, key: str, record: Record, previous: Record | None) -> None:
        self.type: EventType = type_
        self.key = key
        self.record = record
        self.previous = previous

    @property
    def object(self) -> JSONObject:
        """The object: read it, do not change it."""
        return self.record.object

    @property
    def version(self) -> int:
        """Its resourceVersion."""
        return self.record.version


class Subscription:
    """A stream of events of one resource: ``async for event in subscription``; ``close()`` ends it."""

    LIMIT = 50_000
    """A reader that falls this many events behind is cut off (``overflowed``), as a real server cuts a slow watch."""

    def __init__(self, detach: Callable[[Subscription], None]) -> None:
        self._pending: deque[StoreEvent] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._detach = detach
        self.closed = False
        self.overflowed = False

    def push(self, event: StoreEvent) -> None:
        """Called by the history."""
        if self.closed:
            return
        if len(self._pending) >= self.LIMIT:
            self.overflowed = True
            self.close()
            return
        self._pending.append(event)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Stop; a reader that waits ends after what is pending. Idempotent."""
        if not self.closed:
            self.closed = True
            self._detach(self)
            self._wake()

    def drain(self) -> list[StoreEvent]:
        """All pending events at once."""
        events = list(self._pending)
        self._pending.clear()
        return events

    async def wait(self, timeout: float | None = None) -> bool:
        """Until an event is pending or the subscription is closed; False when ``timeout`` seconds passed before."""
        if self._pending or self.closed:
            return True
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await self._waiter
        except TimeoutError:
            return False
        finally:
            self._waiter = None
        return True

    def __aiter__(self) -> AsyncIterator[StoreEvent]:
        return self

    async def __anext__(self) -> StoreEvent:
        while not self._pending:
            if self.closed:
                raise StopAsyncIteration
            await self.wait()
        return self._pending.popleft()


class History:
    """Bounded history per resource key. Events older than ``floor(key)`` are gone: a watch from there gets 410."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._events: dict[str, deque[StoreEvent]] = {}
        self._floors: dict[str, int] = {}
        self._compacted = 0
        self._subscriptions: dict[str, list[Subscription]] = {}
        self._listeners: list[Callable[[StoreEvent], None]] = []
        self._queue: deque[StoreEvent] = deque()
        self._dispatching = False

    def floor(self, key: str) -> int:
        """The oldest resourceVersion from which a watch can resume."""
        return max(self._floors.get(key, 0), self._compacted)

    def compact(self, version: int) -> None:
        """Forget everything up to ``version``."""
        self._compacted = version
        for events in self._events.values():
            while events and events[0].version <= version:
                events.popleft()

    def since(self, key: str, version: int) -> Iterator[StoreEvent]:
        """The events of ``key`` after ``version``, oldest first (the caller has checked the floor)."""
        return iter([event for event in self._events.get(key, ()) if event.version > version])

    def publish(self, event: StoreEvent) -> None:
        """Record and hand out. A listener may write to the store: its events are handed out after this one."""
        events = self._events.setdefault(event.key, deque())
        events.append(event)
        while len(events) > self.size:
            self._floors[event.key] = events.popleft().version
        self._queue.append(event)
        if self._dispatching:
            return
        self._dispatching = True
        try:
            while self._queue:
                current = self._queue.popleft()
                for subscription in list(self._subscriptions.get(current.key, ())):
                    subscription.push(current)
                for listener in list(self._listeners):
                    listener(current)
        finally:
            self._dispatching = False

    def subscribe(self, key: str, replay: list[StoreEvent]) -> Subscription:
        """A subscription that begins with ``replay``."""
        subscriptions = self._subscriptions.setdefault(key, [])

        def detach(subscription: Subscription) -> None:
            if subscription in subscriptions:
                subscriptions.remove(subscription)

        subscription = Subscription(detach)
        subscriptions.append(subscription)
        for event in replay:
            subscription.push(event)
        return subscription

    def listen(self, callback: Callable[[StoreEvent], None]) -> Callable[[], None]:
        """Call ``callback`` with every event of every resource; the answer removes it."""
        self._listeners.append(callback)

        def remove() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return remove
