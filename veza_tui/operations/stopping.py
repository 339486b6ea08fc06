"""How a running operation is stopped: at the next safe point, or by force."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any, Protocol

from veza_tui.model.plan import Plan, Step
from veza_tui.operations.context import stops_at_once
from veza_tui.operations.control import CancelRequest
from veza_tui.operations.stepping import Forced, Interruption


class Stopped(Exception):
    """A cancel took effect at a safe point."""


class WriteEvent(Protocol):
    """Appends to the journal."""

    def __call__(self, kind: str, data: dict[str, Any], *, step: str = "", sync: bool = False) -> None: ...


class Stopper:
    """Keeps what was asked and where the run stands; tells the journal and the audit log."""

    def __init__(self, plan: Plan, write: WriteEvent, audit: Callable[[str], None]) -> None:
        self._plan = plan
        self._write = write
        self._audit = audit
        self.asked: CancelRequest | None = None
        self.event = asyncio.Event()
        self.interruption = Interruption()
        self.current: Step | None = None
        self.undoing = False
        self.deadline = math.inf
        """Monotonic seconds at which the watchdog cuts the run (or the taking back) off."""

    @property
    def by(self) -> str:
        """Who asked last."""
        return self.asked.by if self.asked else "?"

    @property
    def forced(self) -> bool:
        """Whether the running step is cut off."""
        return isinstance(self.interruption.why, Forced)

    def forget(self) -> None:
        """Before a rollback: a cancel that came earlier does not stop it; one that comes now may, the second time."""
        self.asked, self.interruption = None, Interruption()

    def ask(self, request: CancelRequest) -> None:
        """Take a request in."""
        first = self.asked is None
        force = request.force or not first
        data: dict[str, Any] = {"by": request.by, "force": force}
        self.asked = request
        self.event.set()
        if force and self.current is not None:
            data["reason"] = f"forced by {request.by}: the step “{self.current.title}” is cut off where it is"
            data["safe_point"] = ""
            self.interruption.set(Forced(data["reason"]))
        elif self.undoing:
            data["reason"] = "what was done is being taken back; a second cancel stops even that"
        else:
            data["safe_point"] = self.safe_point()
            data["reason"] = f"asked by {request.by}"
        if first or force:
            self._write("cancel", data, sync=True)
            self._audit(data["reason"])

    def safe_point(self) -> str:
        """Where a cancel asked now would take effect."""
        steps = self._plan.steps
        if self.current is None:
            return "before the first step"
        if stops_at_once(self.current.action):
            return f"in “{self.current.title}”, at once"
        for step in steps[steps.index(self.current) :]:
            if step.cancellable and step is not steps[-1]:
                return f"after the step “{step.title}”"
        return "none left: it will finish"
