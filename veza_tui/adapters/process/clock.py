"""The machine's clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """``ports.clock.Clock``."""

    def now(self) -> float:
        """Unix time."""
        return time.time()

    def monotonic(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
