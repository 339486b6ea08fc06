"""A list and the one under its cursor, told whole: beside it where the screen is wide, else below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual.css.scalar import Scalar
from textual.geometry import Size
from textual.widget import Widget

from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clip
from veza_tui.tui.widgets.sheet import Sheet

WIDE = 120
"""Cells from which both stand side by side."""
LOW = 20
"""Lines below which only the list is shown."""
_FRAME = 2
"""Lines of the tab bar and the hints."""
_GAP = 2
_LEAST = 4
"""Lines below which a heading with nothing under it would stand there."""


class Halves(NamedTuple):
    """Cells of the list, cells and lines of what is told beside or below it; no ``rows``: nothing is."""

    left: int
    right: int
    rows: int
    beside: bool

    @staticmethod
    def of(size: Size, used: int, *, head: int = 0, detailed: bool = True, least: int | None = None) -> Halves:
        """``used``: lines of the list; what it leaves free is given to the details, ``least`` (a third) in any case.

        ``head``: lines above both of them.
        """
        cells, rows = size.width, size.height - _FRAME - head
        if not detailed or size.height < LOW:
            return Halves(cells, 0, 0, beside=False)
        if cells >= WIDE:
            right = max(54, min(80, cells * 45 // 100))
            return Halves(cells - right - _GAP, right, rows, beside=True)
        below = max(rows // 3 if least is None else least, min(rows - used, rows * 2 // 3))
        return Halves(cells, cells if below >= _LEAST else 0, below if below >= _LEAST else 0, beside=False)


def show_halves(parent: Widget, halves: Halves, lines: Sequence[Line]) -> None:
    """Show ``lines`` in ``#aside`` or in ``#below`` of ``parent``; costs nothing where nothing differs."""
    shown = cut(lines, halves.rows, halves.right)
    aside, below = (parent.query_one(f"#{name}", Sheet) for name in ("aside", "below"))
    for sheet, on in ((aside, bool(halves.rows) and halves.beside), (below, bool(halves.rows) and not halves.beside)):
        if sheet.display is not on:
            sheet.display = on
        if on:
            width = Scalar.from_number(halves.right) if halves.beside else None
            if width is not None and sheet.styles.width != width:
                sheet.styles.width = width
            # As high whatever it tells: the list must not move while the cursor does.
            sheet.set_lines([*shown, *[EMPTY] * (halves.rows - len(shown))])


def cut(lines: Sequence[Line], rows: int, cells: int) -> list[Line]:
    """The first ``rows`` lines, each in ``cells``; the last one says how many are not shown."""
    shown = [clip(line, cells) for line in lines]
    if len(shown) <= rows:
        return shown
    left = sum(1 for line in shown[max(rows - 1, 0) :] if line)
    return [*shown[: max(rows - 1, 0)], (Span(f"   … {left} more lines", "dim"),)][:rows]
