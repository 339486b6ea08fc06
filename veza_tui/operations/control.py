"""Requests to a running operation: lines appended to its control file, followed by a signal to look at it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from veza_tui.model.text import printable
from veza_tui.operations.who import Person


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """Somebody wants it to stop."""

    by: str
    at: float
    force: bool


def ask_cancel(path: Path, person: Person, now: float, *, force: bool) -> None:
    """Append a cancel request (one write call; 0600)."""
    line = json.dumps({"cancel": {"by": person.label, "at": now, "force": force}}) + "\n"
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.write(fd, line.encode())
        os.fsync(fd)
    finally:
        os.close(fd)


class ControlReader:
    """The requests that came since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[CancelRequest]:
        """New whole lines; what is no request is skipped."""
        try:
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                data = stream.read()
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        self._offset += whole
        requests = []
        for raw in data[:whole].splitlines():
            try:
                cancel = json.loads(raw)["cancel"]
                requests.append(
                    CancelRequest(printable(str(cancel["by"]), limit=100), float(cancel["at"]), bool(cancel["force"]))
                )
            except (ValueError, KeyError, TypeError):
                continue
        return requests
