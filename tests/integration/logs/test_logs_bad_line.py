"""Numbered lines over HTTP and a line that is cut, reset, refused, swallowed: 0 missing, 0 twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.tools.log_server import FILL
from veza_tui.feeds.clock import SystemClock
from veza_tui.feeds.logs import follower as follower_module
from veza_tui.feeds.logs import session as session_module
from veza_tui.feeds.logs.session import LogSession
from veza_tui.feeds.logs.wish import Wish
from veza_tui.feeds.pods import project_pod
from veza_tui.model.log import Scope, Target, payload_of, source_of
from veza_tui.ports.cluster import PODS

RATE = 400


async def follow(world: Any, seconds: float, fault: Callable[[], Awaitable[None]]) -> tuple[LogSession, list[bytes]]:
    """Follow every pod for some seconds of faults; then until each has caught up."""
    got: list[bytes] = []
    session = LogSession(world.cluster, Wish((Target(Scope.ENVIRONMENT),)), SystemClock(), got.extend)
    session.update([project_pod(pod) for pod in await world.cluster.list_all(PODS, "logs")])
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while loop.time() < end:
        await fault()
    total = world.server.total()
    pods = world.server.options.pods
    async with asyncio.timeout(15):
        while True:
            last = [max((number(x) for x in got if source_of(x) == n), default=-1) for n in range(pods)]
            if min(last) >= total:
                break
            await asyncio.sleep(0.1)
    await session.close()
    return session, got


def number(line: bytes) -> int:
    words = payload_of(line).split(b" ")
    return int(words[1]) if words[0] == b"line" else -1


def judge(session: LogSession, got: list[bytes]) -> None:
    assert {payload_of(x) for x in got if number(x) < 0} <= set()
    for source in session.sources.values():
        mine = [x for x in got if source_of(x) == source.number]
        assert [number(x) for x in mine] == list(range(len(mine)))
        assert all(payload_of(x).decode() == f"line {i} of {source.pod} {FILL}" for i, x in enumerate(mine))


@pytest.mark.parametrize("how", ["cut", "reset", "restart", "pieces"])
async def test_nothing_missing_nothing_twice(bad_line: Callable[..., Awaitable[Any]], how: str) -> None:
    world = await bad_line("--pods", "4", "--rate", str(RATE))
    chance = random.Random(how)
    line = world.line

    async def fault() -> None:
        await asyncio.sleep(chance.random() * 0.25)
        if how == "cut":
            line.cut()
        elif how == "reset":
            line.reset()
        elif how == "pieces":
            line.cut_after = chance.choice((None, 700, 5_000, 20_001))
            line.cut()
        else:
            # The API server restarts: refused for a while.
            await line.refuse()
            await asyncio.sleep(0.3)
            await line.open()

    async def last() -> None:
        await fault()
        line.cut_after = None

    session, got = await follow(world, 1.2, last)
    judge(session, got)
    assert line.connections > 6


async def test_a_swallowing_line_is_noticed(
    bad_line: Callable[..., Awaitable[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await bad_line("--pods", "2", "--rate", str(RATE))
    monkeypatch.setattr(session_module, "PING", 0.3)
    monkeypatch.setattr(session_module, "PING_FAILING", 0.2)
    monkeypatch.setattr(follower_module, "LAST_PAUSE", 0.3)
    pings = 0
    real = world.cluster.ping

    async def ping() -> float:
        nonlocal pings
        pings += 1
        async with asyncio.timeout(0.3):
            return float(await real())

    async def quick_ping() -> float:
        from veza_tui.ports.cluster import ClusterUnreachable

        try:
            return await ping()
        except TimeoutError:
            raise ClusterUnreachable("no answer") from None

    world.cluster.ping = quick_ping
    swallowed = False

    async def fault() -> None:
        nonlocal swallowed
        await asyncio.sleep(0.5)
        if not swallowed:
            swallowed = True
            # Open connections lead nowhere from now on; new ones work after a while.
            world.line.die()
            world.line.swallow = True
            await asyncio.sleep(0.9)
            world.line.swallow = False

    session, got = await follow(world, 1.6, fault)
    judge(session, got)
    assert pings >= 3
