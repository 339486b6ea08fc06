"""Which limit is named when nothing answers, and a watch that is cut loose while it still connects."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest

from veza_tui.adapters.kubernetes.transport import CONNECT_TIMEOUT, _limit
from veza_tui.adapters.kubernetes.watch import Gates, Timing, Watcher
from veza_tui.ports.cluster import PODS, Lost, Synced


@pytest.mark.parametrize(
    ("error", "limits", "said"),
    [
        (aiohttp.ConnectionTimeoutError(), aiohttp.ClientTimeout(sock_connect=20, sock_read=80, total=None), 20),
        (aiohttp.ConnectionTimeoutError(), aiohttp.ClientTimeout(sock_connect=20, total=4), 4),
        (aiohttp.SocketTimeoutError(), aiohttp.ClientTimeout(sock_connect=20, sock_read=80, total=None), 80),
        (TimeoutError(), aiohttp.ClientTimeout(total=30, sock_connect=20), 30),
    ],
)
def test_the_limit_that_is_named_is_the_one_that_was_passed(error: Any, limits: Any, said: float) -> None:
    assert _limit(error, limits) == said


def test_a_cluster_that_takes_ten_seconds_for_its_handshake_is_reached() -> None:
    assert CONNECT_TIMEOUT > 15


class Swallowing:
    """A Transport whose lists are answered and whose first watch hangs while it connects."""

    def __init__(self) -> None:
        self.access = SimpleNamespace(server="https://api")
        self.connecting = asyncio.Event()

    async def json(self, *_: Any, **__: Any) -> Any:
        return {"items": [], "metadata": {"resourceVersion": "1"}}

    @asynccontextmanager
    async def open(self, *_: Any, **__: Any) -> Any:
        self.connecting.set()
        await asyncio.Event().wait()
        yield None


async def test_a_watch_that_still_connects_is_cut_loose_when_the_server_is_back() -> None:
    transport, gates = Swallowing(), Gates()
    watcher = Watcher(transport, PODS, "veza", lambda obj: obj, {}, Timing(first=0.0, cap=0.0), gates)  # type: ignore[arg-type]
    events = watcher.events()
    assert isinstance(await anext(events), Synced)
    following = asyncio.ensure_future(anext(events))
    await transport.connecting.wait()
    gates.cut_silent_since(float("inf"))
    lost = await asyncio.wait_for(following, 2)
    assert isinstance(lost, Lost) and "no answer from https://api" in lost.error.message
    await events.aclose()
