"""The overview: the open environment's pane under the tab bar."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.spans import EMPTY, Span
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.pane import EnvironmentPane
from veza_tui.tui.widgets.filter import FilterLine
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table


class OverviewScreen(VezaScreen):
    """One pane an environment, mounted at its first opening; hidden panes do nothing."""

    title_name = "overview"
    offers = frozenset(("open", "filter"))

    def body(self) -> ComposeResult:
        """Before the workspace is read there is only a line that says so."""
        yield Sheet(self.veza.painter, id="opening")

    @property
    def pane(self) -> EnvironmentPane | None:
        """The pane in front."""
        tab = self.veza.tab
        return next((p for p in self.query(EnvironmentPane) if tab is not None and p.tab is tab), None)

    @property
    def table(self) -> Table | None:
        """The pods."""
        pane = self.pane
        return pane.table if pane is not None and pane.is_mounted else None

    def situation(self) -> Situation:
        """What actions would act on."""
        pane = self.pane
        return pane.situation() if pane is not None else super().situation()

    def edit_filter(self) -> None:
        """Filter the pods."""
        if self.pane is not None:
            self.pane.edit_filter()

    def typed_ahead(self, event: events.Key) -> bool:
        """What is typed right after ``/`` belongs into the filter: it may hold a ``D``."""
        pane = self.pane
        return pane is not None and pane.is_mounted and pane.query_one(FilterLine).typed_ahead(event)

    async def open_selected(self, at: Situation) -> None:
        """The pod under the cursor."""
        if at.pod is not None:
            from veza_tui.tui.screens.pod import PodScreen

            self.app.push_screen(PodScreen(at.pod))

    def back(self) -> bool:
        """Escape clears the filter and never leaves the overview."""
        if self.pane is not None:
            self.pane.end_filter()
        return True

    def paint(self) -> None:
        """The pane in front, or what keeps the workspace from being read."""
        if self.pane is not None:
            self.pane.paint()
            return
        error = self.veza.workspace_error
        words = Span(" Reading the workspace", "dim")
        lines = [EMPTY, (words,)]
        if error is not None:
            lines = [
                EMPTY,
                (Span(f" {self.veza.glyphs.failed} ", "bad"), Span(error.message, "strong")),
                (Span(f"   {self.veza.glyphs.todo} {error.hint or 'Put it right.'} ", "text"),),
                EMPTY,
                (Span("   ctrl-r", "key"), Span(" reads it again.", "dim")),
            ]
        for sheet in self.query("#opening").results(Sheet):
            sheet.set_lines(lines)

    async def show_active(self) -> None:
        """Bring the active tab's pane to the front."""
        tab = self.veza.tab
        if tab is None:
            return
        for old in self.query("#opening"):
            await old.remove()
        pane = self.pane
        for other in self.query(EnvironmentPane):
            other.display = other is pane
        if pane is None:
            pane = EnvironmentPane(tab)
            await self.query_one("#body").mount(pane)
        pane.table.focus()
        self.call_after_refresh(self.repaint)
        self.repaint()
