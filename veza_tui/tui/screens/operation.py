"""One operation: steps, bars, the newest output; live while it runs, whoever started it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.timer import Timer
from textual.widget import Widget

from veza_tui.model.journal import OperationState, OperationStatus
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.operation import operation_lines
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet

TAIL = 200


class OperationScreen(VezaScreen):
    """Leaving it changes nothing: the operation runs in a process of its own."""

    title_name = "operation"

    def __init__(self, service: OperationsService, operation_id: str) -> None:
        super().__init__()
        self._service = service
        self.operation_id = operation_id
        self.status: OperationStatus | None = None
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._timer: Timer | None = None

    def body(self) -> ComposeResult:
        """One page that scrolls."""
        with VerticalScroll(can_focus=False):
            yield Sheet(self.veza.painter, id="page")

    @property
    def scroller(self) -> Widget:
        """The page."""
        return self.query_one(VerticalScroll)

    def on_mount(self) -> None:
        """Begin to watch."""
        super().on_mount()
        self.follow()

    def follow(self) -> None:
        """Watch (again, after a resume)."""
        self.veza.spawn(self._watch())
        if self._timer is None:
            # Durations move once a second while something runs, and never afterwards.
            self._timer = self.set_interval(1.0, self._second)

    def _second(self) -> None:
        if self.status is not None and not self._goes_on(self.status):
            if self._timer is not None:
                self._timer.stop()
                self._timer = None
            return
        if self.veza.screen is self:
            self.paint()

    def _goes_on(self, status: OperationStatus) -> bool:
        return not status.state.ended and status.state is not OperationState.INTERRUPTED

    async def _watch(self) -> None:
        async for status in self._service.watch(self.operation_id):
            if not self.is_attached:
                return
            self.status = status
            self._tail.clear()
            self._tail.extend(getattr(status, "tail", ()))
            self.repaint()

    def paint(self) -> None:
        """The page."""
        if self.status is None or not self.is_mounted:
            return
        cells, rows = max(30, self.size.width - 2), max(8, self.size.height - 2)
        now = self.veza.services.clock.now()
        lines = operation_lines(self.status, list(self._tail), now, cells, rows, self.veza.glyphs)
        self.query_one("#page", Sheet).set_lines(lines)

    def situation(self) -> Situation:
        """With the operation's state: only what is possible in it is offered."""
        status = self.status
        return replace(
            super().situation(), state=str(status.state) if status else "", kind=status.kind if status else ""
        )

    def copy_text(self, at: Situation) -> str:
        """The operation's id."""
        return self.operation_id

    def cancel(self) -> None:
        """``x``: at the next safe point; once more: cut the running step off."""
        if self.status is not None:
            force = self.status.state is OperationState.CANCELLING
            self._service.cancel(self.operation_id, force=force)
