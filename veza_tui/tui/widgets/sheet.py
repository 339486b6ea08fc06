"""A block of lines that sends only what changed."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from veza_tui.tui.presentation.spans import EMPTY, Line
from veza_tui.tui.widgets.lines import Repainted
from veza_tui.tui.widgets.strips import Painter, click_at


class Sheet(Repainted):
    """Shows lines; its height is theirs unless ``fixed`` gives one. Setting the same lines again sends nothing."""

    ALLOW_SELECT = False
    DEFAULT_CSS = "Sheet { height: auto; width: 1fr; }"

    class Clicked(Message):
        """Somebody clicked on a span that does something."""

        def __init__(self, target: str) -> None:
            super().__init__()
            self.target = target

    def __init__(self, painter: Painter, *, id: str | None = None, classes: str | None = None, fixed: int = 0) -> None:
        super().__init__(id=id, classes=classes)
        self._painter = painter
        self._lines: tuple[Line, ...] = ()
        self._strips: list[Strip] = []
        self._fixed = fixed
        self.styles.height = fixed or 1
        self._rows = fixed or 1

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it shows."""
        return self._lines

    def set_lines(self, lines: Sequence[Line]) -> None:
        """Show ``lines``; costs bytes for the cells that differ only."""
        new = tuple(lines)
        if new == self._lines:
            return
        self._lines = new
        rows = self._fixed or max(1, len(new))
        if not self._fixed and rows != self._rows:
            self._rows = rows
            self.styles.height = rows
            self._strips = []
            return
        self._repaint()

    def line_at(self, y: int) -> tuple[Line, bool]:
        """As they were set."""
        return (self._lines[y] if y < len(self._lines) else EMPTY), False

    def on_click(self, event: events.Click) -> None:
        """The mouse is optional: everything it does has a key."""
        if event.y < len(self._lines) and (target := click_at(self._lines[event.y], event.x)):
            event.stop()
            self.post_message(self.Clicked(target))
