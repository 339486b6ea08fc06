"""The catalogue: backups of the environment, which of them are proven, held, damaged."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult

from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.environment import Environment
from veza_tui.model.errors import VezaError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.backups import COLUMNS, backup_row, objective_line, sizes_line
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table


class CatalogueScreen(VezaScreen):
    """Enter restores from the backup under the cursor; v proves it; H holds it or lets it go."""

    title_name = "catalogue"
    offers = frozenset(("open",))

    def __init__(self, catalogue: Catalogue, environment: Environment) -> None:
        super().__init__()
        self.catalogue = catalogue
        self.environment = environment
        self.records: list[BackupRecord] = []
        self._loaded = False
        self._error = ""

    def body(self) -> ComposeResult:
        """A heading, how young the newest proof is, the list."""
        yield Sheet(self.veza.painter, id="title", fixed=4)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """The list has the focus."""
        super().on_mount()
        self.table.focus()

    def on_screen_resume(self) -> None:
        """It may have changed meanwhile."""
        self.load()

    def load(self) -> None:
        """Read it again."""
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        try:
            self.records = await asyncio.to_thread(self.catalogue.records, self.environment.name)
            self._error = ""
        except VezaError as error:
            self._error = str(error)
        self._loaded = True
        if self.is_mounted:
            self.repaint()

    @property
    def chosen(self) -> BackupRecord | None:
        """The backup under the cursor."""
        return next((r for r in self.records if r.name == self.table.cursor), None)

    def paint(self) -> None:
        """Heading and rows."""
        now, cells, glyphs = self.veza.services.clock.now(), self.size.width, self.veza.glyphs
        where: Line = (Span(clean(f"of {self.environment.name} in {self.catalogue.storage.label}", 200), "dim"),)
        self.query_one("#title", Sheet).set_lines(
            [
                EMPTY,
                heading("BACKUPS", where, cells, glyphs, right=sizes_line(self.records, 16, glyphs)),
                (Span("  "), *(objective_line(self.environment, self.records, now) if self._loaded else ())),
                self.table.heading((Span("BACKUP", "title"),), cells),
            ]
        )
        if self._error:
            self.table.set_empty([(Span(f"   {clean(self._error, 300)}", "bad"),)])
        elif self._loaded and not self.records:
            self.table.set_empty([(Span("   No backup yet. B on the overview makes one and proves it.", "dim"),)])
        self.table.show([backup_row(record, now, glyphs) for record in self.records])

    def copy_text(self, at: Situation) -> str:
        """The backup's name."""
        return self.table.cursor

    async def open_selected(self, at: Situation) -> None:
        """Restore from it, guided."""
        if self.chosen is not None:
            from veza_tui.tui.restore import open_restore

            await open_restore(self.veza, self.environment, self.chosen.name)

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        self.veza.do("open")
