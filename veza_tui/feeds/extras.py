"""What the cluster does not tell of an environment: its last operation, its newest backup, what a restore set aside."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from veza_tui.feeds.nap import Nap
from veza_tui.model.errors import VezaError
from veza_tui.model.restore import SetAside
from veza_tui.model.view import LastOperation, NewestBackup
from veza_tui.ports.clock import Clock

T = TypeVar("T")
Question = Callable[[], Awaitable[T | None]] | None
log = logging.getLogger(__name__)

EXTRAS = 5.0
"""Seconds between two looks at the last operation and the newest backup."""
ASIDE = 600.0
"""Seconds between two looks at what restores set aside, while no operation of ours changes it."""


class Extras:
    """Asks again every five seconds; an answer that cannot be had leaves the one before."""

    def __init__(
        self,
        operation: Question[LastOperation],
        backup: Question[NewestBackup],
        aside: Question[SetAside],
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self.operation: LastOperation | None = None
        self.backup: NewestBackup | None = None
        self.aside: SetAside | None = None
        self._ask_operation, self._ask_backup, self._ask_aside = operation, backup, aside
        self.wanted = operation is not None or backup is not None
        self.settled = not self.wanted
        """Whether everything has been asked once."""
        self._aside_due = 0.0
        self._clock = clock
        self._nap = Nap(clock)
        self._changed = changed

    def refresh(self) -> None:
        """Ask again at once."""
        self._aside_due = 0.0
        self._nap.end()

    async def run(self) -> None:
        """Ask until cancelled."""
        while True:
            before = self.operation
            self.operation = await self._ask(self._ask_operation, self.operation)
            self.backup = await self._ask(self._ask_backup, self.backup)
            self.settled = True
            await self._look_aside(before)
            self._changed()
            await self._nap.take(EXTRAS)

    async def _look_aside(self, before: LastOperation | None) -> None:
        """A connection to the database each: at the start, when an operation of ours changed, and seldom after that."""
        now = self._clock.monotonic()
        if self._ask_aside is not None and (now >= self._aside_due or before != self.operation):
            self._changed()
            self._aside_due = now + ASIDE
            self.aside = await self._ask(self._ask_aside, self.aside)

    async def _ask(self, question: Question[T], known: T | None) -> T | None:
        if question is None:
            return None
        try:
            return await question()
        except VezaError:
            return known
        except Exception:
            log.exception("last operation, newest backup or set-aside database")
            return known
