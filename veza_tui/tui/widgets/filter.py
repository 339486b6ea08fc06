"""The line in which the filter is typed; hidden while nobody types."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from veza_tui.tui.presentation.spans import Span
from veza_tui.tui.widgets.ahead import Ahead
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.strips import Painter


class FilterLine(Horizontal):
    """``/`` and what is typed. Its input takes every letter, so no letter key does anything else meanwhile."""

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self._painter = painter
        self._ahead = Ahead()
        self.display = False

    def compose(self) -> ComposeResult:
        """A sign and the input."""
        sign = Sheet(self._painter, fixed=1, classes="sign")
        sign.set_lines([(Span(" / ", "key"),)])
        yield sign
        # A blinking cursor would send bytes for nothing.
        field = Input(
            placeholder="words in name, status, node, image; !word excludes", compact=True, select_on_focus=False
        )
        field.cursor_blink = False
        yield field

    def open(self, text: str) -> None:
        """Show it with ``text`` and take the focus."""
        self.display = True
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        # At once and not with the next message: the letters typed behind the key that opens it are on their way.
        self.screen.set_focus(field)
        self._ahead.begin()

    def typed_ahead(self, event: events.Key) -> bool:
        """Take a key that was typed before the input had the focus."""
        return self.display and self._ahead.take(event, self.query_one(Input))

    def close(self) -> None:
        """Hide it; the text stays."""
        self.display = False
