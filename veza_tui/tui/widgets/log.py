"""A window on the ring of log lines, on the Line API. Held still it costs nothing; followed it sends what differs."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from veza_tui.feeds.logs.buffer import Ring
from veza_tui.model.log import Source, source_of
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.logs import Look, rows_of
from veza_tui.tui.presentation.spans import EMPTY, Line, Span
from veza_tui.tui.widgets.lines import Repainted
from veza_tui.tui.widgets.strips import Painter

DROPPED = "-- lines were dropped here: more came than is kept"
PINNED = 512
"""Lines before and after what is on the screen that are not dropped while it is held."""
_KEPT = 400
"""Lines whose rows are kept made."""


class LogView(Repainted, ScrollView):
    """Shows the ring's end while ``following``; else it stays where it is, whatever comes or goes.

    It keeps its place by the lines' numbers, so there is no height of everything to compute when lines are wrapped.
    """

    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = False
    can_focus = False
    DEFAULT_CSS = "LogView { height: 1fr; overflow: hidden hidden; scrollbar-size: 0 0; }"

    class Moved(Message):
        """It was scrolled with the mouse: words around it may be wrong now."""

    def __init__(self, ring: Ring, sources: Mapping[int, Source], painter: Painter, glyphs: Glyphs) -> None:
        super().__init__()
        self.ring = ring
        self.following = True
        self.cursor = -1
        """Number of the line under the cursor; it is shown while not following."""
        self.look = Look()
        self._sources = sources
        self._painter = painter
        self._glyphs = glyphs
        self._top = (0, 0)
        """Line number and row of it that stands at the top while not following."""
        self._made: dict[int, list[Line]] = {}
        self._made_for = 0
        """Cells of the width that they are made for."""
        self._rows: list[tuple[int, int]] = []
        self._strips: list[Strip] = []
        self._empty: list[Line] = []

    # --- what it shows -------------------------------------------------------------------------------------------

    def set_look(self, look: Look) -> None:
        """Other columns, another width of names, other highlights."""
        if look != self.look:
            self.look = look
            self._made.clear()
            self.update()

    def forget(self) -> None:
        """Names or lines of the same numbers may look different now."""
        self._made.clear()

    def set_empty(self, lines: list[Line]) -> None:
        """What stands there while there is no line."""
        self._empty = lines

    def update(self) -> bool:
        """Look at the ring again; True when anything on the screen changed."""
        height = self.size.height
        if height <= 0 or self.size.width <= 0:
            return False
        if len(self._strips) != height:
            self._strips = self._compose_strips()
            self.refresh()
            return True
        return self._send_changes()

    def _lines_of(self, number: int) -> list[Line]:
        rows = self._made.get(number)
        if rows is None:
            line = self.ring.line(number)
            if line is None:
                return [EMPTY]
            source = self._sources[source_of(line)]
            rows = rows_of(line, source, self.look, self.size.width, self._glyphs)
            if number > self.ring.first and self.ring.line(number - 1) is None:
                rows = [(Span(DROPPED, "warn"),), *rows]
            if len(self._made) >= _KEPT:
                self._made.clear()
            self._made[number] = rows
        return rows

    def _layout(self) -> list[tuple[int, int]]:
        """(line number, row of it) for each row of the screen, from the top; fewer when there are fewer."""
        height = self.size.height
        if self.following:
            self.ring.pinned = None
            return self._ending_at(self.ring.end)
        number: int | None
        number, part = self._top
        if number < self.ring.first or not self._is_shown(number):
            number, part = self.ring.shown_after(number - 1), 0
            if number is None:
                return self._ending_at(self.ring.end)
            self._top = (number, 0)
        if self.cursor < self.ring.first:
            self.cursor = number
        rows: list[tuple[int, int]] = []
        while number is not None and len(rows) < height:
            count = len(self._lines_of(number))
            rows += [(number, i) for i in range(part, count)]
            number, part = self.ring.shown_after(number), 0
        # What is looked at stays, with some screens around it, however much comes.
        self.ring.pinned = (self._top[0] - PINNED, (rows[-1][0] if rows else self._top[0]) + PINNED)
        return rows[:height]

    def _ending_at(self, end: int) -> list[tuple[int, int]]:
        """The rows of a screen whose last line is the last shown one before ``end``."""
        height = self.size.height
        rows: list[tuple[int, int]] = []
        number = self.ring.shown_before(end)
        while number is not None and len(rows) < height:
            rows += [(number, i) for i in reversed(range(len(self._lines_of(number))))]
            number = self.ring.shown_before(number)
        return rows[:height][::-1]

    def _is_shown(self, number: int) -> bool:
        return self.ring.shown_after(number - 1) == number

    def _compose_strips(self) -> list[Strip]:
        cells, height = self.size.width, self.size.height
        if cells != self._made_for:
            self._made.clear()
            self._made_for = cells
        self._rows = self._layout()
        strips: list[Strip] = []
        for number, part in self._rows:
            rows = self._lines_of(number)
            line = rows[part] if part < len(rows) else EMPTY
            strips.append(self._painter.strip(line, cells, cursor=not self.following and number == self.cursor))
        if not self._rows:
            strips += [self._painter.strip(line, cells) for line in self._empty[:height]]
        strips += [self._painter.strip(EMPTY, cells) for _ in range(height - len(strips))]
        return strips

    # --- moving --------------------------------------------------------------------------------------------------

    @property
    def current(self) -> int | None:
        """The line that enter and copy mean: under the cursor, or the newest."""
        return self.ring.shown_before(self.ring.end) if self.following else self.cursor

    def follow(self) -> None:
        """To the end, and stay there."""
        self.following = True
        self.update()

    def hold(self) -> None:
        """Stay at what is shown now, the cursor on the last line."""
        if self.following:
            rows = self._layout()
            if rows:
                self._top, self.cursor = rows[0], rows[-1][0]
                self.following = False

    def move(self, by: int) -> None:
        """The cursor by lines; over the last one it follows again."""
        if by > 0 and self.following:
            return
        self.hold()
        number = self.cursor
        for _ in range(abs(by)):
            found = self.ring.shown_after(number) if by > 0 else self.ring.shown_before(number)
            if found is None:
                if by > 0:
                    self.follow()
                    return
                break
            number = found
        self.go_to(number)

    def move_page(self, pages: int) -> None:
        """By what is on the screen."""
        shown = len({number for number, _ in self._rows}) or self.size.height
        if pages < 0 and self.following:
            # The cursor stands on the last line: the first page up begins above the screen.
            self.hold()
            self.cursor = self._top[0]
        self.move(pages * max(1, shown - 1))

    def go_to(self, number: int) -> None:
        """Put the cursor on a line and keep it on the screen."""
        self.hold()
        if self.following:
            return
        self.cursor = number
        rows = self._layout()
        if number < self._top[0]:
            self._top = (number, 0)
        elif not rows or number > rows[-1][0] or (number, len(self._lines_of(number)) - 1) not in rows:
            ending = self._ending_at(number + 1)
            if ending and self._top < ending[0]:
                self._top = ending[0]
        self.update()

    def show_at_top(self, number: int) -> None:
        """A line, with what came after it below."""
        self.following = False
        self._top, self.cursor = (number, 0), number
        self.update()

    def first(self) -> None:
        """The oldest line kept."""
        number = self.ring.shown_after(self.ring.first - 1)
        if number is not None:
            self.show_at_top(number)

    def on_resize(self) -> None:
        """Other widths, other rows."""
        self._made.clear()
        self._strips = []
        if not self.following:
            self._top = (self._top[0], 0)
        self.update()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Three lines up."""
        event.stop()
        self._wheel(-3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Three lines down."""
        event.stop()
        self._wheel(3)

    def _wheel(self, by: int) -> None:
        if by < 0 and self.following:
            self.hold()
            self.cursor = self._top[0]
        elif by > 0 and not self.following and self._rows:
            self.cursor = self._rows[-1][0]
        elif by < 0 and self._rows:
            self.cursor = self._rows[0][0]
        self.move(by)
        self.post_message(self.Moved())
