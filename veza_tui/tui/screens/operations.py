"""History of operations: what ran, who started it, how it ended."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult

from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.operation import WORDS, history_cells
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.operation import OperationScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

COLUMNS = (
    Column("when", "WHEN", 5, comfortable=5),
    Column("kind", "WHAT", 6, comfortable=8),
    Column("environment", "WHERE", 8),
    Column("state", "OUTCOME", 6, comfortable=10),
    Column("took", "TOOK", 5, drop=2, align="right"),
    Column("user", "WHO", 4, drop=1),
    Column("reason", "WHY", 10, flexible=True),
)
SHOWN = 300


class OperationsScreen(VezaScreen):
    """Enter opens one."""

    title_name = "operations"
    offers = frozenset(("open",))

    def __init__(self, service: OperationsService) -> None:
        super().__init__()
        self._service = service
        self._history: list[OperationStatus] = []
        self._loaded = False

    def body(self) -> ComposeResult:
        """A heading and the list."""
        yield Sheet(self.veza.painter, id="title", fixed=3)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """Read the journals."""
        super().on_mount()
        self.table.focus()

    def on_screen_resume(self) -> None:
        """They may have moved meanwhile."""
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        self._history = (await asyncio.to_thread(self._service.history))[:SHOWN]
        self._loaded = True
        if self.is_mounted:
            self.repaint()

    def paint(self) -> None:
        """The list."""
        note: Line = (Span("of all environments, newest first; they run on whether you look or not", "dim"),)
        cells = self.size.width
        lines = [EMPTY, heading("OPERATIONS", note, cells, self.veza.glyphs), self.table.heading((), cells)]
        self.query_one("#title", Sheet).set_lines(lines)
        if self._loaded and not self._history:
            self.table.set_empty([(Span("   No operation yet. D deploys, B backs up, R restores.", "dim"),)])
        now = self.veza.services.clock.now()
        self.table.show([self._row(status, now) for status in self._history])

    def _row(self, status: OperationStatus, now: float) -> Row:
        glyphs = self.veza.glyphs
        sign = {
            OperationState.DONE: glyphs.ok,
            OperationState.FAILED: glyphs.failed,
            OperationState.INTERRUPTED: glyphs.failed,
            OperationState.ROLLED_BACK: glyphs.degraded,
            OperationState.CANCELLED: glyphs.dash,
        }.get(status.state, glyphs.progressing)
        return Row(status.id, Span(sign, WORDS[status.state][1]), history_cells(status, now))

    @property
    def chosen(self) -> OperationStatus | None:
        """The operation under the cursor."""
        return next((s for s in self._history if s.id == self.table.cursor), None)

    async def open_selected(self, at: Situation) -> None:
        """Its page."""
        if self.chosen is not None:
            self.veza.push_screen(OperationScreen(self._service, self.chosen.id))

    def copy_text(self, at: Situation) -> str:
        """The operation's id."""
        return self.table.cursor

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        self.veza.do("open")
