"""Journal events to a status: pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from veza_tui.model.journal import JournalEvent, OperationState, OperationStatus, StepState, StepStatus
from veza_tui.model.text import printable

TAIL = 200
"""Lines of output that a status carries."""


class Folder:
    """Takes events in order; ``status`` is the picture so far. Unknown types are skipped."""

    def __init__(self, operation_id: str) -> None:
        self._status = OperationStatus(
            id=operation_id,
            kind="",
            environment="",
            state=OperationState.RUNNING,
            user="",
            title="",
            started=None,
            ended=None,
            steps=(),
        )
        self._steps: dict[str, StepStatus] = {}
        self._tail: deque[str] = deque(maxlen=TAIL)
        self.lines = 0
        """Output lines seen so far."""

    @property
    def status(self) -> OperationStatus:
        """The operation as the events tell it."""
        return replace(self._status, steps=tuple(self._steps.values()), tail=tuple(self._tail))

    def feed(self, events: Iterable[JournalEvent]) -> OperationStatus:
        """Add events and return the status."""
        for event in events:
            handler = getattr(self, f"_on_{event.type}", None)
            if handler is not None:
                handler(event)
        return self.status

    def _on_plan(self, event: JournalEvent) -> None:
        data = event.data
        self._status = replace(
            self._status,
            kind=str(data.get("kind", "")),
            environment=str(data.get("environment", "")),
            user=str(data.get("user", "")),
            title=str(data.get("title", "")),
            plan_hash=str(data.get("hash", "")),
            purpose=str(data.get("reason", "")),
            started=event.at,
        )
        for step in data.get("steps", ()):
            self._steps[step["id"]] = StepStatus(step["id"], step["title"])

    def _on_wait(self, event: JournalEvent) -> None:
        self._status = replace(
            self._status, state=OperationState.WAITING, reason=str(event.data.get("reason", "for an approval"))
        )

    def _on_start(self, event: JournalEvent) -> None:
        data = event.data
        self._status = replace(
            self._status,
            state=OperationState.RUNNING,
            reason="",
            safe_point="",
            ended=None,
            exit=None,
            left=(),
            pid=data.get("pid"),
            host=str(data.get("host", "")),
            undoing=data.get("phase") == "undo",
        )

    def _on_undo(self, event: JournalEvent) -> None:
        self._status = replace(self._status, undoing=True, reason=str(event.data.get("reason", "")))

    def _on_step(self, event: JournalEvent) -> None:
        try:
            state = StepState(event.data.get("state", ""))
        except ValueError:
            return
        old = self._steps.get(event.step, StepStatus(event.step, event.step))
        detail = str(event.data.get("detail", event.data.get("error", "")))
        if state is StepState.RUNNING:
            new = replace(old, state=state, started=event.at, ended=None, progress=None, detail=detail)
        else:
            done = state in (StepState.DONE, StepState.UNDONE)
            new = replace(
                old,
                state=state,
                ended=event.at,
                progress=1.0 if done else old.progress,
                detail=detail or (old.detail if done else ""),
            )
        self._steps[event.step] = new

    def _on_progress(self, event: JournalEvent) -> None:
        old = self._steps.get(event.step)
        if old is None:
            return
        fraction = event.data.get("fraction")
        extra = {k: v for k, v in event.data.items() if k not in ("fraction", "detail")}
        self._steps[event.step] = replace(
            old,
            progress=float(fraction) if isinstance(fraction, int | float) else None,
            detail=str(event.data.get("detail", "")),
            data=extra,
        )

    def _on_output(self, event: JournalEvent) -> None:
        self.lines += 1
        self._tail.append(printable(str(event.data.get("line", ""))))

    def _on_cancel(self, event: JournalEvent) -> None:
        if not self._status.state.ended:
            self._status = replace(
                self._status,
                state=OperationState.CANCELLING,
                safe_point=str(event.data.get("safe_point", "")),
                reason=str(event.data.get("reason", "")),
            )

    def _on_end(self, event: JournalEvent) -> None:
        data = event.data
        try:
            state = OperationState(data.get("state", ""))
        except ValueError:
            state = OperationState.FAILED
        self._status = replace(
            self._status,
            state=state,
            ended=event.at,
            exit=int(data.get("exit", 1)),
            reason=str(data.get("reason", "")),
            safe_point="",
            undoing=False,
            result=data.get("result", {}),
            left=tuple(str(line) for line in data.get("left", ())),
        )


def fold(operation_id: str, events: Iterable[JournalEvent]) -> OperationStatus:
    """The status that all ``events`` of one journal tell."""
    return Folder(operation_id).feed(events)


def status_json(status: OperationStatus, *, tail: bool = False) -> dict[str, object]:
    """What ``operations --json`` prints for one operation. Times are unix seconds."""
    out: dict[str, object] = {
        "id": status.id,
        "kind": status.kind,
        "environment": status.environment,
        "state": str(status.state),
        "user": status.user,
        "title": status.title,
        "started": status.started,
        "ended": status.ended,
        "exit": status.exit,
        "reason": status.reason,
        "safe_point": status.safe_point,
        "undoing": status.undoing,
        "left": list(status.left),
        "plan_hash": status.plan_hash,
        "pid": status.pid,
        "host": status.host,
        "result": dict(status.result),
        "steps": [
            {
                "id": s.id,
                "title": s.title,
                "state": str(s.state),
                "started": s.started,
                "ended": s.ended,
                "progress": s.progress,
                "detail": s.detail,
                "data": dict(s.data),
            }
            for s in status.steps
        ],
    }
    if tail:
        out["tail"] = list(status.tail)
    return out
