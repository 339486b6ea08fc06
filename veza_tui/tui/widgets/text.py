"""A long text on the Line API: only visible lines are made, only those that changed are sent."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from veza_tui.tui.presentation.spans import EMPTY, Line
from veza_tui.tui.widgets.lines import LinesView
from veza_tui.tui.widgets.strips import Painter


class TextView(LinesView):
    """Shows lines and scrolls; where it stands stays while the text changes below it."""

    def __init__(self, painter: Painter, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._painter = painter
        self._lines: Sequence[Line] = ()
        self._strips: list[Strip] = []

    @property
    def lines(self) -> Sequence[Line]:
        """What it shows."""
        return self._lines

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show ``lines``; costs bytes for visible cells that differ only."""
        self._lines = tuple(lines)
        self.resize_to(len(self._lines))
        self._repaint()

    def line_at(self, y: int) -> tuple[Line, bool]:
        """From where it stands."""
        y += self.scroll_offset.y
        return (self._lines[y] if y < len(self._lines) else EMPTY), False

    def on_resize(self) -> None:
        """Another width."""
        self._strips = []
        self.set_lines(self._lines)
