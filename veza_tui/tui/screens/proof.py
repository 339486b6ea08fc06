"""The proof page: what was compared, and what could not be."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widget import Widget

from veza_tui.tui.presentation.proof import ProofPage, proof_lines
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.widgets.sheet import Sheet


class ProofScreen(VezaScreen):
    """One page that scrolls."""

    title_name = "proof"

    def __init__(self, page: ProofPage) -> None:
        super().__init__()
        self._page = page

    def body(self) -> ComposeResult:
        """A heading, the page."""
        yield Sheet(self.veza.painter, id="title", fixed=2)
        with VerticalScroll(can_focus=False):
            yield Sheet(self.veza.painter, id="page")

    @property
    def scroller(self) -> Widget:
        """The page."""
        return self.query_one(VerticalScroll)

    def paint(self) -> None:
        """Heading and page."""
        cells, glyphs = self.size.width, self.veza.glyphs
        self.query_one("#title", Sheet).set_lines([EMPTY, heading("PROOF", (), cells, glyphs)])
        now = self.veza.services.clock.now()
        self.query_one("#page", Sheet).set_lines(proof_lines(self._page, now, cells - 2, glyphs))
