"""What waits for an approval: enter shows the plan and asks for one's word on it."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.errors import VezaError
from veza_tui.operations.approval import Ask
from veza_tui.operations.approving import plan_of
from veza_tui.operations.service import OperationsService
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.ages import calm_age
from veza_tui.tui.presentation.approvals import ask_details
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Line, Span, clean
from veza_tui.tui.screens.listing import ListScreen

COLUMNS = (
    Column("what", "WHAT", 10, comfortable=20),
    Column("who", "ASKED BY", 6, comfortable=8),
    Column("needed", "NEEDS", 5),
    Column("left", "ENDS IN", 6, align="right"),
    Column("plan", "PLAN", 8, drop=2),
    Column("why", "WHY", 18, drop=1, flexible=True),
)


class ApprovalsScreen(ListScreen[Ask]):
    """Looked up again every few seconds while it is in front."""

    title_name = "approvals"
    offers = frozenset(("open",))
    columns = COLUMNS
    list_title = "APPROVALS"
    nothing = "Nothing waits for an approval."
    look_seconds = 5.0
    detailed = True

    def __init__(self, service: OperationsService) -> None:
        super().__init__()
        self._service = service

    async def fetch(self) -> Sequence[Ask]:
        """Everything that is asked for."""
        return await self._service.waiting()

    def key(self, item: Ask) -> str:
        """The operation's id."""
        return item.id

    def note(self) -> Line:
        """Whose they are."""
        return (Span("that others ask for; never one's own", "dim"),)

    def row(self, item: Ask, now: float) -> Row:
        """What is asked for, by whom, how long still."""
        left = item.expires - now
        return Row(
            item.id,
            Span(self.veza.glyphs.progressing, "warn"),
            (
                Span(clean(str(item.plan.get("title", "")), 80), "strong"),
                Span(clean(item.starter.label, 40)),
                Span(str(item.needed), "dim"),
                Span(calm_age(left) if left > 0 else "expired", "dim" if left > 300 else "warn"),
                Span(item.plan_hash[:12], "faint"),
                Span(clean(item.reason, 200), "dim"),
            ),
        )

    def details(self, item: Ask, now: float, cells: int, rows: int) -> Sequence[Line]:
        """Why, and what it would change."""
        try:
            plan = plan_of(item)
        except VezaError:
            plan = None
        return ask_details(item, plan, cells, self.veza.glyphs)

    async def open_selected(self, at: Situation) -> None:
        """The plan, and one's word."""
        from veza_tui.tui.deliver import approve

        if self.chosen is not None:
            await approve(self.veza, self.chosen)
