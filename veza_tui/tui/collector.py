"""When memory is tidied: a whole collection over thousands of rows takes 80 ms, and a key would wait for it.

Rows are freed when nobody holds them; what is left for the collector is what screens and exceptions tie in circles. So
the two young generations stay as they are, and the old one is looked through on a tick when nobody has typed lately.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

QUIET = 5.0
"""Seconds without a key after which a short pause is noticed by nobody."""
WHOLE = 900.0
"""Seconds between two collections that look through everything, in a longer quiet."""
LONG_QUIET = 60.0
_NEVER = 1_000_000_000


class Collector:
    """``key`` at each key, ``tick`` now and then; ``close`` gives Python its own ways back."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._before = gc.get_threshold()
        self._typed = self._whole = monotonic()
        self._ticks = 0
        gc.set_threshold(self._before[0], self._before[1], _NEVER)

    def key(self) -> None:
        """Somebody types."""
        self._typed = self._monotonic()

    def tick(self) -> bool:
        """Tidy up, when it disturbs nobody; whether it did."""
        now = self._monotonic()
        self._ticks += 1
        if self._ticks == 1:
            # The first lists: all of it is in use, and none of it is looked through again.
            gc.freeze()
            return False
        if now - self._typed < QUIET:
            return False
        if now - self._typed >= LONG_QUIET and now - self._whole >= WHOLE:
            self._whole = now
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        return True

    def close(self) -> None:
        """As it was before."""
        gc.set_threshold(*self._before)
        gc.unfreeze()
