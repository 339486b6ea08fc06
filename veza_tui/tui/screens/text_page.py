"""Lines on a page that scrolls, made anew for each width."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widget import Widget

from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.spans import Line, plain
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.text import TextView


class TextScreen(VezaScreen):
    """``lines`` gives the page for a number of cells."""

    def __init__(self, name: str, lines: Callable[[int], Sequence[Line]]) -> None:
        super().__init__()
        self.title_name = name
        self._lines = lines

    def body(self) -> ComposeResult:
        """The text."""
        yield TextView(self.veza.painter, id="text")

    @property
    def scroller(self) -> Widget:
        """The text."""
        return self.query_one(TextView)

    def on_mount(self) -> None:
        """The text has the focus."""
        super().on_mount()
        self.scroller.focus()

    def paint(self) -> None:
        """The page."""
        self.query_one(TextView).set_lines(self._lines(max(30, self.size.width - 1)))

    def copy_text(self, at: Situation) -> str:
        """All of it."""
        return "\n".join(plain(line) for line in self._lines(200))
