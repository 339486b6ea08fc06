"""Runs one step: its action as a task which a force, a timeout or a transient error may end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import traceback
from typing import Any

from veza_tui.model.errors import TimedOutError, VezaError
from veza_tui.model.plan import Step
from veza_tui.operations.context import Action, Context, Result, may_retry
from veza_tui.operations.retry import is_transient, pause
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import ClusterError

ATTEMPTS = 3
GRACE_SECONDS = 10.0
"""How long a step that was cut off may take to clean up before it is left behind."""


class Forced(Exception):
    """The step was cut off by a second cancel."""


class Interruption:
    """Ends the running step from outside: set once, by a force or by the watchdog."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.why: Exception | None = None

    def set(self, why: Exception) -> None:
        """Cut off what runs and whatever comes next."""
        if self.why is None:
            self.why = why
            self._event.set()

    async def wait(self) -> None:
        """Until it is set."""
        await self._event.wait()


async def run_step(
    function: Action, name: str, context: Context, step: Step, clock: Clock, interruption: Interruption
) -> Result:
    """The action's result, as JSON.

    Raises:
        Forced, TimedOutError: it was cut off.
        VezaError: it failed; any other exception is a bug in the action.
    """
    for attempt in range(ATTEMPTS):
        try:
            result = await _interruptible(function, context, step, interruption)
            return dict(json.loads(json.dumps(result or {}, default=str)))
        except ClusterError as error:
            if attempt + 1 == ATTEMPTS or not may_retry(name) or not is_transient(error):
                raise
            seconds = pause(attempt, error)
            context.report.output(f"{error}; the step is run again in {seconds:.1f} s")
            await _sleep(clock, seconds, interruption)
    raise AssertionError("unreachable")


async def _interruptible(function: Action, context: Context, step: Step, interruption: Interruption) -> Result | None:
    task: asyncio.Future[Result | None] = asyncio.ensure_future(function(context, step))
    cut = asyncio.ensure_future(interruption.wait())
    try:
        both: set[asyncio.Future[Any]] = {task, cut}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=GRACE_SECONDS)
            if not task.done() or task.cancelled():
                assert interruption.why is not None
                raise interruption.why
        try:
            return task.result()
        except Exception:
            # What a step throws while it is being cut off is not why it ended.
            if interruption.why is not None:
                raise interruption.why from None
            raise
    finally:
        cut.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await cut


async def _sleep(clock: Clock, seconds: float, interruption: Interruption) -> None:
    nap = asyncio.ensure_future(clock.sleep(seconds))
    cut = asyncio.ensure_future(interruption.wait())
    await asyncio.wait({nap, cut}, return_when=asyncio.FIRST_COMPLETED)
    for task in (nap, cut):
        task.cancel()
    if interruption.why is not None:
        raise interruption.why


async def watchdog(clock: Clock, seconds: float, interruption: Interruption, what: str) -> None:
    """Cut off after ``seconds``."""
    await clock.sleep(seconds)
    interruption.set(TimedOutError(f"{what} did not finish within {seconds:g} s"))


def words(error: BaseException) -> str:
    """An error for the journal: expected ones in full, bugs by type only (their text may hold anything)."""
    if isinstance(error, VezaError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}" + (f": {error.filename}" if error.filename else "")
    return f"unexpected {type(error).__name__}; the runner's log has the traceback"


def trace(error: BaseException) -> None:
    """Where a bug was goes to the runner's private log: frames and type, not its text, which may hold anything."""
    if not isinstance(error, VezaError | Forced):
        frames = "".join(traceback.format_tb(error.__traceback__))
        print(f"{frames}{type(error).__module__}.{type(error).__name__}", file=sys.stderr, flush=True)
