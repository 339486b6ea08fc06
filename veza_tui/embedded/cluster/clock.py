"""Time as the simulation sees it: real timestamps, scaled delays."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Handle(Protocol):
    """A pending call."""

    def cancel(self) -> None:
        """Do not call; harmless when it has been called already."""
        ...


class Clock(Protocol):
    """``now`` is real Unix time; every *delay* is in simulated seconds (a real second is ``1 / scale`` of them)."""

    scale: float

    def now(self) -> float:
        """Unix seconds."""
        ...

    def call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        """Call back after ``delay`` simulated seconds."""
        ...

    async def sleep(self, delay: float) -> None:
        """Sleep for ``delay`` simulated seconds."""
        ...


class LoopClock:
    """The running event loop's clock; ``scale`` 0.1 makes everything ten times quicker."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        """Call back after ``delay * scale`` real seconds."""
        return asyncio.get_running_loop().call_later(max(delay, 0.0) * self.scale, callback)

    async def sleep(self, delay: float) -> None:
        """Sleep for ``delay * scale`` real seconds."""
        await asyncio.sleep(max(delay, 0.0) * self.scale)


class _Call:
    __slots__ = ("callback", "cancelled")

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClock:
    """A clock that stands still until ``advance``; for tests."""

    scale = 1.0

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._heap: list[tuple[float, int, _Call]] = []
        self._order = itertools.count()

    def now(self) -> float:
        """Unix seconds."""
        return self._now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Handle:
        """Call back once ``advance`` has passed that moment."""
        call = _Call(callback)
        heapq.heappush(self._heap, (self._now + max(delay, 0.0), next(self._order), call))
        return call

    async def sleep(self, delay: float) -> None:
        """Wait until ``advance`` has passed that moment."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.call_later(delay, lambda: None if future.done() else future.set_result(None))
        await future

    async def advance(self, seconds: float) -> None:
        """Let time pass, running what falls due in order and the tasks it wakes."""
        end = self._now + seconds
        await self._settle()
        while self._heap and self._heap[0][0] <= end:
            moment, _, call = heapq.heappop(self._heap)
            self._now = max(self._now, moment)
            if not call.cancelled:
                call.callback()
                await self._settle()
        self._now = end
        await self._settle()

    @staticmethod
    async def _settle() -> None:
        for _ in range(30):
            await asyncio.sleep(0)
