"""``H``: each check with its last 24 hours, and the chosen one in full."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from veza_tui.feeds.history import HealthStore, Sample, merged
from veza_tui.model.view import HealthRow
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.ages import local_zone
from veza_tui.tui.presentation.health_page import COLUMNS, check_lines, check_row
from veza_tui.tui.presentation.spans import EMPTY, Span, clean, counted
from veza_tui.tui.screens.look import LookScreen
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table


class HealthScreen(LookScreen):
    """Made of the live view and of the store, which is read once when the page is opened."""

    title_name = "health"
    offers = frozenset()

    def __init__(self, tab: EnvironmentTab, store: HealthStore | None) -> None:
        super().__init__(tab)
        self._store = store
        self._stored: dict[str, list[Sample]] = {}
        self._samples: dict[str, list[Sample]] = {}

    def content(self) -> ComposeResult:
        """Titles, checks, the chosen one."""
        yield Sheet(self.veza.painter, id="titles", fixed=1)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)
        with VerticalScroll(can_focus=False, id="chosen"):
            yield Sheet(self.veza.painter, id="page")

    @property
    def table(self) -> Table:
        """The checks."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """Read the day."""
        super().on_mount()
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        if self._store is not None:
            self._stored = await asyncio.to_thread(self._store.read, self.veza.services.clock.now())
        if self.is_mounted:
            self.paint()

    @property
    def chosen(self) -> HealthRow | None:
        """The check under the cursor."""
        return next((r for r in self.tab.view.health if r.name == self.table.cursor), None)

    def paint(self) -> None:
        """As it is now."""
        if not self.is_mounted or not self.size.width:
            return
        view, app, cells = self.tab.view, self.veza, self.size.width
        self._samples = merged(self._stored, view)
        self.paint_title(
            "HEALTH",
            (Span(counted(len(view.health), "check"), "text"),),
            (Span(f"24 hours {app.glyphs.dot} {local_zone()}", "dim"),),
        )
        rows = [check_row(r, self._samples.get(r.name, ()), app.tick, cells, app.glyphs) for r in view.health]
        self.table.styles.height = max(1, sum(row.height for row in rows))
        self.table.show(rows)
        self.query_one("#titles", Sheet).set_lines([self.table.heading((Span("  CHECK", "title"),), cells)])
        if not rows:
            self.table.set_empty([(Span(" Nothing is asked here.", "dim"),)])
        self._paint_chosen()

    def _paint_chosen(self) -> None:
        row, app = self.chosen, self.veza
        if row is None:
            self.query_one("#page", Sheet).set_lines([EMPTY])
            return
        samples = self._samples.get(row.name, ())
        lines = check_lines(row, samples, self.tab.environment, app.tick, max(20, self.size.width - 1), app.glyphs)
        self.query_one("#page", Sheet).set_lines(lines)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another one in full."""
        event.stop()
        self._paint_chosen()

    def move_page(self, pages: int) -> None:
        """The checks fit; what is below them scrolls."""
        page = self.query_one("#chosen", VerticalScroll)
        page.scroll_relative(y=pages * max(1, page.size.height - 1), animate=False)

    def copy_text(self, at: Situation) -> str:
        """What was asked and answered."""
        row = self.chosen
        return "" if row is None else clean(f"{row.name} {row.state}: {row.asked}: {row.answered}", 2000)
