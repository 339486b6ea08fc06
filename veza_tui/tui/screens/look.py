"""What the screens that look closer share: where this is, a title, a body that is followed, and a filter."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.widget import Widget
from textual.widgets import Input

from veza_tui.ports.cluster import Cluster
from veza_tui.tui.presentation.identity import identity_line
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.state import EnvironmentTab
from veza_tui.tui.widgets.filter import FilterLine
from veza_tui.tui.widgets.sheet import Sheet


class LookScreen(VezaScreen):
    """One environment's, followed while it is open. ``filter`` is what was typed after ``/``."""

    offers = frozenset(("filter",))

    def __init__(self, tab: EnvironmentTab) -> None:
        super().__init__()
        self.tab = tab
        self.filter = ""

    @property
    def cluster(self) -> Cluster | None:
        """The environment's connection, once there is one."""
        return self.tab.feed.cluster

    def body(self) -> ComposeResult:
        """Identity, title, the screen's own, the filter's line."""
        yield Sheet(self.veza.painter, id="identity", fixed=1)
        yield Sheet(self.veza.painter, id="look-title", fixed=1)
        yield from self.content()
        yield FilterLine(self.veza.painter)

    def content(self) -> ComposeResult:
        """The screen's own widgets."""
        yield from ()

    def front(self) -> Widget | None:
        """What has the focus while nobody types."""
        return self.table or self.scroller

    def on_mount(self) -> None:
        """The body has the focus."""
        super().on_mount()
        widget = self.front()
        if widget is not None:
            widget.focus()

    def paint_title(self, title: str, note: Line, right: Line = EMPTY) -> None:
        """Identity and the heading over the body."""
        app, cells = self.veza, self.size.width
        line = identity_line(
            self.tab.environment,
            self.tab.view,
            read_only=app.services.read_only,
            monotonic=app.services.clock.monotonic(),
            cells=cells,
            glyphs=app.glyphs,
        )
        self.query_one("#identity", Sheet).set_lines([line])
        if self.filter:
            note = (*note, Span(f" {app.glyphs.dot} ", "faint"), Span(f"/{clean(self.filter, 30)}", "accent"))
        self.query_one("#look-title", Sheet).set_lines([heading(title, note, cells, app.glyphs, right=right)])

    # --- the filter ----------------------------------------------------------------------------------------------

    def edit_filter(self) -> None:
        """Open the filter's line."""
        self.query_one(FilterLine).open(self.filter)

    def typed_ahead(self, event: events.Key) -> bool:
        """What is typed right after ``/`` belongs into the filter."""
        return self.is_mounted and self.query_one(FilterLine).typed_ahead(event)

    def back(self) -> bool:
        """Escape clears the filter first."""
        line = self.query_one(FilterLine)
        if not line.display and not self.filter:
            return False
        line.close()
        self.filter = ""
        self.repaint()
        self._focus_front()
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        """Each key filters."""
        event.stop()
        self.filter = event.value.strip()
        self.paint()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        event.stop()
        self.query_one(FilterLine).close()
        self._focus_front()
        self.paint_frame()

    def _focus_front(self) -> None:
        widget = self.front()
        if widget is not None:
            widget.focus()
