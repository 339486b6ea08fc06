"""Writes log lines to files beside the screen: what is buffered once, or everything that comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from veza_tui.feeds.logs.save import LogFile, NotWritten, Stopped
from veza_tui.model.log import Source

PAUSE = 0.25
"""Seconds between two writes to a file that is kept open."""


class Recorder:
    """Files go to ``logs/`` in the state directory. One file at a time is kept open."""

    def __init__(self, sources: Mapping[int, Source], now: Callable[[], float]) -> None:
        self.stopped: Stopped | None = None
        """Why nothing is written although somebody asked for it; until it begins again, or nobody cares."""
        self._sources = sources
        self._now = now
        self._file: LogFile | None = None
        self._waiting: list[tuple[list[bytes], Mapping[int, Source]]] = []
        self._gate = asyncio.Lock()

    @property
    def writing(self) -> bool:
        """Whether a file is kept open."""
        return self._file is not None

    def take(self, lines: list[bytes]) -> None:
        """Lines that came."""
        if self._file is not None:
            # The numbers of sources mean others as soon as something else is read.
            self._waiting.append((lines, dict(self._sources)))

    async def save(self, name: str, lines: list[bytes], sources: Mapping[int, Source]) -> LogFile:
        """All of ``lines`` in a new file, closed.

        Raises:
            NotWritten: it cannot be written.
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
            NotWritten: there can be no such file; ``stopped`` says so from now on.
        """
        self._waiting = []
        try:
            self._file = await asyncio.to_thread(LogFile, _directory(), name, self._now())
        except NotWritten as error:
            self.stopped = Stopped(self._now(), error.where, error.why, None)
            raise
        self.stopped = None
        return self._file

    async def run(self) -> None:
        """Write until ``stop``.

        Raises:
            NotWritten: the disk is full; the file is closed, and ``stopped`` says so from now on.
        """
        while self._file is not None:
            await self._flush()
            await asyncio.sleep(PAUSE)

    async def stop(self) -> LogFile | None:
        """Write what is left and close; the file that was open.

        Raises:
            NotWritten: what was left could not be written; as with ``run``.
        """
        file = self._file
        if file is not None:
            await self._flush()
            self._file = None
            file.close()
        return file

    async def _flush(self) -> None:
        async with self._gate:
            file, waiting = self._file, self._waiting
            self._waiting = []
            if file is None:
                return
            try:
                for lines, sources in waiting:
                    await asyncio.to_thread(file.write, lines, sources)
            except BaseException as error:
                self._file = None
                file.close()
                if isinstance(error, NotWritten):
                    self.stopped = Stopped(self._now(), error.where, error.why, file.lines)
                    if not file.lines:
                        file.path.unlink(missing_ok=True)
                raise


def _directory() -> Path:
    from veza_tui.operations.settings import state_directory

    return state_directory() / "logs"
