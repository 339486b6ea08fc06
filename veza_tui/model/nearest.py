"""What somebody may have meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from veza_tui.model.text import printable


def did_you_mean(typed: str, names: Iterable[str]) -> str:
    """``did you mean NAME? `` with the nearest of ``names``; empty when none is near. Harmless on a terminal."""
    import difflib

    found = difflib.get_close_matches(typed, sorted(set(names)), 1)
    return f"did you mean {printable(found[0], limit=80)}? " if found else ""
