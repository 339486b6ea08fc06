"""What a step said: its output lines from the journal, and the whole of it where a command's log was kept."""

from __future__ import annotations

from veza_tui.model.text import printable
from veza_tui.operations.journal import JournalReader
from veza_tui.operations.store import OperationFiles

LIMIT = 1 << 20
"""Bytes of a kept log that are shown."""


def step_output(files: OperationFiles, step: str) -> list[str]:
    """Every line that the step put out, errors included; printable."""
    log = files.evidence / f"{step}.log"
    lines: list[str] = []
    for event in JournalReader(files.journal).read():
        if event.step != step:
            continue
        if event.type == "output":
            lines.append(str(event.data.get("line", "")))
        elif event.type == "note":
            lines.append(f"· {event.data.get('text', '')}")
        elif event.type == "step" and event.data.get("error"):
            lines.append(f"✖ {event.data['error']}")
    if log.is_file() and not log.is_symlink():
        # A command's own log has what the journal may have cut.
        with log.open("rb") as file:
            kept = file.read(LIMIT).decode(errors="replace").splitlines()
        lines = [*kept, *(line for line in lines if line.startswith(("·", "✖")))]
    return [printable(line, limit=2000) for line in lines]
