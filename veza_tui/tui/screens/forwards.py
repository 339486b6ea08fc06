"""The list of forwards: state, connections, bytes, last error, live; nothing is sent while nothing changes."""

from __future__ import annotations

from textual.app import ComposeResult

from veza_tui.model.forward import ForwardStatus
from veza_tui.operations.forward.registry import Forwards
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.forwards import COLUMNS, forward_row
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

LOOK = 1.0
"""Seconds between two looks at the byte counters, while connections are open."""


class ForwardsScreen(VezaScreen):
    """c copies the line to paste, x ends one, n starts one."""

    title_name = "forwards"

    def __init__(self, forwards: Forwards) -> None:
        super().__init__()
        self.forwards = forwards
        self._shown: list[ForwardStatus] = []
        self._dirty = False

    def body(self) -> ComposeResult:
        """A heading and the list."""
        yield Sheet(self.veza.painter, id="title", fixed=3)
        yield Table(COLUMNS, self.veza.painter, self.veza.glyphs)

    @property
    def table(self) -> Table:
        """The list."""
        return self.query_one(Table)

    def on_mount(self) -> None:
        """Follow them."""
        super().on_mount()
        self.table.focus()
        self._unsubscribe = self.forwards.subscribe(self._changed)
        self.set_interval(LOOK, self._look)

    def on_unmount(self) -> None:
        """Follow no more."""
        self._unsubscribe()

    def _changed(self, status: ForwardStatus) -> None:
        # A hundred connections at once are one repaint.
        if not self._dirty and self.is_mounted:
            self._dirty = True
            self.set_timer(0.1, self._settle)

    def _settle(self) -> None:
        self._dirty = False
        if self.veza.screen is self:
            self.repaint()

    def _look(self) -> None:
        if self.veza.screen is self and any(status.connections for status in self.forwards.list()):
            self.paint()

    def paint(self) -> None:
        """The list, as it stands now."""
        if not self.is_mounted:
            return
        self._shown = list(self.forwards.list())
        glyphs, cells = self.veza.glyphs, self.size.width
        note: Line = (Span("listening on this machine until you quit", "dim"),)
        self.query_one("#title", Sheet).set_lines(
            [EMPTY, heading("FORWARDS", note, cells, glyphs), self.table.heading((Span("  LOCAL", "title"),), cells)]
        )
        self.table.set_empty([(Span("   Nothing is forwarded. n starts one; F does so for the pod chosen.", "dim"),)])
        now = self.veza.services.clock.now()
        self.table.show([forward_row(status, now, glyphs) for status in self._shown])

    @property
    def chosen(self) -> ForwardStatus | None:
        """The forward under the cursor."""
        return next((s for s in self._shown if str(s.id) == self.table.cursor), None)

    def copy_text(self, at: Situation) -> str:
        """The line to paste, else the local address."""
        return (self.chosen.paste or self.chosen.local) if self.chosen else ""
