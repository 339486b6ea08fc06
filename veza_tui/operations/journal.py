"""The journal on disk: JSON lines, appended; one writer (the runner), any number of readers."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from veza_tui.model.errors import VezaError
from veza_tui.model.journal import VERSION, JournalEvent
from veza_tui.operations.settings import sync_directory


class JournalError(VezaError):
    """A journal that this program cannot read."""


class Journal:
    """Appends events. ``sync=True`` returns when the event is on disk (step boundaries, notes)."""

    def __init__(self, path: Path) -> None:
        """Open for appending; 0600; a torn last line, left by a crash, is cut off and counted in ``torn``."""
        new = not path.exists()
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = os.open(path, flags, 0o600)
        self.torn = 0
        if new:
            os.fsync(self._fd)
            sync_directory(path.parent)
        else:
            self._cut_torn_line()

    def append(self, event: JournalEvent, *, sync: bool = False) -> None:
        """Write one line with one write call.

        Raises:
            OSError: the disk is full or gone. A part that was written is taken back.
        """
        line = encode(event)
        before = os.fstat(self._fd).st_size
        written = os.write(self._fd, line)
        if written != len(line):
            os.ftruncate(self._fd, before)
            raise OSError(28, "No space left on device: the journal's line was not written")
        if sync:
            os.fsync(self._fd)

    def close(self) -> None:
        """Make everything durable and close."""
        if self._fd >= 0:
            os.fsync(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _cut_torn_line(self) -> None:
        size = os.fstat(self._fd).st_size
        end = size
        while end > 0:
            start = max(end - 4096, 0)
            chunk = os.pread(self._fd, end - start, start)
            newline = chunk.rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            self.torn = size - end
            os.ftruncate(self._fd, end)
            os.fsync(self._fd)


class JournalReader:
    """Reads what was appended since the last call. A last line without its newline is left for the next call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.line = 0
        self.damaged: list[int] = []
        """Line numbers (1-based) which are no event."""

    def changed(self) -> bool:
        """Whether there is more to read: one stat call."""
        try:
            return self._path.stat().st_size > self._offset
        except FileNotFoundError:
            return False

    def read(self) -> list[JournalEvent]:
        """The new events.

        Raises:
            JournalError: they were written by a newer program.
        """
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        self._offset += whole
        events = []
        for raw in data[:whole].splitlines():
            self.line += 1
            event = decode(raw)
            if event is None:
                self.damaged.append(self.line)
            elif event.v > VERSION:
                raise JournalError(
                    f"{self._path.parent.name}: its journal has version {event.v}, this program reads up to {VERSION}",
                    hint="use the veza-tui that wrote it, or a newer one",
                )
            else:
                events.append(event)
        return events


def encode(event: JournalEvent) -> bytes:
    """One line, newline included: ``v``, ``at``, ``type``, ``step`` and then the event's own keys."""
    head: dict[str, Any] = {"v": event.v, "at": round(event.at, 3), "type": event.type}
    if event.step:
        head["step"] = event.step
    return (
        json.dumps({**head, "data": dict(event.data)}, ensure_ascii=False, default=str).encode("utf-8", "replace")
        + b"\n"
    )


def decode(line: bytes) -> JournalEvent | None:
    """The event of a line, None when it is none (torn, damaged)."""
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str):
        return None
    at, version, data = raw.get("at"), raw.get("v"), raw.get("data")
    if not isinstance(at, int | float) or not isinstance(version, int):
        return None
    step = raw.get("step", "")
    return JournalEvent(
        type=raw["type"],
        at=float(at),
        step=step if isinstance(step, str) else "",
        data=data if isinstance(data, Mapping) else {},
        v=version,
    )


def read_journal(path: Path) -> Iterator[JournalEvent]:
    """Every whole event of a journal."""
    yield from JournalReader(path).read()
