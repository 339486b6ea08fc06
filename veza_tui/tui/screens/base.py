"""Every full screen: tab bar above, key hints below, and a body. Rooms derive their screens from this."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from veza_tui.tui.actions import Situation, table
from veza_tui.tui.presentation.keys import hints
from veza_tui.tui.presentation.spans import EMPTY, Line, Span
from veza_tui.tui.presentation.tabs import tab_bar
from veza_tui.tui.registry import available
from veza_tui.tui.widgets.present import Present
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

SMALLEST = (60, 14)
"""Columns and lines below which the screens say so instead of breaking."""


def bindings() -> Iterator[BindingType]:
    """The key bindings of every action: the table is the only place where a key is named."""
    for action in table():
        for key in action.keys:
            yield Binding(key, f"app.do('{action.id}', '{key}')", action.hint, show=False)


class VezaScreen(Present, Screen[None]):
    """A full screen. ``name`` is what ``Situation.screen`` says while it is in front."""

    BINDINGS: ClassVar[list[BindingType]] = []
    title_name = "overview"
    offers: frozenset[str] = frozenset()
    """Which of ``actions.OFFERED`` it does something with."""

    def __init__(self) -> None:
        super().__init__()
        self.veza = cast("VezaApp", self.app)
        # Made here and not with the class: a key map holds for the application that is running.
        for key, entries in BindingsMap(bindings()).key_to_bindings.items():
            self._bindings.key_to_bindings[key] = entries

    def compose(self) -> ComposeResult:
        """Tab bar, body, hints."""
        yield Sheet(self.veza.painter, id="tabs", fixed=1)
        with Vertical(id="body"):
            yield from self.body()
        yield Sheet(self.veza.painter, id="hints", fixed=1)
        yield Sheet(self.veza.painter, id="small")

    def body(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    # --- what a screen may say of itself -------------------------------------------------------------------------

    def situation(self) -> Situation:
        """What actions would act on."""
        return self.veza.situation(screen=self.title_name, offers=self.offers)

    @property
    def table(self) -> Table | None:
        """The list with the cursor, when there is one."""
        return None

    @property
    def scroller(self) -> Widget | None:
        """What scrolls when there is no list."""
        return None

    def back(self) -> bool:
        """Escape: True when the screen did something with it, else it is closed."""
        return False

    def edit_filter(self) -> None:
        """``/``."""
        self.veza.tell("there is no filter on this screen")

    async def open_selected(self, at: Situation) -> None:
        """Enter."""

    def copy_text(self, at: Situation) -> str:
        """What ``c`` copies; empty for nothing."""
        return at.pod.name if at.pod else ""

    def move(self, by: int) -> None:
        """Cursor, or scroll by lines."""
        if self.table is not None:
            self.table.move(by)
        elif self.scroller is not None:
            self.scroller.scroll_relative(y=by, animate=False)

    def move_page(self, pages: int) -> None:
        """Cursor, or scroll by pages."""
        if self.table is not None:
            self.table.move_page(pages)
        elif self.scroller is not None:
            self.scroller.scroll_relative(y=pages * max(1, self.scroller.size.height - 1), animate=False)

    def move_edge(self, *, first: bool) -> None:
        """To the beginning or the end."""
        if self.table is not None:
            self.table.move_first() if first else self.table.move_last()
        elif self.scroller is not None:
            self.scroller.scroll_home(animate=False) if first else self.scroller.scroll_end(animate=False)

    def reload(self) -> None:
        """ctrl-r: read again what is not followed."""

    def paint(self) -> None:
        """Something changed: show it. Costs nothing where nothing differs."""

    # --- frame ---------------------------------------------------------------------------------------------------

    def paint_frame(self) -> None:
        """Tab bar and hints."""
        if not self.is_mounted:
            return
        app, cells = self.veza, self.size.width
        faces = [tab.face(app.glyphs, active=i == app.active_index) for i, tab in enumerate(app.tabs)]
        self.query_one("#tabs", Sheet).set_lines([tab_bar(faces, app.services.user, cells, app.glyphs)])
        self.query_one("#hints", Sheet).set_lines([self.hint_line(cells)])

    def hint_line(self, cells: int) -> Line:
        """The footer."""
        return hints(available(), self.situation(), cells)

    def repaint(self) -> None:
        """Frame and body."""
        if not self.is_mounted:
            return
        columns, rows = self.size
        small = columns < SMALLEST[0] or rows < SMALLEST[1]
        self.set_class(small, "-small")
        if small:
            words = f" veza-tui needs {SMALLEST[0]}x{SMALLEST[1]}; this is {columns}x{rows}."
            self.query_one("#small", Sheet).set_lines(
                [EMPTY, (Span(words, "strong"),), (Span(" Make the terminal larger, or q to quit.", "dim"),)]
            )
            return
        self.paint_frame()
        self.paint()

    def on_mount(self) -> None:
        """Screens do more here; the first paint comes with the event that it is in front, a moment later."""

    def on_screen_resume(self) -> None:
        """It is in front, or again: it may be behind."""
        self.repaint()

    def on_resize(self) -> None:
        """The terminal changed."""
        self.call_after_refresh(self.repaint)

    def on_sheet_clicked(self, event: Sheet.Clicked) -> None:
        """A tab or a hint was clicked."""
        kind, _, target = event.target.partition(":")
        if kind == "tab":
            self.veza.activate(int(target))
        elif kind == "do":
            self.veza.do(target)
