"""SPDY frames, cut anywhere, through a WebSocket made of a queue."""

from __future__ import annotations

import asyncio
import struct
import zlib
from typing import Any

import aiohttp
import pytest

from veza_tui.adapters.kubernetes.spdy import DICTIONARY, Tunnel
from veza_tui.ports.cluster import ClusterUnreachable


class WebSocket:
    protocol = "SPDY/3.1+portforward.k8s.io"
    closed = False

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.queue: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()

    async def send_bytes(self, data: bytes) -> None:
        self.sent.append(data)

    async def receive(self) -> Any:
        return await self.queue.get()

    async def close(self) -> None:
        self.closed = True

    async def ping(self) -> None:
        pass

    def feed(self, data: bytes, step: int = 0) -> None:
        step = step or len(data)
        for at in range(0, len(data), step):
            self.queue.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, data[at : at + step], None))

    def end(self) -> None:
        self.queue.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.CLOSED, None, None))


def control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("!HHB", 0x8003, kind, flags) + len(body).to_bytes(3, "big") + body


def frame(stream: int, data: bytes, flags: int = 0) -> bytes:
    return struct.pack("!IB", stream, flags) + len(data).to_bytes(3, "big") + data


REPLY = control(2, struct.pack("!I", 1) + b"junk") + control(2, struct.pack("!I", 3) + b"junk")


async def opened() -> tuple[WebSocket, Tunnel]:
    ws = WebSocket()
    return ws, await Tunnel.open(ws, 5432)  # type: ignore[arg-type]


async def everything(tunnel: Tunnel) -> bytes:
    out = b""
    while data := await tunnel.read():
        out += data
    return out


async def test_both_streams_are_opened_as_kubectl_names_them() -> None:
    ws, tunnel = await opened()
    inflate, data, found = zlib.decompressobj(zdict=DICTIONARY), ws.sent[0], []
    while data:
        size = int.from_bytes(data[5:8], "big")
        head, body, data = data[:8], data[8 : 8 + size], data[8 + size :]
        block = inflate.decompress(body[10:])
        found.append((struct.unpack("!HH", head[:4]), head[4], struct.unpack("!I", body[:4])[0], block))
    assert [f[:3] for f in found] == [((0x8003, 1), 1, 1), ((0x8003, 1), 0, 3)]
    assert b"streamtype\x00\x00\x00\x05error" in found[0][3]
    assert b"port\x00\x00\x00\x045432" in found[1][3]
    assert len(DICTIONARY) == 1423, "the draft's dictionary has this length"
    await tunnel.close()


@pytest.mark.parametrize("step", [1, 2, 3, 7, 8, 9, 64, 0])
async def test_frames_cut_anywhere_give_the_same_bytes(step: int) -> None:
    ws, tunnel = await opened()
    ws.feed(REPLY + frame(3, b"hello ") + control(4, b"settings") + frame(3, b"") + frame(3, b"world", 1), step)
    assert await everything(tunnel) == b"hello world"
    await tunnel.close()


async def test_headers_and_data_in_messages_of_their_own_as_the_go_library_writes_them() -> None:
    ws, tunnel = await opened()
    data = bytes(range(256)) * 128
    whole = frame(3, data)
    for part in (REPLY, whole[:4], whole[4:8], whole[8:], frame(3, b"", 1)):
        ws.feed(part)
    assert await everything(tunnel) == data
    await tunnel.close()


async def test_what_the_error_stream_says_is_raised() -> None:
    ws, tunnel = await opened()
    ws.feed(REPLY + frame(1, b"connection ") + frame(1, b"refused\x1b[31m") + frame(1, b"", 1))
    with pytest.raises(ClusterUnreachable, match="port 5432: connection refused␛"):
        await tunnel.read()
    await tunnel.close()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (control(3, struct.pack("!II", 3, 5)), "reset"),
        (control(7, bytes(8)), "ended the connection"),
        (struct.pack("!HHB", 0x8002, 2, 0) + bytes(3), "no SPDY"),
    ],
)
async def test_ends_that_are_no_ends(data: bytes, words: str) -> None:
    ws, tunnel = await opened()
    ws.feed(REPLY + data)
    with pytest.raises(ClusterUnreachable, match=words):
        await tunnel.read()
    await tunnel.close()


async def test_a_cut_is_no_end_of_data() -> None:
    ws, tunnel = await opened()
    ws.feed(REPLY + frame(3, b"half"))
    ws.end()
    assert await tunnel.read() == b"half"
    with pytest.raises(ClusterUnreachable, match="cut"):
        await tunnel.read()
    await tunnel.close()


async def test_writes_halves_and_pings() -> None:
    ws, tunnel = await opened()
    await tunnel.write(bytes(100_000))
    await tunnel.write_eof()
    await tunnel.write_eof()
    assert [len(m) for m in ws.sent[1:]] == [65_536 + 8, 100_000 - 65_536 + 8, 8]
    assert ws.sent[-1] == frame(3, b"", 1)
    ws.feed(control(6, struct.pack("!I", 2)) + frame(3, b"", 1))
    assert await tunnel.read() == b""
    assert ws.sent[-1] == control(6, struct.pack("!I", 2))
    await tunnel.close()
