"""Child processes of a pipeline: own group, no shell, output line by line."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

_LINE_LIMIT = 1 << 16
_GRACE = 5.0  # seconds between TERM and KILL


class ProcessCommands:
    """Fulfils ``ports.commands.Commands``."""

    def veza(self) -> list[str]:
        """This very program."""
        return [sys.executable, "-m", "veza_tui"]

    async def run(
        self,
        argv: Sequence[str],
        *,
        directory: Path,
        on_line: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> int:
        """Run to the end."""
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                cwd=directory,
                env={**os.environ, **(environment or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                limit=_LINE_LIMIT,
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            program = printable(argv[0], limit=80)
            raise ConfigError(f"{program}: {error.strerror or 'cannot be run'}", hint="is it installed?") from None
        assert process.stdout is not None
        try:
            with _open(log) as file:
                while line := await _line(process.stdout):
                    if file is not None:
                        file.write(line)
                    on_line(printable(line.decode(errors="replace").rstrip("\r\n"), limit=2000))
            code = await process.wait()
        except asyncio.CancelledError:
            await _end(process)
            raise
        return code if code >= 0 else 128 - code


async def _line(stream: asyncio.StreamReader) -> bytes:
    """One line, or a piece of one that is longer than the limit."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError:
        return await stream.read(_LINE_LIMIT)


@contextlib.contextmanager
def _open(log: Path | None):  # type: ignore[no-untyped-def]
    if log is None:
        yield None
        return
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        yield file


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
            return
