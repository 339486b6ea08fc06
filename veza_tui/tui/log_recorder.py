"""Writes log lines to files beside the screen: what is buffered once, or everything that comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from veza_tui.feeds.logs.save import LogFile
from veza_tui.model.log import Source

PAUSE = 0.25
"""Seconds between two writes to a file that is kept open."""


class Recorder:
    """Files go to ``logs/`` in the state directory. One file at a time is kept open."""

    def __init__(self, sources: Mapping[int, Source], now: Callable[[], float]) -> None:
        self._sources = sources
        self._now = now
        self._file: LogFile | None = None
        self._waiting: list[bytes] = []
        self._gate = asyncio.Lock()

    @property
    def writing(self) -> bool:
        """Whether a file is kept open."""
        return self._file is not None

    def take(self, lines: list[bytes]) -> None:
        """Lines that came."""
        if self._file is not None:
            self._waiting += lines

    async def save(self, name: str, lines: list[bytes], sources: Mapping[int, Source]) -> LogFile:
        """All of ``lines`` in a new file, closed.

        Raises:
            VezaError: it cannot be written.
        """

        def work() -> LogFile:
            file = LogFile(_directory(), name, self._now())
            try:
                file.write(lines, sources)
            except BaseException:
                # Half of it would keep the disk full, and pass for the whole.
                file.path.unlink(missing_ok=True)
                raise
            finally:
                file.close()
            return file

        return await asyncio.to_thread(work)

    async def open(self, name: str) -> LogFile:
        """Begin to keep what comes; ``run`` writes it.

        Raises:
            VezaError: there can be no such file.
        """
        self._waiting = []
        self._file = await asyncio.to_thread(LogFile, _directory(), name, self._now())
        return self._file

    async def run(self) -> None:
        """Write until ``stop``.

        Raises:
            VezaError: the disk is full; the file is closed.
        """
        while self._file is not None:
            await self._flush()
            await asyncio.sleep(PAUSE)

    async def stop(self) -> LogFile | None:
        """Write what is left and close; the file that was open."""
        file = self._file
        if file is not None:
            await self._flush()
            self._file = None
            file.close()
        return file

    async def _flush(self) -> None:
        async with self._gate:
            file, lines = self._file, self._waiting
            self._waiting = []
            if file is None or not lines:
                return
            try:
                await asyncio.to_thread(file.write, lines, dict(self._sources))
            except BaseException:
                self._file = None
                file.close()
                raise


def _directory() -> Path:
    from veza_tui.operations.settings import state_directory

    return state_directory() / "logs"
