"""PostgreSQL's programs as children: bytes through a thread, stderr line by line, one line of reason when they fail."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from veza_tui.model.errors import RefusedError, UnreachableError, VezaError
from veza_tui.model.text import printable

_BLOCK = 1 << 20
_READ = 1 << 18
_GATHER = 0.0015
"""Seconds; at 300 MB/s half of the pipe."""
_NICE = 10
_F_SETPIPE_SZ = 1031  # Linux; fewer wake-ups with a larger pipe
_LOST = (
    *("server closed the connection", "could not connect", "connection to server", "terminating connection"),
    *("timeout expired", "eof detected", "unexpected eof", "connection reset", "no connection to the server"),
)

LOCKS = "out of shared memory"
"""One transaction cannot hold as many locks as there are tables (source: PostgreSQL, lock.c)."""


class Program:
    """One run of pg_dump, pg_restore or psql. ``on_line`` gets each line of its stderr."""

    def __init__(self, process: asyncio.subprocess.Process, name: str, on_line: Callable[[str], None] | None) -> None:
        self.process = process
        self._name = name
        self._lines: deque[str] = deque(maxlen=200)
        self._on_line = on_line
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: int | None = None,
        stdout: int | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> Program:
        """Start it in a session of its own; it ends when this process dies, where setpriv can see to that."""
        process = await asyncio.create_subprocess_exec(
            *_until_we_die(),
            *argv,
            # Messages in English, whatever the person's language: their words are looked at.
            env={**env, "LC_ALL": "C"},
            stdin=asyncio.subprocess.DEVNULL if stdin is None else stdin,
            stdout=asyncio.subprocess.DEVNULL if stdout is None else stdout,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=1 << 20,
        )
        return cls(process, os.path.basename(argv[0]), on_line)  # noqa: PTH119

    async def _read(self) -> None:
        stream = self.process.stderr
        if stream is None:
            return
        while True:
            try:
                raw = await stream.readline()
            except ValueError:
                continue  # a line longer than the limit: skipped
            if not raw:
                return
            line = raw.decode(errors="replace").rstrip("\n")
            self._lines.append(line)
            if self._on_line is not None:
                self._on_line(line)

    async def wait(self) -> int:
        """Its exit code, after its last line was read."""
        code = await self.process.wait()
        await self._reader
        return code

    async def end(self) -> None:
        """Stop it if it still runs: SIGTERM, then SIGKILL after five seconds."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 5)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    self.process.kill()
                await self.process.wait()
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader

    def failure(self, where: str) -> VezaError:
        """Why it failed, in one line."""
        return explain_lines(list(self._lines), f"{self._name} of {where}", self.process.returncode)


def explain_lines(lines: Sequence[str], what: str, code: int | None) -> VezaError:
    """One line out of a program's stderr: its first error with its detail."""
    reason = ""
    for index, line in enumerate(lines):
        head, mark, text = line.partition("error: ")
        if not mark:
            head, mark, text = line.partition("ERROR:  ")
        if not mark:
            head, mark, text = line.partition("FATAL:  ")
        if mark:
            reason = text if "psql:" not in head else f"{text} (line {head.rpartition(':<stdin>:')[2].rstrip(': ')})"
            after = [x for x in lines[index + 1 : index + 4] if "Query was" not in x]
            follow = [x for x in after if "detail: " in x or x.startswith("DETAIL:  ")]
            if follow:
                reason += "; " + follow[0].partition("etail: ")[2] + follow[0].partition("DETAIL:  ")[2]
            break
    if not reason and code is not None and code < 0:
        # What it said last was its progress. Nobody but the kernel, short of memory, sends SIGKILL by itself.
        reason = f"it was ended by {signal.Signals(-code).name}" + (f" after: {lines[-1]}" if lines else "")
    if not reason:
        reason = lines[-1] if lines else f"it ended with code {code}"
    message = f"{what}: {printable(' '.join(reason.split()), limit=300)}"
    lowered = reason.lower()
    if "password authentication failed" in lowered or "no password supplied" in lowered:
        return RefusedError(message, hint="check the environment's DB_PASSWORD")
    if "permission denied" in lowered or "must be owner" in lowered or "must be superuser" in lowered:
        return RefusedError(message)
    if LOCKS in lowered:
        return VezaError(message, hint="raise max_locks_per_transaction at the server: each table needs locks")
    if any(word in lowered for word in _LOST):
        return UnreachableError(message)
    return VezaError(message)


def pipe() -> tuple[int, int]:
    """A pipe (read end, write end) of 1 MiB where the system allows it."""
    read_end, write_end = os.pipe()
    with contextlib.suppress(OSError):
        fcntl.fcntl(write_end, _F_SETPIPE_SZ, _BLOCK)
    return read_end, write_end


async def in_thread(name: str, function: Callable[[], None]) -> None:
    """Run it in a daemon thread of its own: it may last for hours, and must not hold up the shared executor."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if not done.done():
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            function()
        except BaseException as caught:
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    await done


def pump(read_end: int, write: Callable[[memoryview], object]) -> None:
    """Everything from a pipe into ``write``, which keeps nothing of it; closes the pipe."""
    # One buffer for all: it stays in the processor's cache from the pipe to the hash to the file.
    buffer = bytearray(_READ)
    view = memoryview(buffer)
    give_way()
    try:
        while count := os.readv(read_end, [buffer]):
            write(view[:count])
            if count < _READ:
                # The program writes 4 KB at a time, and waking us for each would cost it more than the writing.
                time.sleep(_GATHER)
    finally:
        os.close(read_end)


def give_way() -> None:
    """Lower this thread's priority: whatever makes the data goes first, we have its pipe or file to fall behind in."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


@lru_cache(maxsize=1)
def _until_we_die() -> tuple[str, ...]:
    found = shutil.which("setpriv")
    if not found:
        return ()
    # Ask once: older util-linux has no --pdeathsig.
    import subprocess

    with contextlib.suppress(OSError, subprocess.SubprocessError):
        subprocess.run([found, "--pdeathsig", "TERM", "true"], check=True, capture_output=True, timeout=5)
        return (found, "--pdeathsig", "TERM", "--")
    return ()
