"""A screen that is a heading over one list: read, shown, the row under the cursor opened, and told whole beside it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from veza_tui.model.errors import VezaError
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean, clip
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.halves import Halves, show_halves
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

Item = TypeVar("Item")


class ListScreen(VezaScreen, Generic[Item]):
    """A room says how its list is read (``fetch``), which key a row has and how it looks; the rest is here."""

    columns: ClassVar[Sequence[Column]] = ()
    list_title: ClassVar[str] = ""
    """The word of the heading."""
    nothing: ClassVar[str] = ""
    """What stands there once it is known that the list is empty."""
    head_rows: ClassVar[int] = 3
    """Lines over the rows: an empty one, the heading, the columns' titles, and what ``below_heading`` adds."""
    detailed: ClassVar[bool] = False
    """Whether the row under the cursor is told whole: beside the list where it is wide, else below it."""
    look_seconds: ClassVar[float] = 0.0
    """Seconds between two readings while it is in front; 0 reads it only when it comes there."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Item] = []
        self.loaded = False
        self.error = ""

    # --- what a room says ----------------------------------------------------------------------------------------

    @abstractmethod
    def key(self, item: Item) -> str:
        """What the cursor holds on to."""

    @abstractmethod
    def row(self, item: Item, now: float) -> Row:
        """How an item looks."""

    async def fetch(self) -> Sequence[Item]:
        """Read the list; a VezaError is shown in its place."""
        return self.items

    def look_again(self) -> bool:
        """Whether the list is read anew after ``look_seconds``."""
        return True

    def note(self) -> Line:
        """Behind the heading's word."""
        return ()

    def right(self) -> Line:
        """At the heading's right edge."""
        return ()

    def label(self) -> Line:
        """Over the first column; its title unless a room says otherwise."""
        return (Span(f"  {self.columns[0].title}", "title"),)

    def below_heading(self) -> Sequence[Line]:
        """Further lines between the heading and the columns' titles (count them in ``head_rows``)."""
        return ()

    def more(self) -> Sequence[Widget]:
        """Widgets under the list."""
        return ()

    def details(self, item: Item, now: float, cells: int, rows: int) -> Sequence[Line]:
        """All of an item, the heading first, what matters most above: it is cut after ``rows``."""
        return ()

    # --- the list ------------------------------------------------------------------------------------------------

    def body(self) -> ComposeResult:
        """A heading and the list, and the one under the cursor."""
        with Horizontal(id="halves"):
            with Vertical():
                yield Sheet(self.veza.painter, id="title", fixed=self.head_rows)
                yield Table(self.columns, self.veza.painter, self.veza.glyphs)
                yield from self.more()
            yield Sheet(self.veza.painter, id="aside")
        yield Sheet(self.veza.painter, id="below")

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    @property
    def chosen(self) -> Item | None:
        """What is under the cursor."""
        return next((item for item in self.items if self.key(item) == self.table.cursor), None)

    def on_mount(self) -> None:
        """The list has the focus."""
        super().on_mount()
        self.table.focus()
        if self.look_seconds:
            self.set_interval(self.look_seconds, self._again)

    def _again(self) -> None:
        if self.veza.screen is self and self.look_again():
            self.load()

    def on_screen_resume(self) -> None:
        """It may have changed meanwhile."""
        self.load()

    def reload(self) -> None:
        """ctrl-r."""
        self.load()

    def load(self) -> None:
        """Read it again."""
        self.veza.spawn(self._load())

    async def _load(self) -> None:
        try:
            self.items = list(await self.fetch())
            self.error = ""
        except VezaError as error:
            self.error = str(error)
        self.loaded = True
        if self.is_mounted:
            self.repaint()

    @property
    def halves(self) -> Halves:
        """How the screen is shared between the list and the one under the cursor."""
        used = self.head_rows + sum(row.height for row in self.table.rows)
        return Halves.of(self.size, used, detailed=self.detailed and bool(self.items))

    def paint(self) -> None:
        """Heading, rows, and the one under the cursor."""
        cells, now = self.halves.left, self.veza.services.clock.now()
        note, right = self.note(), self.right()
        if self.error and self.items:
            # What was read before stays, and is not taken for new.
            note, right = (Span(f"not read again: {clean(self.error, 300)}", "bad"),), ()
        head = clip(heading(self.list_title, note, cells, self.veza.glyphs, right=right), cells)
        titles = self.table.heading(self.label(), cells)
        self.query_one("#title", Sheet).set_lines([EMPTY, head, *self.below_heading(), titles])
        if self.error:
            self.table.set_empty([(Span(f"   {part}", "bad"),) for part in wrapped(self.error, cells - 6)])
        elif not self.loaded:
            self.table.set_empty([(Span("   reading …", "dim"),)])
        elif not self.items:
            self.table.set_empty([(Span(f"   {self.nothing}", "dim"),)])
        self.table.show([self.row(item, now) for item in self.items])
        self.paint_details()

    def paint_details(self) -> None:
        """The one under the cursor."""
        halves, chosen = self.halves, self.chosen
        now = self.veza.services.clock.now()
        # Beside the list both headings stand in one line, below the empty one.
        lead = [EMPTY] if halves.beside else []
        lines: Sequence[Line] = ()
        if chosen is not None and halves.rows:
            lines = self.details(chosen, now, halves.right, halves.rows - len(lead))
        show_halves(self, halves, [*lead, *lines])

    def situation(self) -> Situation:
        """With the key under the cursor; without a row nothing is opened."""
        at, key = super().situation(), self.table.cursor
        return replace(at, state=key, offers=at.offers if key else at.offers - {"open"})

    def copy_text(self, at: Situation) -> str:
        """The key of the row under the cursor."""
        return self.table.cursor

    def on_table_moved(self, event: Table.Moved) -> None:
        """Another row: the hints may differ."""
        event.stop()
        self.paint_frame()
        self.paint_details()

    def on_table_laid(self, event: Table.Laid) -> None:
        """Its width has changed, and with it where its titles stand."""
        event.stop()
        if self.detailed:
            self.paint()

    def on_table_chosen(self, event: Table.Chosen) -> None:
        """A second click opens."""
        event.stop()
        if "open" in self.offers:
            self.veza.do("open")
