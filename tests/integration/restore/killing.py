"""Real restores in processes that die at a chosen moment, or whose server or connections do.

The runner is forked from a server process that has everything imported, so that a run costs its database work alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veza_tui.ports.runner import Handshake, RunnerRecord

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.integration.restore.preloaded"])


@dataclass(frozen=True)
class Fault:
    """``at``: ``before X`` or ``after X`` (an action), ``rename N`` (after the swap's Nth statement), or seconds."""

    at: str | float
    what: str = "runner"
    """runner: kill -9 of itself; server: of PostgreSQL; cut: every connection; down: cut and no new ones."""

    def __str__(self) -> str:
        return f"{self.what} {self.at}"


def strike(fault: Fault, pipe: Any) -> None:
    """It happens now."""
    if fault.what == "runner":
        os.kill(os.getpid(), signal.SIGKILL)
    pipe.send(("strike",))
    pipe.recv()


def child(pipe: Any, state: str, operation: str, mode: str, fault: Fault | None) -> None:
    """The runner's process."""
    from veza_tui import wiring
    from veza_tui.adapters.postgres import swap
    from veza_tui.operations import context
    from veza_tui.operations.runner import run_operation

    struck: list[float] = []

    def once() -> None:
        if not struck:
            struck.append(time.monotonic())
            assert fault is not None
            strike(fault, pipe)

    if fault is not None and isinstance(fault.at, str):
        when, _, where = fault.at.partition(" ")
        if when == "rename":
            _count_statements(swap, int(where), once)
        else:
            original = context.find_action(where)

            async def wrapped(ctx: Any, step: Any) -> Any:
                if when == "before":
                    once()
                result = await original(ctx, step)
                if when == "after":
                    once()
                return result

            context._ACTIONS[where] = wrapped

    def tell(code: int, message: str, hint: str) -> None:
        pipe.send(("told", code, message, hint))
        if fault is not None and isinstance(fault.at, float) and not struck:
            struck.append(0.0)
            timer = threading.Timer(fault.at, strike, (fault, pipe))
            timer.daemon = True
            timer.start()

    world = wiring.open_world
    asyncio.run(
        run_operation(
            Path(state), operation, mode, wiring.runners(), lambda path, ro: world(Path(path), read_only=ro), tell
        )
    )
    pipe.send(("end",))
    os._exit(0)


def _count_statements(swap: Any, wanted: int, once: Callable[[], None]) -> None:
    """Strike inside the transaction: after its first rename, its second, or its last statement before the commit."""
    done = 0

    def counting(function: Any) -> Any:
        async def counted(*arguments: Any) -> None:
            nonlocal done
            await function(*arguments)
            done += 1
            if done == wanted:
                once()

        return counted

    swap._rename = counting(swap._rename)
    swap._allow_connections = counting(swap._allow_connections)


class ForkRunners:
    """``ports.runner.Runners`` whose ``start`` lasts as long as the run."""

    def __init__(self, state: Path, strike: Callable[[Fault], None]) -> None:
        from veza_tui import wiring

        self._state = state
        self._strike = strike
        self._real = wiring.runners()
        self.fault: Fault | None = None
        self.struck = False

    async def start(self, arguments: Sequence[str], log: Path, directory: Path) -> Handshake:
        return await asyncio.to_thread(self._run, list(arguments))

    def _run(self, arguments: list[str]) -> Handshake:
        ours, theirs = CONTEXT.Pipe()
        mode = arguments[3] if len(arguments) > 3 else "run"
        process = CONTEXT.Process(target=child, args=(theirs, str(self._state), arguments[1], mode, self.fault))
        fault, self.fault = self.fault, None
        self.struck = False
        process.start()
        theirs.close()
        shake = Handshake(1, "it said nothing")
        with contextlib.suppress(EOFError, ConnectionResetError):
            while ours.poll(60):
                word = ours.recv()
                if word[0] == "told" and shake.message == "it said nothing":
                    shake = Handshake(word[1], word[2], word[3])
                elif word[0] == "strike":
                    assert fault is not None
                    self.struck = True
                    self._strike(fault)
                    ours.send("go on")
                elif word[0] == "end":
                    break
        process.join(30)
        self.struck |= process.exitcode == -signal.SIGKILL
        ours.close()
        return shake

    def alive(self, record: RunnerRecord) -> bool | None:
        return self._real.alive(record)

    def wake(self, record: RunnerRecord) -> bool:
        return self._real.wake(record)

    def myself(self) -> RunnerRecord:
        return self._real.myself()


class Line:
    """A TCP line to a server that can be cut. Runs on the loop of ``thread``."""

    def __init__(self, thread: Any, host: str, port: int) -> None:
        self._thread, self._to = thread, (host, port)
        self._open: set[asyncio.StreamWriter] = set()
        self.down = False
        self._server = thread.call(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.down:
            writer.transport.abort()
            return
        try:
            there, out = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, out}
        if self.down:
            # It was cut while this one was made.
            writer.transport.abort()
            out.transport.abort()

        async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    target.write(data)
                    await target.drain()
            target.transport.abort() if self.down else target.close()

        await asyncio.gather(pass_on(reader, out), pass_on(there, writer), return_exceptions=True)
        for end in (writer, out):
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(end.wait_closed(), 1)
            end.transport.abort()
        self._open -= {writer, out}

    def cut(self, *, down: bool = False) -> None:
        """Every connection is gone; with ``down`` no new one comes up until ``mend``."""

        async def now() -> None:
            self.down = down
            for writer in list(self._open):
                sock = writer.get_extra_info("socket")
                with contextlib.suppress(OSError):
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                writer.transport.abort()

        self._thread.call(now())

    def mend(self) -> None:
        """New connections come up again."""
        self.down = False

    def close(self) -> None:
        """For good."""
        self.cut(down=True)

        async def now() -> None:
            self._server.close()

        self._thread.call(now())
