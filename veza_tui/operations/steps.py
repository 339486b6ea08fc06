"""What one step of one operation is given: the context's and the reporter's implementation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.journal import JournalEvent
from veza_tui.model.plan import Plan, Step
from veza_tui.model.text import printable
from veza_tui.operations.context import Reporter, Result
from veza_tui.operations.past import Past
from veza_tui.operations.world import World
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster

PROGRESS_SECONDS = 0.2
"""Progress is written at most this often."""
OUTPUT_LINES = 20_000
"""A step's output lines that the journal keeps; the rest belongs into a file of the evidence directory."""

Write = Callable[[JournalEvent, bool], None]


class JournalReporter:
    """``context.Reporter`` that appends to the journal."""

    def __init__(self, step: Step, write: Write, clock: Clock, past: Past) -> None:
        self._step = step
        self._write = write
        self._clock = clock
        self._past = past
        self._last = -PROGRESS_SECONDS
        self._pending: dict[str, Any] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._lines = 0

    def progress(self, fraction: float | None, detail: str = "", **data: Any) -> None:
        """Write now, or the newest one in a moment."""
        self._pending = {"fraction": fraction, "detail": printable(detail, limit=300), **data}
        wait = self._last + PROGRESS_SECONDS - self._clock.monotonic()
        if wait <= 0:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(wait, self.flush)

    def output(self, line: str) -> None:
        """Write one line; beyond OUTPUT_LINES nothing but a word about it."""
        self._lines += 1
        if self._lines <= OUTPUT_LINES:
            self._event("output", {"line": printable(line.rstrip("\r\n"), limit=2000)})
        elif self._lines == OUTPUT_LINES + 1:
            self._event("output", {"line": f"… more than {OUTPUT_LINES} lines: the rest is not kept here"})

    def note(self, text: str, **data: Any) -> None:
        """Write it durably; the step finds it again after a crash."""
        content = json.loads(json.dumps({"text": printable(text, limit=2000), **data}, default=str))
        self._past.notes.setdefault(self._step.id, []).append(content)
        self._event("note", content, sync=True)

    def flush(self) -> None:
        """Write the progress that waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._pending is not None:
            pending, self._pending = self._pending, None
            self._last = self._clock.monotonic()
            self._event("progress", pending)

    def _event(self, kind: str, data: dict[str, Any], *, sync: bool = False) -> None:
        self._write(JournalEvent(kind, self._clock.now(), self._step.id, data), sync)


class StepContext:
    """``context.Context`` for one step."""

    def __init__(
        self,
        *,
        plan: Plan,
        environment: Environment,
        operation_id: str,
        who: str = "",
        reason: str = "",
        report: JournalReporter,
        world: World,
        cluster: Callable[[], Cluster],
        evidence: Path,
        past: Past,
        cancelled: Callable[[], bool],
        forced: Callable[[], bool],
        deadline: Callable[[], float],
    ) -> None:
        self.plan = plan
        self.environment = environment
        self.operation_id = operation_id
        self.who = who
        self.reason = reason
        self.report: Reporter = report
        self.clock: Clock = world.clock
        self.evidence = evidence
        self.workspace = world.workspace
        self.directory = world.directory
        self._world = world
        self._cluster = cluster
        self._past = past
        self._cancelled = cancelled
        self._forced = forced
        self._deadline = deadline

    @property
    def cluster(self) -> Cluster:
        """The environment's cluster; idempotent calls are tried again when it is overloaded or resets."""
        return self._cluster()

    def service(self, name: str) -> Any:
        """Another port by name."""
        return self._world.service(self.environment, name)

    def result(self, step_id: str) -> Result:
        """What an earlier step returned; {} when it has not run."""
        return self._past.results.get(step_id, {})

    def notes(self, step_id: str) -> list[Result]:
        """The step's checkpoints so far."""
        return list(self._past.notes.get(step_id, ()))

    def cancelled(self) -> bool:
        """Whether a cancel was asked."""
        return self._cancelled()

    def forced(self) -> bool:
        """Whether it was asked twice."""
        return self._forced()

    def left(self) -> float:
        """Seconds until the watchdog bites."""
        return self._deadline() - self.clock.monotonic()
