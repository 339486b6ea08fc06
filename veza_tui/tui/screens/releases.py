"""Releases of an environment: who, when, why, which images; what the one under the cursor changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from textual.widget import Widget

from veza_tui.model.environment import Environment
from veza_tui.model.release import Release
from veza_tui.operations.context import PlanContext
from veza_tui.operations.deploy.compare import compare_releases
from veza_tui.operations.deploy.releases import list_releases
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.ages import local_zone
from veza_tui.tui.presentation.releases import COLUMNS, difference_lines, release_row
from veza_tui.tui.presentation.rows import Row
from veza_tui.tui.presentation.spans import Line, Span, clean
from veza_tui.tui.screens.listing import ListScreen
from veza_tui.tui.screens.text_page import TextScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table


class ReleasesScreen(ListScreen[Release]):
    """u goes back to the one under the cursor; space marks the one that the others are compared with."""

    title_name = "releases"
    offers = frozenset(("open",))
    columns = COLUMNS
    list_title = "RELEASES"
    nothing = "No release yet. D deploys, and makes the first."

    def __init__(self, service: OperationsService, environment: Environment) -> None:
        super().__init__()
        self._service = service
        self.environment = environment
        self._compare = lru_cache(64)(self._difference)
        self.marked = 0
        """Number of the release that the one under the cursor is compared with; 0: the one before it."""

    def more(self) -> Sequence[Widget]:
        """What changed, below the list."""
        return (Sheet(self.veza.painter, id="changes"),)

    async def fetch(self) -> Sequence[Release]:
        """Ask the cluster, which keeps them."""

        async def look(context: PlanContext) -> list[Release]:
            return await list_releases(context.cluster, context.environment.kubernetes.namespace)

        found = await self._service.with_context(self.environment.name, look)
        self._compare.cache_clear()
        return found

    def key(self, item: Release) -> str:
        """Its number."""
        return str(item.number)

    def note(self) -> Line:
        """Whose they are."""
        return (Span(clean(f"of {self.environment.name}, newest first", 80), "dim"),)

    def right(self) -> Line:
        """The zone of the times below."""
        return (Span(local_zone(), "dim"),)

    def row(self, item: Release, now: float) -> Row:
        """A release."""
        return release_row(item, now, self.veza.glyphs, marked=item.number == self.marked)

    def mark(self) -> None:
        """Compare with the release under the cursor from now on; the same one again: each with the one before it."""
        if self.chosen is not None:
            self.marked = 0 if self.marked == self.chosen.number else self.chosen.number
            self._compare.cache_clear()
            self.repaint()

    def _base(self, release: Release) -> Release | None:
        """What a release is compared with."""
        if self.marked and self.marked != release.number:
            return next((r for r in self.items if r.number == self.marked), None)
        at = self.items.index(release)
        return self.items[at + 1] if at + 1 < len(self.items) else None

    def _difference(self, number: int, cells: int) -> list[Line]:
        release = next(r for r in self.items if r.number == number)
        before = self._base(release)
        changes, gone = compare_releases(before, release) if before else ([], [])
        return difference_lines(release, before, changes, gone, cells, self.veza.glyphs)

    def paint(self) -> None:
        """Both halves."""
        super().paint()
        rows, chosen = max(8, self.size.height - 2), self.chosen
        lines = self._compare(chosen.number, self.size.width) if chosen else []
        room = max(3, rows // 2)
        if len(lines) > room:
            rest: Line = (Span(f"   enter shows all, {len(lines) - room + 1} more lines", "warn", "do:open"),)
            lines = [*lines[: room - 1], rest]
        self.query_one("#changes", Sheet).set_lines(lines)

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another one is under the cursor."""
        event.stop()
        self.repaint()

    async def open_selected(self, at: Situation) -> None:
        """All that differs, on a page that scrolls."""
        if self.chosen is not None:
            release = self.chosen
            self.veza.push_screen(TextScreen("changes", lambda cells: self._compare(release.number, cells)))
