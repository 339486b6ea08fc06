"""The line in which the filter of rows is typed; hidden while nobody types."""

from __future__ import annotations

from veza_tui.tui.widgets.prompt import Prompt


class FilterLine(Prompt):
    """``/`` and what is typed."""

    def open(self, text: str) -> None:
        """Show it with ``text`` and take the focus."""
        self.ask("filter", "/", "words in name, status, node, image; !word excludes", text)
