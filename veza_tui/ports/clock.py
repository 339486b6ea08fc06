"""Time, injected so that tests need not sleep."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Both times in seconds."""

    def now(self) -> float:
        """Unix time."""
        ...

    def monotonic(self) -> float:
        """A clock that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...
