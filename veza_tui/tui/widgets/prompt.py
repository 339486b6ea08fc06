"""One line in which something is typed: a pattern, a time. Hidden while nobody types."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input

from veza_tui.tui.presentation.spans import Span, width
from veza_tui.tui.widgets.ahead import Ahead
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.strips import Painter


class Prompt(Horizontal):
    """``kind`` tells which question is open. Its input takes every letter, so no letter key does anything else."""

    DEFAULT_CSS = """
    Prompt { height: 1; background: $background; }
    Prompt Input { width: 1fr; height: 1; background: $background; color: $foreground; }
    """

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self._painter = painter
        self.kind = ""
        self.display = False
        self._ahead = Ahead()

    def compose(self) -> ComposeResult:
        """A sign and the input."""
        yield Sheet(self._painter, fixed=1, classes="asked")
        field = Input(compact=True, select_on_focus=False)
        field.cursor_blink = False  # a blinking cursor would send bytes for nothing
        yield field

    def ask(self, kind: str, sign: str, placeholder: str, text: str) -> None:
        """Open it with ``text`` in it."""
        self.kind = kind
        self.display = True
        sheet = self.query_one(Sheet)
        sheet.styles.width = width(sign) + 2
        sheet.set_lines([(Span(f" {sign} ", "key"),)])
        field = self.query_one(Input)
        field.placeholder = placeholder
        with field.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)
        self._ahead.begin()

    def typed_ahead(self, event: events.Key) -> bool:
        """Take a key that was typed before the input had the focus: over a slow line they come together."""
        return self.display and self._ahead.take(event, self.query_one(Input))

    def close(self) -> None:
        """Hide it."""
        self.display = False
        self.kind = ""
        self.screen.set_focus(None)
