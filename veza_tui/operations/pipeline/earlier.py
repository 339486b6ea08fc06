"""What an earlier run of the pipeline measured: a run that begins after the deploy has no "before" of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from veza_tui.model.errors import VezaError
from veza_tui.operations.ids import is_id
from veza_tui.operations.journal import JournalReader
from veza_tui.operations.store import OperationFiles

LOOKED_AT = 200
"""Operations, newest first, among which the earlier run is looked for."""


def earlier_baseline(state: Path | None, environment: str) -> dict[str, Any]:
    """The baseline of the newest run to this environment that measured one; empty when there is none."""
    folder = (state or Path()) / "operations"
    if state is None or not folder.is_dir():
        return {}
    for name in sorted((p.name for p in folder.iterdir() if is_id(p.name)), reverse=True)[:LOOKED_AT]:
        files = OperationFiles(folder / name)
        try:
            plan = files.plan()
            if plan.kind != "pipeline" or plan.target.environment != environment:
                continue
            notes = [e.data["baseline"] for e in JournalReader(files.journal).read() if "baseline" in e.data]
        except (VezaError, OSError):
            continue  # a damaged neighbour is not this plan's business
        if notes and isinstance(notes[-1], dict):
            return dict(notes[-1])
        if isinstance(plan.options.get("baseline"), dict):
            return dict(plan.options["baseline"])
    return {}
