"""The whole output of one step of one operation."""

from __future__ import annotations

import asyncio

from textual.app import ComposeResult

from veza_tui.operations.outputs import step_output
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.output import output_rows
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.text_page import TextScreen
from veza_tui.tui.widgets.sheet import Sheet


class StepOutputScreen(TextScreen):
    """Read when it is opened; what a command said is kept with the operation."""

    def __init__(self, service: OperationsService, operation_id: str, step: str) -> None:
        super().__init__("output", self._rows)
        self._service = service
        self.operation_id = operation_id
        self.step = step
        self._said: list[str] = []
        self._loaded = False

    def body(self) -> ComposeResult:
        """A heading and the text."""
        yield Sheet(self.veza.painter, id="title", fixed=2)
        yield from super().body()

    def on_mount(self) -> None:
        """Read it."""
        super().on_mount()
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        files = self._service.store.open(self.operation_id)
        self._said = await asyncio.to_thread(step_output, files, self.step)
        self._loaded = True
        if self.is_mounted:
            self.repaint()

    def paint(self) -> None:
        """Heading and lines."""
        note = (Span(clean(f"{self.step} of {self.operation_id}", 120), "dim"),)
        self.query_one("#title", Sheet).set_lines([EMPTY, heading("OUTPUT", note, self.size.width, self.veza.glyphs)])
        super().paint()

    def _rows(self, cells: int) -> list[Line]:
        rows = [row for line in self._said for row in output_rows(line, cells - 1, most=60)]
        return rows if rows or not self._loaded else [(Span("   no output", "faint"),)]

    def reload(self) -> None:
        """ctrl-r."""
        self.veza.spawn(self._load())

    def copy_text(self, at: Situation) -> str:
        """All of it."""
        return "\n".join(self._said)
