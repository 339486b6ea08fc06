"""What an undo takes away: rows per table now, against those of the database that was set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from veza_tui.model.backup import TableFacts
from veza_tui.model.plan import Change
from veza_tui.operations.fold import fold
from veza_tui.operations.journal import read_journal
from veza_tui.operations.store import OperationFiles, earlier

_SHOWN = 6


def restore_of(state: Path, aside: str) -> OperationFiles | None:
    """The restore that left ``aside``; None when it was of another machine, or was swept."""
    return next((files for files, plan in earlier(state, "restore") if plan.options.get("aside") == aside), None)


def restored_tables(restore: OperationFiles) -> list[Mapping[str, Any]]:
    """The tables of a restore's proof, from its journal; empty where it has none.

    ``before`` is from its safety backup, so that the set-aside database need not be opened.
    """
    try:
        found = fold(restore.id, read_journal(restore.journal)).result["prove"]["tables"]
        return [t for t in found if isinstance(t, Mapping)]
    except (OSError, ValueError, LookupError, TypeError):
        return []


def undone(tables: Sequence[Mapping[str, Any]], now: Sequence[TableFacts]) -> tuple[list[Change], list[str]]:
    """Rows now and after the undo, and which tables were written to since the restore."""
    have = {t.key: t.rows for t in now}
    changes, written = [], []
    for table in tables:
        name, rows = str(table["table"]), have.get(str(table["table"]))
        before, restored = table.get("before"), table.get("now")
        if isinstance(before, int) and rows != before:
            changes.append(Change(f"Table/{name}", "rows", None if rows is None else f"{rows:,}", f"{before:,}"))
        if isinstance(restored, int) and rows is not None and rows != restored:
            written.append(f"{name} {rows - restored:+,}")
    notes = []
    if written:
        more = f" and {len(written) - _SHOWN} more" if len(written) > _SHOWN else ""
        notes.append(f"Rows since that restore, which the undo takes away: {', '.join(written[:_SHOWN])}{more}.")
    return changes, notes
