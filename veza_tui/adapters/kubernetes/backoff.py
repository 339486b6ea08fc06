"""Growing pauses with jitter."""

from __future__ import annotations

import random


class Backoff:
    """``next()`` gives 0.2, 0.4, 0.8 ... seconds up to ``cap``, each between half and the whole of it."""

    def __init__(self, first: float = 0.2, cap: float = 2.5) -> None:
        self._first = first
        self._cap = cap
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait now."""
        delay = min(self._cap, self._first * float(1 << min(self._tries, 16)))
        self._tries += 1
        return delay * random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It went well: begin again with the first."""
        self._tries = 0
