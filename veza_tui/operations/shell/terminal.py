"""Joins a process in a container to this process's terminal, or to its pipes, and puts everything back at the end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
import tty
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from veza_tui.model.errors import VezaError
from veza_tui.operations.shell.modes import Modes
from veza_tui.ports.cluster import ClusterUnreachable, ExecSession

_READ = 16 << 10
CLOSE_SECONDS = 2.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended: exactly one of the three is there."""

    code: int | None = None
    """The process's exit code."""
    signal: int = 0
    """We were told to leave by this signal."""
    error: VezaError | None = None
    """The connection was cut, or the cluster could not start it."""


async def attach_terminal(session: ExecSession, stdin: int = 0, stdout: int = 1) -> Ended:
    """Until the process ends: raw terminal, sizes passed on, every key (Ctrl-C too) sent to it."""
    before = termios.tcgetattr(stdin)
    modes = Modes()
    joint = _Joint(session, stdin, {1: stdout, 2: stdout}, modes)
    loop = asyncio.get_running_loop()
    own = {number: signal.getsignal(number) for number in (signal.SIGWINCH, signal.SIGCONT)}

    def resized() -> None:
        joint.spawn(_send_size(session, stdout))

    def continued() -> None:
        # Somebody stopped us, and the shell in between has set its own modes.
        with contextlib.suppress(termios.error):
            tty.setraw(stdin, termios.TCSANOW)
        resized()

    ended = Ended(error=ClusterUnreachable("the session was cut"))
    try:
        tty.setraw(stdin, termios.TCSADRAIN)
        loop.add_signal_handler(signal.SIGWINCH, resized)
        loop.add_signal_handler(signal.SIGCONT, continued)
        resized()
        ended = await joint.run()
        return ended
    finally:
        for number, handler in own.items():
            loop.remove_signal_handler(number)
            if callable(handler):
                signal.signal(number, handler)
        # The terminal may be gone: then there is nothing to put back.
        with contextlib.suppress(termios.error, OSError):
            if ended.code is None:
                # Keys meant for the container must not reach the shell below.
                termios.tcflush(stdin, termios.TCIFLUSH)
            termios.tcsetattr(stdin, termios.TCSANOW, before)
            if ended.code is None and (undo := modes.undo()):
                os.write(stdout, undo)


async def attach_pipes(session: ExecSession, stdin: int | None, stdout: int = 1, stderr: int = 2) -> Ended:
    """Until the process ends: stdin is streamed to its end, both outputs go where ours go.

    Raises:
        BrokenPipeError: nobody reads our output any more.
    """
    return await _Joint(session, stdin, {1: stdout, 2: stderr}, None).run()


async def _send_size(session: ExecSession, fd: int) -> None:
    with contextlib.suppress(VezaError, OSError):
        size = os.get_terminal_size(fd)
        await session.resize(size.columns, size.lines)


class _Joint:
    """Both directions, and the signals that end them."""

    def __init__(self, session: ExecSession, stdin: int | None, outputs: dict[int, int], modes: Modes | None) -> None:
        self._session = session
        self._stdin = stdin
        self._outputs = outputs
        self._modes = modes
        self._caught: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Any) -> None:
        """Something short beside the two directions."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> Ended:
        """Until the first of: its end, a signal, a broken connection."""
        output = asyncio.create_task(self._output())
        waiting: set[asyncio.Future[Any]] = {output, self._caught}
        incoming = asyncio.create_task(self._input(self._stdin)) if self._stdin is not None else None
        if incoming is not None:
            waiting.add(incoming)
        try:
            with self._signals():
                while True:
                    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                    if self._caught in done:
                        return Ended(signal=self._caught.result())
                    if output in done:
                        return await self._end(output)
                    waiting -= done
                    problem = incoming.exception() if incoming is not None else None
                    if problem is not None and not isinstance(problem, VezaError):
                        raise problem
                    if self._modes is not None and problem is None:
                        # A terminal has no end of input but its own: it was closed.
                        return Ended(signal=signal.SIGHUP)
        finally:
            for task in (output, incoming, *self._tasks):
                if task is not None:
                    task.cancel()
            await asyncio.gather(output, *([incoming] if incoming else ()), return_exceptions=True)
            with contextlib.suppress(VezaError, OSError, TimeoutError):
                await asyncio.wait_for(self._session.close(), CLOSE_SECONDS)

    async def _end(self, output: asyncio.Task[None]) -> Ended:
        try:
            output.result()
            return Ended(code=await self._session.exit_code())
        except VezaError as error:
            return Ended(error=error)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()

        def catch(number: int) -> None:
            if not self._caught.done():
                self._caught.set_result(number)

        for number in SIGNALS:
            loop.add_signal_handler(number, catch, number)
        try:
            yield
        finally:
            for number in SIGNALS:
                loop.remove_signal_handler(number)

    async def _output(self) -> None:
        while True:
            channel, data = await self._session.read()
            if channel == 0:
                return
            if self._modes is not None:
                self._modes.feed(data)
            # A terminal may be slow: keys must still reach the process meanwhile (Ctrl-C most of all).
            await asyncio.to_thread(_write_all, self._outputs[channel], data)

    async def _input(self, fd: int) -> None:
        while data := await _read(fd):
            await self._session.write(data)
        await self._session.write_eof()


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


async def _read(fd: int) -> bytes:
    """What is there, as soon as something is; empty at the end. ``fd`` stays blocking: others share it."""
    loop = asyncio.get_running_loop()
    readable: asyncio.Future[None] = loop.create_future()

    def ready() -> None:
        if not readable.done():
            readable.set_result(None)

    try:
        loop.add_reader(fd, ready)
    except PermissionError:
        # A regular file, or /dev/null: always readable, and epoll does not take it.
        return os.read(fd, _READ)
    try:
        await readable
    finally:
        loop.remove_reader(fd)
    try:
        return os.read(fd, _READ)
    except OSError:
        return b""  # EIO: the terminal is gone
