"""Headings of a block."""

from __future__ import annotations

from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import Line, Span, apart, line_width


def heading(title: str, note: Line, cells: int, glyphs: Glyphs, *, right: Line = ()) -> Line:
    """`` TITLE note ──────── right``: a rule carries the eye to the edge."""
    left: Line = (Span(" "), Span(title, "heading"), *((Span(" "), *note) if note else ()), Span(" "))
    tail: Line = (Span(" "), *right, Span(" ")) if right else (Span(" "),)
    rule = cells - line_width(left) - line_width(tail)
    if rule < 2:
        return apart(left, right, cells)
    return (*left, Span(glyphs.rule * rule, "faint"), *tail)
