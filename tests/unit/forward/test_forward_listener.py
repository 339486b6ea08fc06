"""Local sockets and the carrying of bytes, against streams made of queues."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from veza_tui.model.errors import ConfigError
from veza_tui.operations.forward.listener import Listener, PortTaken, bind, check_address, propose
from veza_tui.ports.cluster import ClusterUnreachable


class Stream:
    """The pod's side: what it sends is put into ``incoming``; an exception there is raised."""

    half_close = True

    def __init__(self) -> None:
        self.incoming: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self.got = b""
        self.eof = asyncio.Event()
        self.closed = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self) -> bytes:
        found = await self.incoming.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def write(self, data: bytes) -> None:
        await self.gate.wait()
        self.got += data

    async def write_eof(self) -> None:
        self.eof.set()

    async def close(self) -> None:
        self.closed.set()


class Bench:
    def __init__(self) -> None:
        self.stream = Stream()
        self.errors: list[str] = []
        self.refusal: Exception | None = None
        self.listener = Listener(bind("127.0.0.1", 0, 0), self._connect, self.errors.append, lambda: None)

    async def _connect(self) -> Stream:
        if self.refusal:
            raise self.refusal
        return self.stream

    async def client(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.listener.port)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    made.listener.start()
    yield made
    await made.listener.close()


async def test_our_end_is_passed_on_and_the_other_direction_goes_on(bench: Bench) -> None:
    reader, writer = await bench.client()
    writer.write(b"question")
    writer.write_eof()
    await bench.stream.eof.wait()
    assert bench.stream.got == b"question"
    bench.stream.incoming.put_nowait(b"late answer")
    bench.stream.incoming.put_nowait(b"")
    assert await reader.read() == b"late answer"
    writer.close()
    await bench.stream.closed.wait()


async def test_the_pods_end_is_passed_on_and_our_direction_goes_on(bench: Bench) -> None:
    reader, writer = await bench.client()
    bench.stream.incoming.put_nowait(b"all")
    bench.stream.incoming.put_nowait(b"")
    assert await reader.read() == b"all"
    writer.write(b"still here")
    writer.write_eof()
    await bench.stream.closed.wait()
    assert bench.stream.got == b"still here"
    assert (bench.listener.counters.received, bench.listener.counters.sent) == (3, 10)
    writer.close()


async def test_an_error_of_the_pods_side_resets_the_client_and_is_told(bench: Bench) -> None:
    reader, writer = await bench.client()
    bench.stream.incoming.put_nowait(ClusterUnreachable("port 1: connection refused"))
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert bench.errors == ["port 1: connection refused"]
    writer.close()


async def test_no_pod_resets_the_client_and_is_told(bench: Bench) -> None:
    bench.refusal = ClusterUnreachable("no pod is ready for 15 s")
    reader, writer = await bench.client()
    with pytest.raises(ConnectionResetError):
        await reader.read()
    assert bench.errors == ["no pod is ready for 15 s"]
    writer.close()


async def test_a_slow_pod_holds_the_client_back(bench: Bench) -> None:
    bench.stream.gate.clear()
    with socket.create_connection(("127.0.0.1", bench.listener.port)) as client:
        client.setblocking(False)
        sent, loop = 0, asyncio.get_running_loop()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                while sent < 64 << 20:
                    await loop.sock_sendall(client, bytes(1 << 16))
                    sent += 1 << 16
    assert sent < 16 << 20, "only the kernel's buffers may fill"
    assert bench.stream.got == b""
    bench.stream.gate.set()


async def test_a_client_that_goes_away_is_nobodys_fault(bench: Bench) -> None:
    _, writer = await bench.client()
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
    await bench.stream.closed.wait()
    assert bench.errors == []


async def test_close_cuts_what_is_open_and_frees_the_port(bench: Bench) -> None:
    reader, writer = await bench.client()
    writer.write(b"x")
    await writer.drain()
    await bench.listener.close()
    with pytest.raises(ConnectionError):
        assert await reader.read() == b"never"
    bind("127.0.0.1", bench.listener.port, 0).close()
    writer.close()


def test_a_taken_port_proposes_another() -> None:
    with bind("127.0.0.1", 0, 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken) as caught:
            bind("127.0.0.1", port, 80)
        assert caught.value.proposed not in (0, port)
        with bind("127.0.0.1", None, port) as other:
            assert other.getsockname()[1] != port


def test_privileged_ports_are_proposed_higher() -> None:
    assert 8080 <= propose("127.0.0.1", 80) < 8100 or propose("127.0.0.1", 80) > 1024


def test_addresses() -> None:
    assert check_address("localhost") == "127.0.0.1"
    assert check_address("::1") == "::1"
    with pytest.raises(ConfigError, match="no IP address"):
        check_address("example.com")
    with pytest.raises(ConfigError, match="cannot listen"):
        bind("203.0.113.7", 0, 0)
