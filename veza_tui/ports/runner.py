"""How operations start, find and wake their runner: the detached process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RunnerRecord:
    """Which process runs an operation; start time and boot id tell it from a later one with the same pid."""

    pid: int
    started: int
    """Clock ticks since boot (/proc/PID/stat, field 22)."""
    boot: str
    """/proc/sys/kernel/random/boot_id."""
    host: str


@dataclass(frozen=True, slots=True)
class Handshake:
    """What the runner said when it had begun, or why it has not. ``exit`` is 0 when it has."""

    exit: int
    message: str = ""
    hint: str = ""
    log: str = ""
    """Last lines of its private log when it died without a word."""


class Runners(Protocol):
    """Processes of this machine."""

    def prepare(self) -> None:
        """Have a runner ready for the next ``start``, because one is surely coming: that saves its start-up time."""
        ...

    def dismiss(self) -> None:
        """None is coming after all."""
        ...

    async def start(self, arguments: Sequence[str], log: Path, directory: Path) -> Handshake:
        """Start ``veza-tui ARGUMENTS`` in a session of its own and wait until it has begun."""
        ...

    def alive(self, record: RunnerRecord) -> bool | None:
        """Whether it still runs; None when that cannot be known from this machine."""
        ...

    def wake(self, record: RunnerRecord) -> bool:
        """Tell it to look at its control file; False when it is gone."""
        ...

    def myself(self) -> RunnerRecord:
        """The record of the calling process."""
        ...
