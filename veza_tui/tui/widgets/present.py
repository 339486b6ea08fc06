"""What a late answer asks before it paints."""

from __future__ import annotations

from textual.message_pump import MessagePump


class Present(MessagePump):
    """For a widget or screen: no widget itself, so that the style sheet's names stay those of the others' bases."""

    _pruning: bool  # textual.widget's

    @property
    def is_mounted(self) -> bool:
        """Whether its widgets are there: Textual's own stays true when they are gone, and a late answer would paint."""
        return self._is_mounted and not (self._closing or self._closed or self._pruning)
