"""Real child processes: commands of Jobs and of exec, with pipes or a terminal. None outlives the platform."""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STDOUT, STDERR = 1, 2
_PR_SET_PDEATHSIG = 1
_DRAIN = 1.0
"""Seconds which output may still come after the end, from grandchildren that hold the pipe."""

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


_PLAIN_SIGNALS = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
)


def _die_with_parent() -> None:
    # A platform started in the background ignores SIGINT: a child must not inherit that, or Ctrl-C does nothing.
    for number in _PLAIN_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _take_terminal() -> None:
    _die_with_parent()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class ChildProcess:
    """One process in a session of its own; see ``veza_tui.embedded.api.runtime.ExecProcess``."""

    def __init__(self, process: asyncio.subprocess.Process, master: int | None) -> None:
        self._process = process
        self._master = master
        self._output: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(32)
        self._pumps: list[asyncio.Task[None]] = []
        self._writable: asyncio.Future[None] | None = None
        if master is not None:
            os.set_blocking(master, False)
            self._pumps.append(asyncio.ensure_future(self._pump_terminal(master)))
        else:
            for channel, stream in ((STDOUT, process.stdout), (STDERR, process.stderr)):
                if stream is not None:
                    self._pumps.append(asyncio.ensure_future(self._pump(channel, stream)))
        self._end = asyncio.ensure_future(self._finish())

    @property
    def pid(self) -> int:
        """Process id, also that of its session."""
        return self._process.pid

    async def _pump(self, channel: int, stream: asyncio.StreamReader) -> None:
        while data := await stream.read(32 << 10):
            await self._output.put((channel, data))

    async def _pump_terminal(self, master: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            readable: asyncio.Future[None] = loop.create_future()
            loop.add_reader(master, lambda f=readable: f.done() or f.set_result(None))  # type: ignore[misc]
            try:
                await readable
            finally:
                loop.remove_reader(master)
            try:
                data = os.read(master, 32 << 10)
            except BlockingIOError:
                continue
            except OSError:  # EIO: the last process of the session has closed its side
                return
            if not data:
                return
            await self._output.put((STDOUT, data))

    async def _finish(self) -> None:
        await self._process.wait()
        _, pending = await asyncio.wait(self._pumps, timeout=_DRAIN) if self._pumps else (set(), set())
        for task in pending:
            task.cancel()
        kill_session(self.pid)
        await self._output.put((0, b""))

    async def read(self) -> tuple[int, bytes]:
        """(1 stdout | 2 stderr, bytes), ``(0, b"")`` at the end."""
        return await self._output.get()

    async def write(self, data: bytes) -> None:
        """To its stdin; ignored once it has ended."""
        if self._master is not None:
            await self._write_terminal(self._master, data)
            return
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError, ConnectionResetError, RuntimeError):
                stdin.write(data)
                await stdin.drain()

    async def _write_terminal(self, master: int, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        while data and self._process.returncode is None:
            try:
                data = data[os.write(master, data) :]
            except BlockingIOError:
                writable: asyncio.Future[None] = loop.create_future()
                loop.add_writer(master, lambda f=writable: f.done() or f.set_result(None))  # type: ignore[misc]
                try:
                    await asyncio.wait((writable, self._end), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    loop.remove_writer(master)
            except OSError:
                return

    async def close_stdin(self) -> None:
        """End of input; a terminal gets its end-of-file character."""
        if self._master is not None:
            await self._write_terminal(self._master, b"\x04")
        elif self._process.stdin is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                self._process.stdin.close()

    async def resize(self, columns: int, rows: int) -> None:
        """TIOCSWINSZ; the kernel sends SIGWINCH. Nothing without a terminal."""
        if self._master is not None and self._process.returncode is None:
            with suppress(OSError):
                fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def wait(self) -> int:
        """Exit code; 128 + n for signal n."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    def signal(self, number: int) -> None:
        """Send to the process group."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    async def kill(self) -> None:
        """End it and everything in its session, wait until it is gone. Idempotent."""
        if self._process.returncode is None:
            self.signal(signal.SIGHUP)
            self.signal(signal.SIGCONT)
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._process.wait(), 0.2)
        self.signal(signal.SIGKILL)
        kill_session(self.pid)
        await self._process.wait()
        while not self._end.done():  # a full queue must not hold up the end
            with suppress(asyncio.QueueEmpty):
                self._output.get_nowait()
            await asyncio.sleep(0)
            if all(p.done() for p in self._pumps):
                break
            await asyncio.wait([self._end], timeout=0.02)
        self.close()

    def close(self) -> None:
        """Release the terminal."""
        if self._master is not None and self._process.returncode is not None:
            for task in self._pumps:
                task.cancel()
            with suppress(OSError):
                os.close(self._master)
            self._master = None


def kill_session(sid: int) -> None:
    """SIGKILL whatever is still in that session (background jobs have process groups of their own). Linux only."""
    if sys.platform != "linux":
        return
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == sid:
                os.kill(int(entry.name), signal.SIGKILL)
        except (OSError, ValueError, IndexError):
            continue


class Processes:
    """All children of the platform."""

    def __init__(self) -> None:
        self._live: set[ChildProcess] = set()
        self._reapers: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._live)

    async def start(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdin: bool = False,
        tty: bool = False,
        on_exit: Callable[[ChildProcess], None] = lambda child: None,
    ) -> ChildProcess:
        """Start ``command`` (never through a shell). Raises OSError when it cannot be started."""
        pipe = asyncio.subprocess.PIPE
        master: int | None = None
        if tty:
            master, slave = pty.openpty()
            try:
                process = await asyncio.create_subprocess_exec(
                    *command, env=dict(env), cwd=cwd, stdin=slave, stdout=slave, stderr=slave,
                    start_new_session=True, preexec_fn=_take_terminal,
                )  # fmt: skip
            except BaseException:
                os.close(master)
                raise
            finally:
                os.close(slave)
        else:
            process = await asyncio.create_subprocess_exec(
                *command, env=dict(env), cwd=cwd, stdin=pipe if stdin else asyncio.subprocess.DEVNULL,
                stdout=pipe, stderr=pipe, start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip
        child = ChildProcess(process, master)
        self._live.add(child)
        reaper = asyncio.ensure_future(self._reap(child, on_exit))
        self._reapers.add(reaper)
        reaper.add_done_callback(self._reapers.discard)
        return child

    async def _reap(self, child: ChildProcess, on_exit: Callable[[ChildProcess], None]) -> None:
        await child.wait()
        on_exit(child)
        self._live.discard(child)

    async def stop(self) -> None:
        """Kill every child and wait until they are gone."""
        await asyncio.gather(*(child.kill() for child in list(self._live)))
