"""What a journal says was done already: what a resume and an undo start from. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from veza_tui.model.journal import JournalEvent, StepState


@dataclass(slots=True)
class Past:
    """Facts about earlier attempts, kept up to date by the engine."""

    states: dict[str, StepState] = field(default_factory=dict)
    """The last state of each step that ever began."""
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    notes: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    attempts: int = 0
    undoing: bool = False
    """It stopped in the middle of taking back what it had done."""
    why_undo: str = ""
    approved_by: tuple[str, ...] = ()
    cause_exit: int = 1

    def feed(self, event: JournalEvent) -> None:
        """Take one event in."""
        data = event.data
        if event.type == "step":
            state = StepState(data["state"])
            self.states[event.step] = state
            if state is StepState.DONE:
                self.results[event.step] = dict(data.get("result") or {})
        elif event.type == "note" and event.step:
            self.notes.setdefault(event.step, []).append(dict(data))
        elif event.type == "start":
            self.attempts += 1
            self.undoing = data.get("phase") == "undo"
        elif event.type == "undo":
            self.undoing = True
            self.why_undo = str(data.get("reason", ""))
        elif event.type == "approval":
            self.approved_by = tuple(str(a) for a in data.get("approvers", ()))
        elif event.type == "end":
            self.undoing = False

    @property
    def begun(self) -> bool:
        """Whether any step ever began: its own changes would look like drift from then on."""
        return bool(self.states)

    def done(self, step_id: str) -> bool:
        """Whether the step is finished and was not taken back."""
        return self.states.get(step_id) is StepState.DONE

    def to_undo(self, step_id: str) -> bool:
        """Whether it may have changed something that still stands: finished, or cut off on the way."""
        state = self.states.get(step_id)
        return state is not None and state is not StepState.UNDONE


def past_of(events: Iterable[JournalEvent]) -> Past:
    """The past that ``events`` tell."""
    past = Past()
    for event in events:
        past.feed(event)
    return past
