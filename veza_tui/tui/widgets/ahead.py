"""Letters typed in one go behind the key that opens an input belong into it: over a slow line they come together."""

from __future__ import annotations

from time import monotonic

from textual import events
from textual.widgets import Input


class Ahead:
    """One input's: ``begin`` when it has the focus, then ``take`` what comes back from where it was sent before."""

    def __init__(self) -> None:
        self._since = 0.0

    def begin(self) -> None:
        """It has the focus from now on."""
        self._since = monotonic()

    def take(self, event: events.Key, field: Input) -> bool:
        """Whether the key was typed before that; then the input has it now."""
        if event.time > self._since:
            return False
        # The event itself has been at its end already and would rise no further than the input: enter must.
        fresh = events.Key(event.key, event.character)
        fresh._set_forwarded()
        field.post_message(fresh)
        return True
