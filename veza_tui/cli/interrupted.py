"""At every start: operations whose runner died are offered. Costs one directory listing when there are none."""

from __future__ import annotations

from pathlib import Path

import click

from veza_tui.model.text import printable

_NEWEST = 50
"""Older operations than these are not looked at on every start; `operations` lists them all."""


def notice(command: str | None) -> None:
    """Say on stderr what was interrupted, and what can be done; never fails."""
    if command is None or command in ("_run", "operations", "demo", "init"):
        return
    try:
        from veza_tui.operations.settings import state_directory

        root = state_directory() / "operations"
        suspects = [
            path for path in sorted(root.iterdir(), reverse=True)[:_NEWEST] if not _ended(path / "journal.jsonl")
        ]
    except OSError:
        return
    if suspects:
        _tell([path.name for path in suspects])


def _ended(journal: Path) -> bool:
    """Whether the last line is the end: most journals need no more than their last bytes."""
    try:
        with journal.open("rb") as stream:
            stream.seek(max(stream.seek(0, 2) - 65536, 0))
            last = stream.read().rstrip(b"\n").rpartition(b"\n")[2]
    except OSError:
        return True
    return b'"type": "end"' in last[:80]


def _tell(ids: list[str]) -> None:
    from veza_tui import wiring
    from veza_tui.model.errors import VezaError
    from veza_tui.model.journal import OperationState

    store = wiring.operation_store()
    for operation in ids:
        try:
            status = store.status(store.open(operation))
        except (VezaError, OSError):
            continue
        if status.state is OperationState.INTERRUPTED:
            what = f"{printable(status.kind)} {printable(status.environment)}"
            click.echo(
                f"veza-tui: operation {operation} ({what}) was interrupted: "
                f"veza-tui operations resume {operation}, or undo, or show",
                err=True,
            )
