"""History of operations: what ran, who started it, how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textual.timer import Timer

from veza_tui.model.errors import VezaError
from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.ages import local_zone
from veza_tui.tui.presentation.operation import WORDS, history_cells, operation_details
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
    # Gives way to all others: it stands in full beside the list, or below it.
    Column("reason", "WHY", 6, flexible=True),
)
SHOWN = 300
OUTPUT = 40
"""Lines of output that are kept of an operation."""
REST = 0.15
"""Seconds that the cursor rests before a journal is read for it."""


class OperationsScreen(ListScreen[OperationStatus]):
    """Enter opens one."""

    title_name = "operations"
    offers = frozenset(("open",))
    columns = COLUMNS
    list_title = "OPERATIONS"
    nothing = "No operation yet. D deploys, B backs up, R restores."
    detailed = True
    look_seconds = 2.0

    def __init__(self, service: OperationsService) -> None:
        super().__init__()
        self._service = service
        self._tails: dict[tuple[str, OperationState], tuple[str, ...]] = {}
        self._reading: Timer | None = None

    async def fetch(self) -> Sequence[OperationStatus]:
        """Read the journals."""
        return await asyncio.to_thread(self._service.history, limit=SHOWN)

    def look_again(self) -> bool:
        """While one of them goes on."""
        return any(not item.state.ended and item.state is not OperationState.INTERRUPTED for item in self.items)

    def key(self, item: OperationStatus) -> str:
        """The operation's id."""
        return item.id

    def note(self) -> Line:
        """Which ones."""
        return (Span("of all environments; they go on when you leave", "dim"),)

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

    def details(self, item: OperationStatus, now: float, cells: int, rows: int) -> Sequence[Line]:
        """Its reason in full, its steps, and its output, which the list does not hold."""
        tail = self._tails.get((item.id, item.state), ())
        return operation_details(item, tail, now, cells, rows, self.veza.glyphs)

    def paint_details(self) -> None:
        """Where there is room for it, the output is read of the one that the cursor rests on."""
        super().paint_details()
        if self.halves.beside and self.chosen is not None and (self.chosen.id, self.chosen.state) not in self._tails:
            if self._reading is not None:
                self._reading.stop()
            self._reading = self.set_timer(REST, self._read)

    def _read(self) -> None:
        chosen = self.chosen if self.is_mounted else None
        if chosen is not None and (key := (chosen.id, chosen.state)) not in self._tails:
            self._tails[key] = ()  # once, however often it is painted meanwhile
            self.veza.spawn(self._read_output(key))

    async def _read_output(self, key: tuple[str, OperationState]) -> None:
        try:
            self._tails[key] = (await asyncio.to_thread(self._service.show, key[0])).tail[-OUTPUT:]
        except VezaError:
            return  # it was tidied away meanwhile
        if self.is_mounted:
            super().paint_details()

    async def open_selected(self, at: Situation) -> None:
        """Its page."""
        if self.chosen is not None:
            self.veza.push_screen(OperationScreen(self._service, self.chosen.id))
