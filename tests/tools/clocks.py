"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio


class FakeClock:
    """`advance` wakes the sleepers whose time has come, in order."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now + seconds, future))
        await future

    @property
    def sleeping(self) -> int:
        return sum(not future.done() for _, future in self._sleepers)

    async def advance(self, seconds: float) -> None:
        end = self._now + seconds
        while True:
            await settle()
            due = [s for s in self._sleepers if s[0] <= end and not s[1].done()]
            if not due:
                break
            first = min(due, key=lambda s: s[0])
            self._sleepers.remove(first)
            self._now = max(self._now, first[0])
            first[1].set_result(None)
        self._now = end
        await settle()

    def jump(self, seconds: float) -> None:
        """The machine slept: time passed, and nobody was woken."""
        self._now += seconds


class EagerClock(FakeClock):
    """Sleeping takes no time: the clock jumps ahead."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._now += seconds
        await asyncio.sleep(0)


async def settle(rounds: int = 20) -> None:
    """Let everything that can run, run."""
    for _ in range(rounds):
        await asyncio.sleep(0)
