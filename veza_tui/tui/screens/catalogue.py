"""The catalogue: backups of the environment, which of them are proven, held, damaged."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.environment import Environment
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.backup_details import backup_details
from veza_tui.tui.presentation.backups import COLUMNS, backup_row, objective_line, sizes_line
from veza_tui.tui.presentation.rows import Row
from veza_tui.tui.presentation.spans import Line, Span, clean
from veza_tui.tui.screens.listing import ListScreen


class CatalogueScreen(ListScreen[BackupRecord]):
    """Enter restores from the backup under the cursor; v proves it; H holds it or lets it go."""

    title_name = "catalogue"
    offers = frozenset(("open",))
    columns = COLUMNS
    list_title = "BACKUPS"
    nothing = "No backup yet. B on the overview makes one and proves it."
    head_rows = 4
    detailed = True

    def __init__(self, catalogue: Catalogue, environment: Environment) -> None:
        super().__init__()
        self.catalogue = catalogue
        self.environment = environment

    async def fetch(self) -> Sequence[BackupRecord]:
        """Read the catalogue."""
        return await asyncio.to_thread(self.catalogue.records, self.environment.name)

    def key(self, item: BackupRecord) -> str:
        """The backup's name."""
        return item.name

    def note(self) -> Line:
        """Whose, and where."""
        return (Span(clean(f"of {self.environment.name} in {self.catalogue.storage.label}", 200), "dim"),)

    def right(self) -> Line:
        """How they grow."""
        return sizes_line(self.items, 16, self.veza.glyphs)

    def below_heading(self) -> Sequence[Line]:
        """How young the newest proof is; a storage that does not answer says nothing about it."""
        now = self.veza.services.clock.now()
        known = self.loaded and (bool(self.items) or not self.error)
        return [(Span("  "), *(objective_line(self.environment, self.items, now) if known else ()))]

    def row(self, item: BackupRecord, now: float) -> Row:
        """A backup."""
        return backup_row(item, now, self.veza.glyphs)

    def details(self, item: BackupRecord, now: float, cells: int, rows: int) -> Sequence[Line]:
        """What `backups show` prints."""
        return backup_details(item, now, cells, rows, self.veza.glyphs)

    async def open_selected(self, at: Situation) -> None:
        """Restore from it, guided."""
        if self.chosen is not None:
            from veza_tui.tui.restore import open_restore

            await open_restore(self.veza, self.environment, self.chosen.name)
