"""Exercises: start an incident and practise, stop it again."""

from __future__ import annotations

from textual.app import ComposeResult

from veza_tui.model.errors import VezaError
from veza_tui.tui.actions import Situation
from veza_tui.tui.exercises import Exercise, list_exercises, switch
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

COLUMNS = (
    Column("name", "NAME", 12, comfortable=12),
    Column("state", "STATE", 3, comfortable=5),
    Column("environment", "WHERE", 8, drop=1),
    Column("title", "WHAT HAPPENS", 20, flexible=True),
)
WIDE = 110
"""Cells from which what happens stands in a column of its own."""


class ExercisesScreen(VezaScreen):
    """Enter starts the incident under the cursor, or stops it."""

    title_name = "exercises"
    offers = frozenset(("open",))

    def __init__(self) -> None:
        super().__init__()
        self._exercises: list[Exercise] = []
        self._busy = ""

    def body(self) -> ComposeResult:
        """A heading and the list."""
        yield Sheet(self.veza.painter, id="title", fixed=2)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)

    def on_mount(self) -> None:
        """Ask what is on offer."""
        super().on_mount()
        self.query_one(Table).focus()
        self.veza.spawn(self._load())

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    async def _load(self) -> None:
        self._exercises = await list_exercises()
        self.paint()

    def paint(self) -> None:
        """What is on offer and what is on."""
        note: Line = (Span("enter starts one, or stops it", "dim"),)
        lines = [EMPTY, heading("EXERCISES", note, self.size.width, self.veza.glyphs)]
        self.query_one("#title", Sheet).set_lines(lines)
        # Where a sentence would be cut it stands below its name.
        wide = self.size.width >= WIDE
        self.table.set_columns(COLUMNS if wide else COLUMNS[:-1])
        self.table.show([self._row(exercise, wide=wide) for exercise in self._exercises])

    def _row(self, exercise: Exercise, *, wide: bool) -> Row:
        on = exercise.active
        state = "..." if self._busy == exercise.name else "on" if on else "off"
        title = Span(clean(exercise.title, 200), "text" if wide else "dim")
        return Row(
            exercise.name,
            Span(self.veza.glyphs.degraded if on else self.veza.glyphs.gap, "warn" if on else "faint"),
            (
                Span(clean(exercise.name, 40), "strong" if on else "text"),
                Span(state, "warn" if on else "dim"),
                Span(clean(exercise.environment, 40), "dim"),
                *((title,) if wide else ()),
            ),
            () if wide else ((title,),),
        )

    async def open_selected(self, at: Situation) -> None:
        """Switch the one under the cursor."""
        chosen = next((e for e in self._exercises if e.name == self.table.cursor), None)
        if chosen is None or self._busy:
            return
        self._busy = chosen.name
        self.paint()
        try:
            self.veza.tell(await switch(chosen))
        except VezaError as error:
            self.veza.tell(str(error), bad=True)
        finally:
            self._busy = ""
            if self.is_mounted:
                await self._load()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click switches."""
        event.stop()
        self.veza.do("open")
