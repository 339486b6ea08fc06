"""Commands run on changes: an argv without a shell, the change in environment variables, few at a time, never waiting.

A hook gets this process's environment without anything whose name looks like a secret (it may read files), and besides
VEZA_ENVIRONMENT, VEZA_KIND, VEZA_NAME, VEZA_STATE, VEZA_STATE_BEFORE, VEZA_TEXT, VEZA_WORSE (1 or 0) and VEZA_AT (unix
seconds). Its standard input is empty; its output is discarded but for the first line of its errors, which is reported.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable
from veza_tui.operations.monitor.transitions import Transition

TIMEOUT = 30.0
"""Seconds after which a hook and its children are killed."""
AT_ONCE = 4
WAITING = 200
"""Hooks that may wait; the oldest are dropped (and counted) when there are more."""
_SECRET = re.compile(r"(?i)pass|secret|token|credential|private|api_?key|access_?key")


def parse_hook(text: str) -> tuple[str, ...]:
    """A command line as an argv; quotes as in a shell, and nothing else of it.

    Raises:
        ConfigError: it is empty or has an open quote.
    """
    try:
        argv = tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigError(f"hook {printable(text, limit=80)!r}: {error}", hint="close the quote") from None
    if not argv or "\0" in text:
        raise ConfigError("a hook is empty", hint="name a command")
    return argv


def hook_environment(change: Transition, at: float, base: Mapping[str, str]) -> dict[str, str]:
    """What the hook's process sees."""
    kept = {k: v for k, v in base.items() if not _SECRET.search(k)}
    return kept | {
        "VEZA_ENVIRONMENT": change.environment,
        "VEZA_KIND": change.kind,
        "VEZA_NAME": change.name,
        "VEZA_STATE": change.now.value,
        "VEZA_STATE_BEFORE": change.before.value,
        "VEZA_TEXT": change.text,
        "VEZA_WORSE": "1" if change.worse else "0",
        "VEZA_AT": f"{at:.0f}",
    }


@dataclass
class HookCounts:
    """Since the start."""

    ok: int = 0
    failed: int = 0
    timed_out: int = 0
    dropped: int = 0


@dataclass
class Hooks:
    """``run`` returns at once. ``report`` is told, in one line, of hooks that fail."""

    directory: Path
    report: Callable[[str], None]
    timeout: float = TIMEOUT
    at_once: int = AT_ONCE
    base: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    counts: HookCounts = field(default_factory=HookCounts)
    _queue: deque[tuple[tuple[str, ...], dict[str, str]]] = field(default_factory=deque)
    _running: set[asyncio.Task[None]] = field(default_factory=set)

    def run(self, commands: Sequence[tuple[str, ...]], change: Transition, at: float) -> None:
        """Queue every command for this change."""
        environment = hook_environment(change, at, self.base)
        for argv in commands:
            if len(self._queue) >= WAITING:
                self._queue.popleft()
                self.counts.dropped += 1
                if self.counts.dropped == 1:
                    self.report("hooks are slower than changes: the oldest are dropped")
            self._queue.append((argv, environment))
        self._fill()

    def _fill(self) -> None:
        while self._queue and len(self._running) < self.at_once:
            argv, environment = self._queue.popleft()
            task = asyncio.create_task(self._one(argv, environment))
            self._running.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled():
            self._fill()

    async def _one(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> None:
        name = printable(argv[0], limit=80)
        # A pipe of our own: asyncio's would make wait() last until everybody who inherited it has closed it.
        read, write = os.pipe()
        errors = os.fdopen(read, "rb", 0)
        try:
            child = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=write,
                env=dict(environment),
                cwd=self.directory,
                start_new_session=True,
            )
        except OSError as error:
            errors.close()
            self.counts.failed += 1
            self.report(f"hook {name}: {error.strerror}")
            return
        except asyncio.CancelledError:
            errors.close()
            raise
        finally:
            os.close(write)
        head = _Head()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: head, errors)
        try:
            async with asyncio.timeout(self.timeout):
                code = await child.wait()
                await asyncio.sleep(0)
        except TimeoutError:
            self.counts.timed_out += 1
            self.report(f"hook {name}: killed after {self.timeout:g} s")
        else:
            if code == 0:
                self.counts.ok += 1
            else:
                self.counts.failed += 1
                words = head.line()
                self.report(f"hook {name}: exit {code}{': ' + words if words else ''}")
        finally:
            # Also what it left behind in its group.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            transport.close()
            await child.wait()

    async def close(self) -> None:
        """Drop what waits, end what runs."""
        self._queue.clear()
        for task in tuple(self._running):
            task.cancel()
        for task in tuple(self._running):
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._running.clear()

    async def drain(self) -> None:
        """Wait until nothing runs or waits."""
        while self._running or self._queue:
            await asyncio.wait(tuple(self._running))
            await asyncio.sleep(0)


class _Head(asyncio.Protocol):
    """Keeps the beginning of what it is sent, and reads the rest away so that nobody blocks on a full pipe."""

    def __init__(self) -> None:
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """More."""
        if len(self._data) < 300:
            self._data += data[:300]

    def line(self) -> str:
        """The first line."""
        return printable(self._data.split(b"\n", 1)[0].decode(errors="replace"), limit=200)
