"""The list of forwards: state, connections, bytes, last error, live; nothing is sent while nothing changes."""

from __future__ import annotations

from veza_tui.model.forward import ForwardStatus
from veza_tui.operations.forward.registry import Forwards
from veza_tui.tui.actions import Situation
from veza_tui.tui.presentation.forwards import COLUMNS, NARROW, NARROW_COLUMNS, forward_row
from veza_tui.tui.presentation.rows import Row
from veza_tui.tui.presentation.spans import Line, Span
from veza_tui.tui.screens.listing import ListScreen

LOOK = 1.0
"""Seconds between two looks at the byte counters, while connections are open."""


class ForwardsScreen(ListScreen[ForwardStatus]):
    """c copies the line to paste, x ends one, n starts one."""

    title_name = "forwards"
    columns = COLUMNS
    list_title = "FORWARDS"
    nothing = "Nothing is forwarded. n starts one; F does so for the pod chosen."

    def __init__(self, forwards: Forwards) -> None:
        super().__init__()
        self.forwards = forwards
        self.loaded = True
        self._dirty = False

    def on_mount(self) -> None:
        """Follow them."""
        super().on_mount()
        self._unsubscribe = self.forwards.subscribe(self._changed)
        self.set_interval(LOOK, self._look)

    def on_unmount(self) -> None:
        """Follow no more."""
        self._unsubscribe()

    def load(self) -> None:
        """They are in this process: there is nothing to wait for."""
        self.repaint()

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
        if self.is_mounted:
            self.items = list(self.forwards.list())
            self.table.set_columns(NARROW_COLUMNS if self.size.width < NARROW else COLUMNS)
            super().paint()

    def key(self, item: ForwardStatus) -> str:
        """Its number."""
        return str(item.id)

    def note(self) -> Line:
        """How long they live."""
        return (Span("listening on this machine until you quit", "dim"),)

    def label(self) -> Line:
        """Over the local addresses."""
        return (Span("  LOCAL", "title"),)

    def row(self, item: ForwardStatus, now: float) -> Row:
        """A forward."""
        return forward_row(item, now, self.veza.glyphs, narrow=self.size.width < NARROW)

    def copy_text(self, at: Situation) -> str:
        """The line to paste, else the local address."""
        return (self.chosen.paste or self.chosen.local) if self.chosen else ""
