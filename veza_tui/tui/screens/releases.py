"""Releases of an environment: who, when, why, which images; what the one under the cursor changed."""

from __future__ import annotations

import dataclasses
from functools import lru_cache

from textual.app import ComposeResult

from veza_tui.model.environment import Environment
from veza_tui.model.errors import VezaError
from veza_tui.model.release import Release
from veza_tui.operations.context import PlanContext
from veza_tui.operations.deploy.compare import compare_releases
from veza_tui.operations.deploy.releases import list_releases
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.releases import COLUMNS, difference_lines, release_row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table


class ReleasesScreen(VezaScreen):
    """u goes back to the one under the cursor."""

    title_name = "releases"

    def __init__(self, service: OperationsService, environment: Environment) -> None:
        super().__init__()
        self._service = service
        self.environment = environment
        self.releases: list[Release] = []
        self._loaded = False
        self._error = ""
        self._compare = lru_cache(64)(self._difference)

    def body(self) -> ComposeResult:
        """The list above, what changed below."""
        yield Sheet(self.veza.painter, id="title", fixed=3)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)
        yield Sheet(self.veza.painter, id="changes")

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """The list has the focus."""
        super().on_mount()
        self.table.focus()

    def on_screen_resume(self) -> None:
        """There may be new ones."""
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        async def look(context: PlanContext) -> list[Release]:
            return await list_releases(context.cluster, context.environment.kubernetes.namespace)

        try:
            self.releases = await self._service.with_context(self.environment.name, look)
            self._error = ""
        except VezaError as error:
            self._error = str(error)
        self._loaded = True
        self._compare.cache_clear()
        if self.is_mounted:
            self.repaint()

    @property
    def chosen(self) -> Release | None:
        """The release under the cursor."""
        return next((r for r in self.releases if str(r.number) == self.table.cursor), None)

    def _difference(self, number: int, cells: int) -> list[Line]:
        at = next(i for i, r in enumerate(self.releases) if r.number == number)
        release, before = self.releases[at], self.releases[at + 1] if at + 1 < len(self.releases) else None
        changes, gone = compare_releases(before, release) if before else ([], [])
        return difference_lines(release, before, changes, gone, cells, self.veza.glyphs)

    def paint(self) -> None:
        """Both halves."""
        now, cells, rows, glyphs = (
            self.veza.services.clock.now(),
            self.size.width,
            max(8, self.size.height - 2),
            self.veza.glyphs,
        )
        note: Line = (Span(clean(f"of {self.environment.name}, newest first", 80), "dim"),)
        self.query_one("#title", Sheet).set_lines(
            [EMPTY, heading("RELEASES", note, cells, glyphs), self.table.heading((), cells)]
        )
        if self._error:
            self.table.set_empty([(Span(f"   {clean(self._error, 300)}", "bad"),)])
        elif self._loaded and not self.releases:
            self.table.set_empty([(Span("   No release yet. D deploys, and makes the first.", "dim"),)])
        self.table.show([release_row(r, now, glyphs) for r in self.releases])
        chosen = self.chosen
        lines = self._compare(chosen.number, cells) if chosen else []
        self.query_one("#changes", Sheet).set_lines(lines[: max(3, rows // 2)])

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another one is under the cursor."""
        event.stop()
        self.repaint()

    def situation(self) -> Situation:
        """With the chosen release."""
        return dataclasses.replace(super().situation(), state=str(self.chosen.number) if self.chosen else "")

    def copy_text(self, at: Situation) -> str:
        """The release's number."""
        return self.table.cursor
