"""What waits for an approval: enter shows the plan and asks for one's word on it."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult

from veza_tui.model.errors import VezaError
from veza_tui.operations.approval import Ask
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.ages import calm_age
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

COLUMNS = (
    Column("what", "WHAT", 10, comfortable=20),
    Column("who", "ASKED BY", 6, comfortable=8),
    Column("needed", "NEEDS", 5),
    Column("left", "ENDS IN", 6, align="right"),
    Column("plan", "PLAN", 8, drop=2),
    Column("why", "WHY", 6, drop=1, flexible=True),
)
LOOK_SECONDS = 5.0


class ApprovalsScreen(VezaScreen):
    """Looked up again every few seconds while it is in front."""

    title_name = "approvals"
    offers = frozenset(("open",))

    def __init__(self, service: OperationsService) -> None:
        super().__init__()
        self._service = service
        self._asks: list[Ask] = []
        self._loaded = False
        self._error = ""

    def body(self) -> ComposeResult:
        """A heading and the list."""
        yield Sheet(self.veza.painter, id="title", fixed=3)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """Look, and go on looking."""
        super().on_mount()
        self.table.focus()
        self.set_interval(LOOK_SECONDS, self._again)

    def _again(self) -> None:
        if self.veza.screen is self:
            self.load()

    def on_screen_resume(self) -> None:
        """It may have changed."""
        self.load()

    def load(self) -> None:
        """Look again."""
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        try:
            self._asks = list(await self._service.waiting())
            self._error = ""
        except VezaError as error:
            self._error = str(error)
        self._loaded = True
        if self.is_mounted:
            self.repaint()

    @property
    def chosen(self) -> Ask | None:
        """What is under the cursor."""
        return next((a for a in self._asks if a.id == self.table.cursor), None)

    def paint(self) -> None:
        """The list."""
        cells, glyphs, now = self.size.width, self.veza.glyphs, self.veza.services.clock.now()
        note: Line = (Span("that others ask for; never one's own", "dim"),)
        self.query_one("#title", Sheet).set_lines(
            [EMPTY, heading("APPROVALS", note, cells, glyphs), self.table.heading((), cells)]
        )
        if self._error:
            self.table.set_empty([(Span(f"   {clean(self._error, 300)}", "bad"),)])
        elif self._loaded and not self._asks:
            self.table.set_empty([(Span("   Nothing waits for an approval.", "dim"),)])
        self.table.show([self._row(ask, now) for ask in self._asks])

    def _row(self, ask: Ask, now: float) -> Row:
        left = ask.expires - now
        return Row(
            ask.id,
            Span(self.veza.glyphs.progressing, "warn"),
            (
                Span(clean(str(ask.plan.get("title", "")), 80), "strong"),
                Span(clean(ask.starter.label, 40)),
                Span(str(ask.needed), "dim"),
                Span(calm_age(left) if left > 0 else "expired", "dim" if left > 300 else "warn"),
                Span(ask.plan_hash[:12], "faint"),
                Span(clean(ask.reason, 200), "dim"),
            ),
        )

    def situation(self) -> Situation:
        """Whether something is under the cursor."""
        return replace(super().situation(), state="waiting" if self.chosen else "")

    async def open_selected(self, at: Situation) -> None:
        """The plan, and one's word."""
        from veza_tui.tui.deliver import approve

        if self.chosen is not None:
            await approve(self.veza, self.chosen)

    def copy_text(self, at: Situation) -> str:
        """The operation's id."""
        return self.table.cursor

    def on_table_moved(self, event: Table.Moved) -> None:
        """The hints may differ."""
        event.stop()
        self.paint_frame()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        self.veza.do("open")
