"""Running a command of this machine, without a shell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Commands(Protocol):
    """Child processes whose output is followed line by line."""

    async def run(
        self,
        argv: Sequence[str],
        *,
        directory: Path,
        on_line: Callable[[str], None],
        environment: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> int:
        """Run to the end; returns the exit code (128 + n for signal n). Cancelling the task ends the whole group.

        ``environment`` is laid over the present one; ``log`` keeps the raw output (0600).

        Raises:
            ConfigError: there is no such program.
        """
        ...

    def veza(self) -> list[str]:
        """The argv that starts veza-tui itself, to which a command is appended."""
        ...
