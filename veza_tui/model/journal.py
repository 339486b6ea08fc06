"""Events of an operation's journal: JSON lines, one event a line, readable by a person (format version 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

VERSION = 1


class OperationState(StrEnum):
    """State of an operation, as `veza-tui operations --json` prints it."""

    WAITING = "waiting"
    """For an approval."""
    RUNNING = "running"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    FAILED = "failed"
    ROLLED_BACK = "rolled-back"
    INTERRUPTED = "interrupted"
    """Its runner died; resume or undo it."""
    DONE = "done"

    @property
    def ended(self) -> bool:
        """Whether nothing more will be written (an interrupted one can be resumed)."""
        return self in (self.CANCELLED, self.FAILED, self.ROLLED_BACK, self.DONE)


class StepState(StrEnum):
    """State of one step."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One line of the journal.

    ``type`` is one of: plan, wait, approval, start, step, progress, output, note, cancel, undo, end. ``at`` is unix
    seconds. Readers skip types that they do not know.
    """

    type: str
    at: float
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    v: int = VERSION


@dataclass(frozen=True, slots=True)
class StepStatus:
    """A step as the journal tells it; ``progress`` is a fraction 0..1 or None, ``detail`` one line."""

    id: str
    title: str
    state: StepState = StepState.PENDING
    started: float | None = None
    ended: float | None = None
    progress: float | None = None
    detail: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the step's last progress event carried (bars, bytes, rate, eta)."""

    @property
    def took(self) -> float | None:
        """Seconds that it ran; None while it runs, and where it was taken back: that end is the way back's."""
        if self.started is None or self.ended is None or self.state is StepState.UNDONE:
            return None
        return self.ended - self.started


@dataclass(frozen=True, slots=True)
class OperationStatus:
    """An operation folded from its journal: what `operations show --json` prints."""

    id: str
    kind: str
    environment: str
    state: OperationState
    user: str
    title: str
    started: float | None
    ended: float | None
    steps: tuple[StepStatus, ...]
    reason: str = ""
    """Why it failed, was cancelled or waits; one line."""
    safe_point: str = ""
    """While cancelling: the step after which it stops."""
    plan_hash: str = ""
    pid: int | None = None
    result: Mapping[str, Any] = field(default_factory=dict)
    exit: int | None = None
    """Exit code of its outcome (model.exits), None while it goes on."""
    host: str = ""
    """Where its runner runs."""
    undoing: bool = False
    """Whether finished steps are being taken back."""
    left: tuple[str, ...] = ()
    """What an undo that failed, or a forced cancel, left behind; one line each."""
    tail: tuple[str, ...] = ()
    """The last lines of output, bounded."""
    purpose: str = ""
    """Why it was started, in the starter's own words; empty where nobody said."""
