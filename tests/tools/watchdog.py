"""How long the event loop was away, while something heavy went on."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

PERIOD = 0.005
"""Seconds between two looks."""


class Watchdog:
    """``async with Watchdog() as dog``: afterwards ``dog.worst`` is the longest that a key would have waited.

    ``worst_work`` is the most processor time that the loop's thread spent between two looks: what is ours of it, on a
    machine that does other things too. Both in seconds.
    """

    def __init__(self) -> None:
        self.worst = self.worst_work = 0.0
        self.looks = 0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Watchdog:
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        at, work = time.perf_counter(), time.thread_time()
        while True:
            await asyncio.sleep(PERIOD)
            now, spent = time.perf_counter(), time.thread_time()
            self.worst = max(self.worst, now - at - PERIOD)
            self.worst_work = max(self.worst_work, spent - work)
            self.looks += 1
            at, work = now, spent
