"""A long text on the Line API: only visible lines are made, only those that changed are sent."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from veza_tui.tui.presentation.spans import EMPTY, Line
from veza_tui.tui.widgets.strips import Painter, changed_region


class TextView(ScrollView, can_focus=True):
    """Shows lines and scrolls; where it stands stays while the text changes below it."""

    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = False
    DEFAULT_CSS = """
    TextView { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden;
               overflow-y: auto; scrollbar-gutter: stable; }
    """

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
        size = Size(self.size.width, len(self._lines))
        if size != self.virtual_size:
            self.virtual_size = size
        self._repaint()

    def set_painter(self, painter: Painter) -> None:
        """Paint in another theme."""
        self._painter = painter
        self._strips = []
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Textual asks for one visible line."""
        if len(self._strips) != self.size.height:
            self._strips = self._compose_strips()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def _compose_strips(self) -> list[Strip]:
        cells, top, lines = self.size.width, self.scroll_offset.y, self._lines
        return [
            self._painter.strip(lines[y] if y < len(lines) else EMPTY, cells)
            for y in range(top, top + self.size.height)
        ]

    def _repaint(self) -> None:
        if len(self._strips) != self.size.height or not self._strips:
            self._strips = []
            self.refresh()
            return
        fresh = self._compose_strips()
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(self._strips, fresh, strict=True)):
            region = changed_region(old, new, y)
            if region is not None:
                regions.append(region)
        self._strips = fresh
        if regions:
            self.refresh(*regions)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines come into view."""
        self._strips = []
        super().watch_scroll_y(old_value, new_value)

    def on_resize(self) -> None:
        """Another width."""
        self._strips = []
        self.set_lines(self._lines)
