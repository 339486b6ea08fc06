"""No key waits: a watchdog on the loop during what is heavy. The verdict on 50 ms is the benchmark's."""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
import weakref

import pytest

from tests.tools.heavy import SCENARIOS
from tests.tools.heavy_looks import looks
from tests.tools.watchdog import Watchdog
from veza_tui.tui.collector import QUIET, Collector

pytestmark = pytest.mark.integration

LIMIT = 0.1
"""Seconds of the loop's own processor time: twice the promise, for slower machines and crowded caches."""


@pytest.fixture(autouse=True)
def _dark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEZA_THEME", "dark")
    monkeypatch.delenv("NO_COLOR", raising=False)


class Held:
    """Something that only a circle holds."""

    def __init__(self, circle: list[object]) -> None:
        circle.append(self)


async def test_the_watchdog_sees_a_blocked_loop() -> None:
    async with Watchdog() as dog:
        await asyncio.sleep(0.02)
        time.sleep(0.06)
        await asyncio.sleep(0.02)
    assert dog.worst > 0.05
    assert dog.worst_work < 0.05
    assert dog.looks >= 3


@pytest.mark.parametrize("name", list(SCENARIOS))
async def test_no_key_waits_long(name: str) -> None:
    dogs = [await SCENARIOS[name](0.8) for _ in range(3)]
    # What others on this machine take of the time is not ours, and a machine may be as busy as it likes: what the loop
    # itself computes between two looks is judged, in the median run.
    assert statistics.median(dog.worst_work for dog in dogs) < LIMIT, [d.worst_work for d in dogs]
    # Waiting on the loop is no computing: that would show here.
    assert statistics.median(dog.worst for dog in dogs) < 1, [d.worst for d in dogs]


async def test_no_key_waits_long_in_lists_and_texts() -> None:
    dog = await looks(0.8)
    assert dog.worst_work < LIMIT


def test_memory_is_tidied_when_nobody_types() -> None:
    at = [0.0]
    before = gc.get_threshold()
    collector = Collector(lambda: at[0])
    try:
        assert gc.get_threshold()[2] > 1_000_000, "never by itself in the middle of a key"
        assert not collector.tick(), "the first lists are all in use"
        circle: list[object] = []
        circle.append(circle)
        left = weakref.ref(Held(circle))
        del circle
        collector.key()
        at[0] += QUIET / 2
        assert not collector.tick()
        at[0] += QUIET
        assert collector.tick()
        assert left() is None
    finally:
        collector.close()
    assert gc.get_threshold() == before
