"""One log line, whole: JSON spread out, the raw text below it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from veza_tui.feeds.logs.parse import level_of, pretty
from veza_tui.feeds.logs.visible import text_of
from veza_tui.model.log import Source, payload_of
from veza_tui.model.text import printable
from veza_tui.model.workload import PodRow
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.logs import LEVEL_ROLES, WORDS, clock_of, role_of, wrapped
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet

MOST = 64 << 10
"""Characters that are shown."""


class LogLineScreen(VezaScreen):
    """``c`` copies the raw line."""

    title_name = "log line"

    def __init__(self, line: bytes, source: Source, pod: PodRow | None) -> None:
        super().__init__()
        self._line = line
        self._text = text_of(payload_of(line))
        self._source = source
        self._pod = pod

    def body(self) -> ComposeResult:
        """One page that scrolls."""
        with VerticalScroll(can_focus=False):
            yield Sheet(self.veza.painter, id="page")

    @property
    def scroller(self) -> Widget:
        """The page."""
        return self.query_one(VerticalScroll)

    def paint(self) -> None:
        """Where and when, then the text."""
        if not self.is_mounted:
            return
        cells = max(20, self.size.width - 3)
        level = level_of(self._text)
        head: Line = (
            Span(f" {clock_of(self._line)}  ", "dim"),
            Span(f"{clean(self._source.pod, 80)}/{clean(self._source.container, 80)}  ", role_of(self._source)),
            Span(WORDS[level], LEVEL_ROLES[level]),
        )
        lines: list[Line] = [EMPTY, head, EMPTY]
        spread = pretty(self._text[:MOST])
        for text in spread:
            lines += [(Span(" "), *row) for row in _rows(text, cells)]
        if len(spread) > 1:
            lines += [EMPTY, (Span(" raw", "heading"),)]
            lines += [(Span(" "), *row) for row in _rows(self._text[:MOST], cells)]
        if len(self._text) > MOST:
            lines.append((Span(f" … {len(self._text) - MOST} characters more", "dim"),))
        self.query_one("#page", Sheet).set_lines(lines)

    def copy_text(self, at: Situation) -> str:
        """The raw line, printable."""
        return printable(self._text, limit=1 << 20)


def _rows(text: str, cells: int) -> list[Line]:
    shown = clean(text, MOST)
    out: list[Line] = []
    # ``wrapped`` stops after some rows: here all of them are wanted.
    for at in range(0, max(1, len(shown)), cells * 20):
        out += wrapped((Span(shown[at : at + cells * 20]),), cells)
    return out
