"""Log lines in a file: private, under a name that no pod can choose, text made visible."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from veza_tui.feeds.logs.visible import visible
from veza_tui.model.errors import VezaError
from veza_tui.model.log import STAMP, TAG, TAG_NOTE, Source, source_of

_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")


class NotWritten(VezaError):
    """Lines cannot be kept ``where`` (a directory or a file); ``why`` in the system's words."""

    def __init__(self, where: Path, why: str, *, hint: str) -> None:
        super().__init__(f"cannot write to {where}: {why}", hint=hint)
        self.where = where
        self.why = why


@dataclass(frozen=True, slots=True)
class Stopped:
    """Writing that ended by itself, or could not begin (``lines`` is None)."""

    at: float
    """Unix seconds."""
    where: Path
    why: str
    lines: int | None
    """Whole lines in the file; with none the file is gone."""


class LogFile:
    """A new file of mode 0600 in ``directory`` (made with 0700); ``path`` says where. Blocking: call in a thread."""

    def __init__(self, directory: Path, name: str, now: float) -> None:
        """
        Raises:
            NotWritten: it cannot be made there.
        """
        clock = datetime.fromtimestamp(now).astimezone().strftime("%Y%m%d-%H%M%S")
        stem = f"{_UNSAFE.sub('-', name).strip('.-')[:80] or 'logs'}-{clock}"
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for number in range(100):
                self.path = directory / (f"{stem}-{number}.log" if number else f"{stem}.log")
                try:
                    self._fd = os.open(
                        self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
                    )
                    break
                except FileExistsError:
                    continue
            else:
                raise NotWritten(directory, f"it holds a hundred files named {stem} already", hint="remove some")
        except OSError as error:
            raise NotWritten(directory, error.strerror or "error", hint="is there room, and may you?") from None
        self.lines = 0
        """Lines that are in it."""
        self._size = 0

    def write(self, lines: Sequence[bytes], sources: Mapping[int, Source]) -> None:
        """Tagged lines: time, source, text.

        Raises:
            NotWritten: the disk is full, or gone; the file holds ``lines`` whole lines.
        """
        text, done = b"", 0
        try:
            for at in range(0, len(lines), 2000):
                text, done = as_text(lines[at : at + 2000], sources), 0
                body = memoryview(text)
                while done < len(text):
                    done += os.write(self._fd, body[done:])
                self._keep(text)
        except OSError as error:
            # No half of a line passes for one.
            self._keep(text[: text.rfind(b"\n", 0, done) + 1])
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise NotWritten(self.path, error.strerror or "error", hint="is the disk full?") from None

    def _keep(self, text: bytes) -> None:
        self._size += len(text)
        self.lines += text.count(b"\n")

    def close(self) -> None:
        """Done."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def as_text(lines: Sequence[bytes], sources: Mapping[int, Source]) -> bytes:
    """``TIME POD/CONTAINER TEXT`` for each tagged line; words of ours stand behind ``--``."""
    names: dict[int, bytes] = {}
    out: list[bytes] = []
    for line in lines:
        number = source_of(line)
        name = names.get(number)
        if name is None:
            source = sources[number]
            name = names[number] = f"{source.pod}/{source.container} ".encode()
        out.append(line[:STAMP] + name + (b"-- " if line[-1] == TAG_NOTE else b"") + line[STAMP:-TAG])
    return visible(b"\n".join(out) + b"\n") if out else b""
