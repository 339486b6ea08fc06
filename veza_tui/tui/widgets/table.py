"""A table on the Line API: rows keyed by uid, changed visible lines alone are sent, nothing for off-screen changes."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from textual import events
from textual.message import Message
from textual.strip import Strip

from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.rows import Column, TableRow, content_widths, heading_line, row_line, share
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, in_role
from veza_tui.tui.widgets.lines import LinesView
from veza_tui.tui.widgets.strips import Painter


class Table(LinesView):
    """Shows rows in the order given. The cursor stays on its row's key wherever that row moves."""

    class Laid(Message):
        """It has another width, and so have its columns: a heading above them is to be painted again."""

    class Moved(Message):
        """The cursor is on another row (or on none: key is empty)."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    class Chosen(Message):
        """A row was clicked while the cursor was on it."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

    def __init__(self, columns: Sequence[Column], painter: Painter, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns = tuple(columns)
        self._painter = painter
        self._glyphs = glyphs
        self._rows: list[TableRow] = []
        self._starts: list[int] = []
        self._total = 0
        self._needs: list[int] = []
        self._widths: list[int] = []
        self._cursor = ""
        self._index = 0
        self._held = False
        self._stale = False
        self._measured: dict[str, TableRow] = {}
        self._strips: list[Strip] = []
        self._empty: list[Line] = []

    # --- what it shows -------------------------------------------------------------------------------------------

    @property
    def rows(self) -> Sequence[TableRow]:
        """The rows, in order."""
        return self._rows

    @property
    def total(self) -> int:
        """Lines of all rows."""
        return self._total

    @property
    def cursor(self) -> str:
        """Key of the row under the cursor, empty without rows."""
        return self._cursor

    @property
    def content_cells(self) -> int:
        """Cells for a row, without the marker, the glyph and the scrollbar, so that nothing moves when it appears."""
        return max(0, self.size.width - 4)

    def show(self, rows: Sequence[TableRow], *, stale: bool = False) -> None:
        """Replace the rows; only visible lines that differ are sent. ``stale`` dims them all."""
        self._rows = list(rows)
        self._stale = stale
        starts = list(accumulate([row.height for row in self._rows], initial=0))
        total = self._total = starts.pop()
        self._starts = starts
        # Rows that were measured before are the same objects still.
        known = self._measured if self._needs else {}
        needs = content_widths(self._columns, [row for row in self._rows if known.get(row.key) is not row])
        self._measured = {row.key: row for row in self._rows}
        # Columns grow at once and shrink only when the room is shared anew, so that they do not tremble.
        self._needs = [max(a, b) for a, b in zip(self._needs, needs, strict=True)] if self._needs else needs
        self._widths = share(self._columns, self._needs, self.content_cells)
        self._settle_cursor()
        self.resize_to(total)
        self._keep_visible()
        self._repaint()

    def set_empty(self, lines: Sequence[Line]) -> None:
        """What stands there while there are no rows."""
        if list(lines) != self._empty:
            self._empty = list(lines)
            self._repaint()

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Other columns from the next ``show`` on."""
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._needs = []
            self._widths = []
            self._rows = []

    def forget_widths(self) -> None:
        """Let the columns shrink at the next ``show``."""
        self._needs = []

    def heading(self, label: Line, cells: int, *, sorted_by: str = "", reverse: bool = False) -> Line:
        """The columns' titles over the rows, with ``label`` over the first column."""
        widths = self._widths or [0] * len(self._columns)
        arrow = self._glyphs.up if reverse else self._glyphs.down
        return heading_line(label, self._columns, widths, cells, arrow, sorted_by)

    # --- the cursor ----------------------------------------------------------------------------------------------

    def _settle_cursor(self) -> None:
        before = self._cursor
        if not self._rows:
            self._cursor, self._index = "", 0
        elif not self._held:
            # Nobody has moved it: it stays on the first row, where trouble appears.
            self._cursor, self._index = self._rows[0].key, 0
        else:
            found = next((i for i, row in enumerate(self._rows) if row.key == self._cursor), None)
            self._index = min(self._index, len(self._rows) - 1) if found is None else found
            self._cursor = self._rows[self._index].key
        if self._cursor != before:
            self.post_message(self.Moved(self, self._cursor))

    def move_to(self, index: int) -> None:
        """Put the cursor on the row ``index``, clamped, and scroll to it."""
        if not self._rows:
            return
        self._index = max(0, min(index, len(self._rows) - 1))
        self._held = self._index > 0 or self._held
        key = self._rows[self._index].key
        moved = key != self._cursor
        self._cursor = key
        self._keep_visible()
        self._repaint()
        if moved:
            self.post_message(self.Moved(self, key))

    def move(self, rows: int) -> None:
        """Move the cursor by ``rows``."""
        self.move_to(self._index + rows)

    def move_page(self, pages: int) -> None:
        """Move the cursor by what fits on the screen."""
        self.move_to(self._index + pages * max(1, self.size.height - 1))

    def move_first(self) -> None:
        """To the first row, where it stays also when another row becomes the first."""
        self.move_to(0)
        self._held = False

    def move_last(self) -> None:
        """To the last row."""
        self.move_to(len(self._rows) - 1)

    def put_on(self, key: str) -> None:
        """Put the cursor on the row with that key, when there is one."""
        for i, row in enumerate(self._rows):
            if row.key == key:
                self.move_to(i)
                return

    def _keep_visible(self) -> None:
        height = self.size.height
        if not self._rows or height <= 0:
            return
        top = self.scroll_offset.y
        first = self._starts[self._index]
        last = first + self._rows[self._index].height - 1
        target = top
        if last >= top + height:
            target = last - height + 1
        if first < target:
            target = first
        target = max(0, min(target, self._total - height))
        if target != top:
            self.scroll_to(y=target, animate=False, immediate=True, force=True)

    # --- painting ------------------------------------------------------------------------------------------------

    def line_at(self, y: int) -> tuple[Line, bool]:
        """A row, or a note below it."""
        return self._line(y + self.scroll_offset.y)

    def _line(self, line: int) -> tuple[Line, bool]:
        if line >= self._total:
            return (self._empty[line] if not self._rows and line < len(self._empty) else EMPTY), False
        index = bisect_right(self._starts, line) - 1
        row = self._rows[index]
        here = row.key == self._cursor
        part = line - self._starts[index]
        marker = self._glyphs.cursor if here else " "
        if part == 0:
            return row_line(row, self._columns, self._widths, marker, "stale" if self._stale else ""), here
        note = in_role(row.notes[part - 1], "stale") if self._stale else row.notes[part - 1]
        return (Span(marker, "cursor-mark"), Span("  "), *note), here

    def on_resize(self) -> None:
        """Share the width anew."""
        self._needs = []
        self._strips = []
        self.show(self._rows, stale=self._stale)
        self.post_message(self.Laid())

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a click on the cursor opens."""
        line = event.y + self.scroll_offset.y
        if line >= self._total:
            return
        index = bisect_right(self._starts, line) - 1
        if self._rows[index].key == self._cursor:
            self.post_message(self.Chosen(self, self._cursor))
        else:
            self.move_to(index)
