"""What an undo takes away: rows per table now, against those of the database that was set aside."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from veza_tui.model.backup import TableFacts
from veza_tui.model.plan import Change
from veza_tui.operations.fold import fold
from veza_tui.operations.journal import read_journal

_SHOWN = 6


def restored_tables(state: Path, aside: str) -> list[Mapping[str, Any]]:
    """The proof's tables of the restore that left ``aside``, from this machine's journals; empty when it is not known.

    ``before`` is from its safety backup, so that the set-aside database need not be opened.
    """
    for plan in sorted((state / "operations").glob("*/plan.json"), reverse=True):
        try:
            data = json.loads(plan.read_bytes())
            if data["kind"] == "restore" and data["options"]["aside"] == aside:
                found = fold(plan.parent.name, read_journal(plan.parent / "journal.jsonl")).result["prove"]["tables"]
                return [t for t in found if isinstance(t, Mapping)]
        except (OSError, ValueError, LookupError, TypeError):
            continue  # swept, or not ours
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
