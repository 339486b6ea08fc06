"""What every question over a screen shares: keys typed before it was painted never answer it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from textual import events
from textual.screen import ModalScreen
from textual.widgets import Input

from veza_tui.tui.widgets.present import Present

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

Answer = TypeVar("Answer")

SETTLE = 0.15
"""Seconds after the paint in which nobody can have read it: keys from then are dropped too."""


class Dialog(Present, ModalScreen[Answer], Generic[Answer]):
    """A modal screen that listens only from the moment it can have been read."""

    settle = SETTLE
    takes_text = False
    """Whether letters typed before it was painted belong into its input; no other key ever does."""

    def __init__(self) -> None:
        super().__init__()
        self._early = ""
        self.veza = cast("VezaApp", self.app)
        self.answers_since: float | None = None
        """Monotonic seconds from which keys count; None while it is not painted."""

    def on_mount(self) -> None:
        """Listen after the first paint."""
        if self._early:
            self._insert(self._early)
        self.call_after_refresh(self._listen)

    def typed_ahead(self, event: events.Key) -> bool:
        """Whether the key was typed before this was painted: then it answers nothing, and does nothing elsewhere."""
        if self.answers_since is not None and event.time >= self.answers_since:
            return False
        if self.takes_text and event.is_printable and event.character:
            if self.is_mounted:
                self._insert(event.character)
            else:
                self._early += event.character
        return True

    def begins(self, event: events.Key) -> bool:
        """Whether the key was the first of what is typed into its input, though that had not the focus."""
        return False

    def _insert(self, text: str) -> None:
        field = self.query_one(Input)
        field.value += text
        field.cursor_position = len(field.value)

    def _listen(self) -> None:
        # Textual stamps a key when it is read from the terminal, with the same clock.
        self.answers_since = monotonic() + self.settle
