"""What every widget of lines shares: visible lines as strips, of which only the cells that changed are sent."""

from __future__ import annotations

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from veza_tui.tui.presentation.spans import Line
from veza_tui.tui.widgets.strips import Painter, changed_region


class Repainted(Widget):
    """Keeps the strips on the screen. ``line_at`` says what stands in a visible line and whether the cursor does.

    One whose lines are found all at once overrides ``_compose_strips`` instead.
    """

    _painter: Painter
    _strips: list[Strip]

    def line_at(self, y: int) -> tuple[Line, bool]:
        """The line ``y`` cells below the top, and whether it has the cursor."""
        raise NotImplementedError

    def set_painter(self, painter: Painter) -> None:
        """Paint in another theme."""
        self._painter = painter
        self._strips = []
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Textual asks for one visible line."""
        strips = self._strips
        if len(strips) != self.size.height or (strips and strips[0].cell_length != self.size.width):
            strips = self._strips = self._compose_strips()
        return strips[y] if y < len(strips) else Strip.blank(self.size.width)

    def _compose_strips(self) -> list[Strip]:
        cells, strips = self.size.width, []
        for y in range(self.size.height):
            line, cursor = self.line_at(y)
            strips.append(self._painter.strip(line, cells, cursor=cursor))
        return strips

    def _repaint(self) -> None:
        """Send what differs from what is on the screen."""
        if not self.size.width or len(self._strips) != self.size.height or not self._strips:
            self._strips = []
            self.refresh()
            return
        self._send_changes()

    def _send_changes(self) -> bool:
        """The cells that changed since the strips were made, for as many lines as then; whether there were any."""
        fresh = self._compose_strips()
        regions: list[Region] = []
        for y, (old, new) in enumerate(zip(self._strips, fresh, strict=True)):
            region = changed_region(old, new, y)
            if region is not None:
                regions.append(region)
        self._strips = fresh
        if regions:
            self.refresh(*regions)
        return bool(regions)


class LinesView(Repainted, ScrollView, can_focus=True):
    """One that scrolls up and down."""

    ALLOW_SELECT = False
    ALLOW_MAXIMIZE = False
    DEFAULT_CSS = """
    LinesView { height: 1fr; scrollbar-size-vertical: 1; scrollbar-size-horizontal: 0; overflow-x: hidden;
                overflow-y: auto; scrollbar-gutter: stable; }
    """

    def resize_to(self, lines: int) -> None:
        """There are so many lines now."""
        size = Size(self.size.width, lines)
        if size != self.virtual_size:
            self.virtual_size = size

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Other lines come into view."""
        self._strips = []
        super().watch_scroll_y(old_value, new_value)
