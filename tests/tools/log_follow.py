"""A follower on a made-up world, with what it passed on collected."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.tools.log_world import World
from veza_tui.feeds.logs import follower as module
from veza_tui.feeds.logs.follower import Follower
from veza_tui.model.log import Beginning, Source


class QuickClock:
    """Time passes when somebody sleeps: a thousand times as fast."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return 1_700_000_000.0

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time() + self.offset

    async def sleep(self, seconds: float) -> None:
        self.offset += seconds
        await asyncio.sleep(seconds / 1000)


class Collected:
    """``Sink``."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.notes: list[str] = []
        self.all: list[str] = []
        self.news = asyncio.Event()

    def lines(self, source: Source, data: bytes) -> None:
        assert data.endswith(b"\n")
        new = [line[31:].decode() for line in data.split(b"\n")[:-1]]
        self.texts += new
        self.all += new
        self.news.set()

    def note(self, source: Source, stamp: bytes, text: str) -> None:
        assert len(stamp) == 30
        self.notes.append(text)
        self.all.append(f"-- {text}")
        self.news.set()

    async def until(self, found: Any, timeout: float = 5.0) -> None:
        """Wait for ``found()``."""
        async with asyncio.timeout(timeout):
            while not found():
                self.news.clear()
                await self.news.wait()


def follower(world: World, sink: Collected, name: str = "web", **options: Any) -> Follower:
    """For the container ``app`` of a pod; the pauses that gather lines are short."""
    source = Source(0, f"uid-{name}", "veza", name, options.pop("container", "app"))
    options.setdefault("beginning", Beginning())
    return Follower(world, source, sink, QuickClock(), **options)  # type: ignore[arg-type]


def quick(monkeypatch: Any) -> None:
    """No test waits for a pause that is meant for machines."""
    monkeypatch.setattr(module, "PACE", 0.0)
    monkeypatch.setattr(module, "SETTLE", 0.02)
    monkeypatch.setattr(module, "LOOK", 0.05)
