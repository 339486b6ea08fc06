"""A body whose connection breaks before anybody has read it."""

from __future__ import annotations

import asyncio
from unittest.mock import Mock

import aiohttp
import pytest

from veza_tui.adapters.kubernetes.transport import everything


def broken() -> aiohttp.StreamReader:
    content = aiohttp.StreamReader(Mock(_reading_paused=False), 1 << 16, loop=asyncio.get_running_loop())
    content.feed_data(b"one\n")
    content.feed_data(b"two\nhal")
    content.set_exception(aiohttp.ClientPayloadError("cut"))
    return content


async def test_aiohttp_itself_throws_it_away() -> None:
    with pytest.raises(aiohttp.ClientPayloadError):
        await broken().readany()


async def test_everything_that_came_is_given_before_the_break_is_raised() -> None:
    found = b""
    with pytest.raises(aiohttp.ClientPayloadError):
        async for chunk in everything(broken()):
            found += chunk
    assert found == b"one\ntwo\nhal"
