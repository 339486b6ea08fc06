"""Every key that does something, made of the action table."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.keys import help_lines
from veza_tui.tui.presentation.spans import EMPTY, Line, Span
from veza_tui.tui.registry import available
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet


class HelpScreen(VezaScreen):
    """The help about the screen below it."""

    title_name = "help"

    def __init__(self, about: Situation) -> None:
        super().__init__()
        self._about = about

    def body(self) -> ComposeResult:
        """One sheet that scrolls."""
        with VerticalScroll(can_focus=False):
            yield Sheet(self.veza.painter, id="help")

    @property
    def scroller(self) -> Widget:
        """The help scrolls on small terminals."""
        return self.query_one(VerticalScroll)

    def paint(self) -> None:
        """The help and what the signs mean."""
        cells = max(20, self.size.width - 4)
        lines: list[Line] = [EMPTY, *((Span("  "), *line) for line in help_lines(available(), self._about, cells))]
        self.query_one("#help", Sheet).set_lines([*lines, (Span("  "), *legend(self))])


def legend(screen: VezaScreen) -> Line:
    """The states' glyphs, words and colours."""
    from veza_tui.model.workload import State
    from veza_tui.tui.presentation.glyphs import ROLES

    spans: list[Span] = []
    for state in (State.OK, State.PROGRESSING, State.DEGRADED, State.FAILED, State.UNKNOWN):
        spans += [Span(f"{screen.veza.glyphs.state(state)} {state.value}", ROLES[state]), Span("   ")]
    return tuple(spans)
