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


class Halves(NamedTuple):
    """Cells of the list, cells and lines of what is told beside or below it; no ``rows``: nothing is."""

    left: int
    right: int
    rows: int
    beside: bool

    @staticmethod
    def of(size: Size, used: int, *, detailed: bool = True) -> Halves:
        """``used``: lines that the list takes with its heading; what it leaves free is given to the details."""
        cells, rows = size.width, size.height - _FRAME
        if not detailed or size.height < LOW:
            return Halves(cells, 0, 0, beside=False)
        if cells >= WIDE:
            right = max(54, min(80, cells * 45 // 100))
            return Halves(cells - right - _GAP, right, rows, beside=True)
        return Halves(cells, cells, max(rows // 3, min(rows - used, rows * 2 // 3)), beside=False)


def show_halves(parent: Widget, halves: Halves, lines: Sequence[Line]) -> None:
    """Show ``lines`` in ``#aside`` or in ``#below`` of ``parent``; costs nothing where nothing differs."""
    # The headings stand in one line, below the empty one.
    shown = cut([*([EMPTY] if halves.beside else ()), *lines], halves.rows, halves.right)
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
