"""The machine's clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """``ports.clock.Clock`` on the running event loop."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Monotonic seconds, comparable with ``EnvironmentView.heard_at``."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
