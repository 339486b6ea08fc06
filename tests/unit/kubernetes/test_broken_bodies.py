"""A body whose connection breaks before anybody has read it."""

from __future__ import annotations

import asyncio
import json
from unittest.mock import Mock

import aiohttp
import pytest

from veza_tui.adapters.kubernetes.errors import from_answer
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


def test_an_immutable_field_is_named_without_the_value_that_the_server_repeats() -> None:
    said = (
        'Job.batch "migrate" is invalid: spec.template: Invalid value: {"Spec":' + "x" * 3000 + "}: field is immutable"
    )
    body = json.dumps({"kind": "Status", "message": said, "reason": "Invalid"}).encode()
    error = from_answer(422, body, {}, "apply")
    assert error.message == 'Job.batch "migrate" is invalid: spec.template: field is immutable'
