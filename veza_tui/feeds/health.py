"""The health monitor: asks every interval, keeps a history, does not flap. Never blocks the loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence

from veza_tui.feeds.health_checks import Answer, Check
from veza_tui.feeds.nap import Nap
from veza_tui.model.view import HealthRow
from veza_tui.model.workload import State
from veza_tui.ports.clock import Clock

log = logging.getLogger(__name__)

INTERVAL = 30.0
"""Seconds between two questions: the guide's monitor ticks every 30 s."""
TIMEOUT = 5.0
CONFIRM = 3.0
"""Seconds until a change for the worse, or back, is asked for a second time."""
HISTORY = 40


class HealthMonitor:
    """Asks each check in a task of its own, with jitter, so that they neither wait for nor march with each other.

    Hysteresis: a service that was well is DEGRADED at its first failure and FAILED when asked again after ``confirm``
    seconds; likewise on the way back. A tick that could not be asked (the machine slept) is UNKNOWN in the history.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        changed: Callable[[], None],
        clock: Clock,
        *,
        interval: float = INTERVAL,
        timeout: float = TIMEOUT,
        confirm: float = CONFIRM,
        jitter: float = 0.1,
    ) -> None:
        self._watched = [_Watched(check, clock) for check in checks]
        self._changed = changed
        self._clock = clock
        self._interval = interval
        self._timeout = timeout
        self._confirm = confirm
        self._jitter = jitter
        self._tasks: list[asyncio.Task[None]] = []

    def rows(self) -> tuple[HealthRow, ...]:
        """The latest, in the order of the checks."""
        return tuple(w.row for w in self._watched)

    @property
    def settled(self) -> bool:
        """Whether each check was asked, and none waits for its second answer."""
        return all(w.row.at and not w.unsettled for w in self._watched)

    def start(self) -> None:
        """Begin; the first questions go out at once. Calling it again does nothing."""
        if self._tasks:
            return
        self._tasks = [asyncio.create_task(self._watch(w)) for w in self._watched]

    async def refresh(self) -> None:
        """Ask all again now."""
        for watched in self._watched:
            watched.nap.end()

    async def close(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    async def _watch(self, watched: _Watched) -> None:
        due, wall_due = self._clock.monotonic(), self._clock.now()
        while True:
            # Linux' monotonic clock stands still while the machine is suspended; the wall clock does not.
            wall = self._clock.now()
            late = max(self._clock.monotonic() - due, wall - wall_due)
            missed = min(int(late // self._interval), HISTORY) if late > 0 else 0
            for i in range(missed):
                watched.missed(wall - (missed - i) * self._interval)
            try:
                answer = await watched.check.ask(self._timeout)
            except Exception as error:
                log.exception("health check %s", watched.check.name)
                answer = Answer(State.UNKNOWN, None, type(error).__name__, "the check itself failed")
            unsettled = watched.take(answer, self._clock.now())
            self._changed()
            pause = self._confirm if unsettled else self._interval
            pause *= random.uniform(1 - self._jitter, 1.0)
            due, wall_due = self._clock.monotonic() + pause, self._clock.now() + pause
            await watched.nap.take(pause)


class _Watched:
    def __init__(self, check: Check, clock: Clock) -> None:
        self.check = check
        self.nap = Nap(clock)
        self._history: deque[tuple[float, State, float | None]] = deque(maxlen=HISTORY)
        self._last: State | None = None
        self.unsettled = False
        self.row = HealthRow(check.name, check.kind, State.UNKNOWN, None, "not asked yet", check.asked, "", 0.0)

    def missed(self, at: float) -> None:
        self._history.append((at, State.UNKNOWN, None))

    def take(self, answer: Answer, at: float) -> bool:
        """Whether it should be asked again soon, because it changed between well and ill."""
        before, self._last = self._last, answer.state
        shown = answer.state
        ends = (State.OK, State.FAILED)
        unsettled = before in ends and shown in ends and before is not shown
        self.unsettled = unsettled
        if unsettled:
            shown = State.DEGRADED
        self._history.append((at, answer.state, answer.latency))
        self.row = HealthRow(
            self.check.name,
            self.check.kind,
            shown,
            answer.latency,
            answer.detail,
            self.check.asked,
            answer.answered,
            at,
            tuple(self._history),
            answer.vitals,
            not unsettled,
        )
        return unsettled
