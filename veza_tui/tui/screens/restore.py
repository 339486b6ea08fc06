"""The guided restore: one decision a page, nothing touched before the last word."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget

from veza_tui.model.catalogue import BackupRecord, proposable
from veza_tui.model.environment import Environment
from veza_tui.model.release import Release
from veza_tui.model.restore import propose, proven_instead
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.restore.plan import Looked
from veza_tui.operations.restore.request import RestoreRequest
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.backups import COLUMNS, backup_row
from veza_tui.tui.presentation.restore import (
    CHOICES,
    HINT_LINE,
    Choices,
    Page,
    backup_note,
    check_page,
    how_rows,
    moment_line,
    part_rows,
    stepper,
    when_rows,
)
from veza_tui.tui.presentation.restore_details import Seen, page_details
from veza_tui.tui.presentation.rows import Row
from veza_tui.tui.presentation.spans import Span
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.halves import Halves, show_halves
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

HEAD = 6
"""Lines of the question above the answers."""


class RestoreScreen(VezaScreen):
    """Enter goes on, escape goes back a page, space switches."""

    title_name = "restore"
    offers = frozenset(("open",))

    def __init__(self, environment: Environment, catalogue: Catalogue, releases: list[Release], backup: str) -> None:
        super().__init__()
        self.environment = environment
        self._catalogue = catalogue
        self._releases = releases
        self._records: list[BackupRecord] = []
        self._proposable: list[tuple[str, float, bool]] = []
        self._read = False
        self._looked: Looked | None = None
        self._first = Page.PARTS if backup else Page.WHEN
        self.page = self._first
        self._over = False
        self.choices = Choices(backup=backup, scale=environment.backup.drain == "scale")

    def body(self) -> ComposeResult:
        """The question above; below it a list of answers, or a page to read."""
        yield Sheet(self.veza.painter, id="title", fixed=HEAD)
        with Horizontal(id="halves"):
            with Vertical():
                yield Table(CHOICES, self.veza.painter, self.veza.glyphs, id="choices")
                yield Table(COLUMNS, self.veza.painter, self.veza.glyphs, id="backups")
                with VerticalScroll(can_focus=False, id="reading"):
                    yield Sheet(self.veza.painter, id="page")
            yield Sheet(self.veza.painter, id="aside")
        yield Sheet(self.veza.painter, id="below")

    @property
    def table(self) -> Table | None:
        """The answers of this page."""
        if self.page is Page.CHECKS:
            return None
        return self.query_one("#backups" if self.page is Page.BACKUP else "#choices", Table)

    @property
    def scroller(self) -> Widget:
        """The page to read."""
        return self.query_one("#reading")

    def on_mount(self) -> None:
        """Read the catalogue."""
        super().on_mount()
        self._turn(self.page)
        self.veza.spawn(self._load())

    def on_screen_resume(self) -> None:
        """Back from the operation: on to where the restore was opened from."""
        super().on_screen_resume()
        if self._over:
            self.call_later(self._leave)

    def _leave(self) -> None:
        # What dismiss returns must not be awaited by the screen's own handler: Textual would end the program.
        self.dismiss()

    async def _load(self) -> None:
        records = await asyncio.to_thread(self._catalogue.records, self.environment.name)
        self._records, self._read = [r for r in records if not r.problem], True
        self._proposable = proposable(self._records)
        if self.is_mounted:
            self._turn(self.page)

    @property
    def record(self) -> BackupRecord | None:
        """The chosen backup."""
        return next((r for r in self._records if r.name == self.choices.backup), None)

    def _turn(self, page: Page) -> None:
        self.page = page
        for name, shown in (("choices", page in (Page.WHEN, Page.PARTS, Page.HOW)), ("backups", page is Page.BACKUP),
                            ("reading", page is Page.CHECKS)):  # fmt: skip
            self.query_one(f"#{name}").display = shown
        self.repaint()
        if self.table is not None:
            self.table.focus()
            self.table.forget_widths()
            first = self.table.rows[0].key if self.table.rows else ""
            # The cursor is on what enter does, not on a switch that it would turn by mistake.
            self.table.put_on({Page.BACKUP: self._proposed(), Page.HOW: "go"}.get(page, first))

    def _proposed(self) -> str:
        return propose(self._proposable, self._until) or ""

    @property
    def _until(self) -> float:
        return self.veza.services.clock.now() if self.choices.moment is None else self.choices.moment

    def _proposed_row(self, record: BackupRecord, now: float) -> Row:
        instead, older = proven_instead(self._proposable, self._until)
        row = backup_row(record, now, self.veza.glyphs)
        note = backup_note(record, now, proposed=True, older=older if instead else None)
        return Row(row.key, Span(self.veza.glyphs.arrow, "key"), row.cells, (note,))

    def paint(self) -> None:
        """This page."""
        if not self.is_mounted:
            return
        glyphs, cells, now = self.veza.glyphs, self.size.width, self.veza.services.clock.now()
        head = stepper(self.page, self.environment.name, glyphs, cells)
        self.query_one("#title", Sheet).set_lines(head)
        if self.page is Page.CHECKS:
            looked = self._looked
            lines = (
                check_page(looked.checks, looked.losses, looked.minutes_lost, self.halves.left - 2, glyphs,
                           full=not self.halves.beside)
                if looked
                else [(Span("  looking at the backup and at the server …", "dim"),)]
            )  # fmt: skip
            self.query_one("#page", Sheet).set_lines(lines)
            self.paint_details()
            return
        table = self.table
        assert table is not None
        rows = self._rows(now)
        if not rows and self.page is Page.BACKUP:
            table.set_empty([(Span("   There is no backup that can be used.", "warn"),)])
        table.show(rows)
        if self.page is Page.BACKUP and self.choices.moment is not None:
            head[HINT_LINE] = moment_line(self.choices.moment, self._proposed(), cells)
            self.query_one("#title", Sheet).set_lines(head)
        if self.page is Page.BACKUP and rows and table.content_cells:
            # Its columns are as wide as their cells: known from here on.
            head[-1] = table.heading((Span("  BACKUP", "title"),), self.halves.left)
            self.query_one("#title", Sheet).set_lines(head)
        self.paint_details()

    @property
    def halves(self) -> Halves:
        """How the screen is shared between the answers and what they lead to."""
        used = self.table.total if self.table is not None else self.size.height  # the checks need it all
        # Where all tables are offered, a small terminal is theirs first.
        least = 0 if self.table is None or self.page is Page.PARTS else None
        return Halves.of(self.size, used, head=HEAD, least=least)

    def paint_details(self) -> None:
        """The backup that the answer under the cursor leads to, or what has been decided."""
        halves, now, glyphs = self.halves, self.veza.services.clock.now(), self.veza.glyphs
        key, records = self.table.cursor if self.table is not None else "", self._records if self._read else None
        seen = Seen(self.page, key, self.choices, records, self._releases, self._looked)
        lines = page_details(seen, now, halves.right, halves.rows, glyphs, beside=halves.beside) if halves.rows else ()
        show_halves(self, halves, lines)

    def _rows(self, now: float) -> list[Row]:
        glyphs = self.veza.glyphs
        if self.page is Page.WHEN:
            return when_rows(self._releases, now, glyphs)
        if self.page is Page.BACKUP:
            proposed = self._proposed()
            return [
                backup_row(record, now, glyphs) if record.name != proposed else self._proposed_row(record, now)
                for record in self._records
            ]
        if self.page is Page.PARTS:
            return part_rows(self.record, self.choices, glyphs) if self.record else []
        return how_rows(self.choices, len(self.environment.services), glyphs)

    # --- keys ----------------------------------------------------------------------------------------------------

    def back(self) -> bool:
        """A page back; from the first page the screen closes."""
        if self.page <= self._first:
            return False
        self._turn(Page(self.page - 1))
        return True

    def situation(self) -> Situation:
        """With the key under the cursor: only some lines can be switched."""
        key = self.table.cursor if self.table is not None else ""
        return replace(super().situation(), state=key)

    def on_table_laid(self, event: Table.Laid) -> None:
        """A list that was hidden has its width, and its titles their places, only after a layout."""
        event.stop()
        self.paint()

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another line: the hints may differ."""
        event.stop()
        self.paint_frame()
        self.paint_details()

    def switch(self) -> None:
        """Space: the line under the cursor on or off."""
        key = self.table.cursor if self.table is not None else ""
        self.choices.switch(key)
        self.paint()

    async def open_selected(self, at: Situation) -> None:
        """Enter: on to the next decision."""
        key = self.table.cursor if self.table is not None else ""
        if self.page is Page.WHEN:
            await self._when(key)
        elif self.page is Page.BACKUP and key:
            self.choices.backup = key
            self._turn(Page.PARTS)
        elif self.page is Page.PARTS:
            if not self.choices.parts:
                self.veza.tell("choose at least one part: space switches it on")
                return
            self._looked = None
            self._turn(Page.CHECKS)
            await self._look()
        elif self.page is Page.CHECKS and self._looked is not None:
            bad = [c for c in self._looked.checks if c.ok is False]
            if bad:
                self.veza.tell(f"{bad[0].name}: {bad[0].detail}", bad=True)
                return
            self._turn(Page.HOW)
        elif self.page is Page.HOW:
            from veza_tui.tui.restore import run_restore

            # Whoever comes back from the running operation has nothing left to decide here.
            self._over = bool(await run_restore(self.veza, self.environment, self.request()))

    async def _when(self, key: str) -> None:
        from veza_tui.tui.restore import ask_moment

        said, self.choices.moment = await ask_moment(self.veza, key, self._releases)
        if said:
            self._turn(Page.BACKUP)

    async def _look(self) -> None:
        from veza_tui.tui.restore import look_at

        self._looked = await look_at(self.veza, self.environment, self.request())
        self.paint()

    def request(self) -> RestoreRequest:
        """What has been decided."""
        choices = self.choices
        taken = choices.backup == self._proposed()
        instead, older = proven_instead(self._proposable, self._until) if taken else ("", 0.0)
        return RestoreRequest(
            backup=choices.backup,
            parts=frozenset(choices.parts),
            tables=tuple(sorted(choices.tables)),
            drain="scale" if choices.scale else "none",
            flush_cache=choices.flush_cache,
            moment=choices.moment,
            instead=instead,
            instead_older=older,
            guided=True,
        )

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click goes on."""
        event.stop()
        self.veza.do("open")
