"""History of operations: what ran, who started it, how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.ages import local_zone
from veza_tui.tui.presentation.operation import WORDS, history_cells
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Line, Span
from veza_tui.tui.screens.listing import ListScreen
from veza_tui.tui.screens.operation import OperationScreen

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


class OperationsScreen(ListScreen[OperationStatus]):
    """Enter opens one."""

    title_name = "operations"
    offers = frozenset(("open",))
    columns = COLUMNS
    list_title = "OPERATIONS"
    nothing = "No operation yet. D deploys, B backs up, R restores."

    def __init__(self, service: OperationsService) -> None:
        super().__init__()
        self._service = service

    async def fetch(self) -> Sequence[OperationStatus]:
        """Read the journals."""
        return (await asyncio.to_thread(self._service.history))[:SHOWN]

    def key(self, item: OperationStatus) -> str:
        """The operation's id."""
        return item.id

    def note(self) -> Line:
        """Which ones."""
        return (Span("of all environments; they run on whether you look or not", "dim"),)

    def right(self) -> Line:
        """The zone of the times below."""
        return (Span(local_zone(), "dim"),)

    def row(self, item: OperationStatus, now: float) -> Row:
        """How it ended, and why."""
        glyphs = self.veza.glyphs
        sign = {
            OperationState.DONE: glyphs.ok,
            OperationState.FAILED: glyphs.failed,
            OperationState.INTERRUPTED: glyphs.failed,
            OperationState.ROLLED_BACK: glyphs.degraded,
            OperationState.CANCELLED: glyphs.dash,
        }.get(item.state, glyphs.progressing)
        return Row(item.id, Span(sign, WORDS[item.state][1]), history_cells(item, now))

    async def open_selected(self, at: Situation) -> None:
        """Its page."""
        if self.chosen is not None:
            self.veza.push_screen(OperationScreen(self._service, self.chosen.id))
