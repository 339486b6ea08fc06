"""What every question over a screen shares: keys typed before it was painted never answer it."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from textual.screen import ModalScreen

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

Answer = TypeVar("Answer")

SETTLE = 0.15
"""Seconds after the paint in which nobody can have read it: keys from then are dropped too."""


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """A modal screen that listens only from the moment it can have been read."""

    settle = SETTLE

    def __init__(self) -> None:
        super().__init__()
        self.veza = cast("VezaApp", self.app)
        self.answers_since: float | None = None
        """Monotonic seconds from which keys count; None while it is not painted."""

    def on_mount(self) -> None:
        """Listen after the first paint."""
        self.call_after_refresh(self._listen)

    def _listen(self) -> None:
        # Textual stamps a key when it is read from the terminal, with the same clock.
        self.answers_since = monotonic() + self.settle
