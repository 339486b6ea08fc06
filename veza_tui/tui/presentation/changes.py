"""What a plan would change, as lines. Pure."""

from __future__ import annotations

from veza_tui.model.plan import Change
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.output import by_words
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import Line, Span, clean


def change_lines(change: Change, cells: int, glyphs: Glyphs) -> list[Line]:
    """One change: the object and path, then the old value struck by the new one."""
    owner = f"  (set by {clean(change.by, 40)})" if change.by else ""
    head: Line = (Span(clean(change.object, 80), "strong"), Span(f" {clean(change.path, 200)}", "dim"),
                  Span(owner, "warn"))  # fmt: skip
    lines: list[Line] = by_words(head, cells, 2)
    if change.old is not None:
        lines += [(Span("- ", "bad"), Span(part, "dim")) for part in wrapped(change.old, cells - 2)]
    if change.new is not None:
        lines += [(Span("+ ", "ok"), Span(part)) for part in wrapped(change.new, cells - 2)]
    return lines
