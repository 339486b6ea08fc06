"""Waiting that can be cut short."""

from __future__ import annotations

import asyncio

from veza_tui.ports.clock import Clock


class Nap:
    """A pause which ``end`` cuts short."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Wake who sleeps; without a sleeper, the next nap is none."""
        self._ended.set()

    async def take(self, seconds: float) -> None:
        """Until ``end`` or the end of the pause."""
        sleep = asyncio.ensure_future(self._clock.sleep(seconds))
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((sleep, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            ended.cancel()
            self._ended.clear()
