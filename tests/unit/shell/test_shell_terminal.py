"""A process joined to a pty: raw while it runs, as before afterwards, however it ends."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Iterator

import pytest

from veza_tui.operations.shell.terminal import attach_pipes, attach_terminal
from veza_tui.ports.cluster import ClusterUnreachable


class Process:
    """What it says is put into ``output``; what it is sent is kept."""

    def __init__(self) -> None:
        self.output: asyncio.Queue[tuple[int, bytes] | Exception] = asyncio.Queue()
        self.input = bytearray()
        self.sizes: list[tuple[int, int]] = []
        self.changed = asyncio.Event()
        self.code = 0
        self.eof = False
        self.closed = False

    async def read(self) -> tuple[int, bytes]:
        found = await self.output.get()
        if isinstance(found, Exception):
            raise found
        return found

    async def write(self, data: bytes) -> None:
        self.input += data
        self.changed.set()

    async def write_eof(self) -> None:
        self.eof = True
        self.changed.set()

    async def resize(self, columns: int, rows: int) -> None:
        self.sizes.append((columns, rows))
        self.changed.set()

    async def exit_code(self) -> int:
        return self.code

    async def close(self) -> None:
        self.closed = True

    async def until(self, true: object) -> None:
        async with asyncio.timeout(5):
            while not true():  # type: ignore[operator]
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    yield master, slave
    for fd in (master, slave):
        os.close(fd)


async def test_sizes_keys_and_the_exit_code(terminal: tuple[int, int]) -> None:
    master, slave = terminal
    before, process = termios.tcgetattr(slave), Process()
    process.code = 7
    task = asyncio.create_task(attach_terminal(process, slave, slave))
    await process.until(lambda: process.sizes == [(100, 30)])
    assert not termios.tcgetattr(slave)[3] & (termios.ISIG | termios.ECHO | termios.ICANON)
    os.write(master, b"\x03\x1a")
    await process.until(lambda: process.input == b"\x03\x1a")
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    os.kill(os.getpid(), signal.SIGWINCH)
    await process.until(lambda: process.sizes[-1] == (120, 40))
    process.output.put_nowait((1, b"hello"))
    process.output.put_nowait((0, b""))
    assert (await task).code == 7
    assert os.read(master, 100) == b"hello"
    assert termios.tcgetattr(slave) == before
    assert process.closed


@pytest.mark.parametrize("cut", ["error", "signal", "cancel"])
async def test_the_terminal_is_put_back_however_it_ends(terminal: tuple[int, int], cut: str) -> None:
    master, slave = terminal
    before, process = termios.tcgetattr(slave), Process()
    task = asyncio.create_task(attach_terminal(process, slave, slave))
    await process.until(lambda: process.sizes)
    process.output.put_nowait((1, b"\x1b[?1049h\x1b[?25l"))
    assert await asyncio.to_thread(os.read, master, 100) == b"\x1b[?1049h\x1b[?25l"
    if cut == "error":
        process.output.put_nowait(ClusterUnreachable("the stream broke"))
        assert "broke" in str((await task).error)
    elif cut == "signal":
        os.kill(os.getpid(), signal.SIGTERM)
        assert (await task).signal == signal.SIGTERM
    else:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert os.read(master, 100) == b"\x1b[?25h\x1b[?1049l\x1b[0m"
    assert termios.tcgetattr(slave) == before
    assert process.closed


async def test_the_terminals_other_handlers_come_back(terminal: tuple[int, int]) -> None:
    seen: list[int] = []
    old = signal.signal(signal.SIGWINCH, lambda number, frame: seen.append(number))
    try:
        process = Process()
        process.output.put_nowait((0, b""))
        await attach_terminal(process, terminal[1], terminal[1])
        os.kill(os.getpid(), signal.SIGWINCH)
        assert seen == [signal.SIGWINCH]
    finally:
        signal.signal(signal.SIGWINCH, old)


async def test_pipes_are_streamed_to_their_end(tmp_path: object) -> None:
    (inner, give), (take, outer) = os.pipe(), os.pipe()
    process = Process()
    task = asyncio.create_task(attach_pipes(process, inner, outer, outer))
    os.write(give, b"data")
    os.close(give)
    await process.until(lambda: process.eof)
    assert process.input == b"data"
    process.output.put_nowait((2, b"oops"))
    process.output.put_nowait((0, b""))
    assert (await task).code == 0
    assert os.read(take, 100) == b"oops"
    for fd in (inner, take, outer):
        os.close(fd)


async def test_a_file_as_input() -> None:
    process = Process()
    with open(__file__, "rb") as source, open(os.devnull, "wb") as sink:
        task = asyncio.create_task(attach_pipes(process, source.fileno(), sink.fileno()))
        await process.until(lambda: process.eof)
        process.output.put_nowait((0, b""))
        await task
    with open(__file__, "rb") as source:
        assert process.input == source.read()
