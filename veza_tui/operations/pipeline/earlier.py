"""What earlier runs of the pipeline measured and passed: a run that begins in the middle rests on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from veza_tui.model.errors import VezaError
from veza_tui.model.journal import JournalEvent, StepState
from veza_tui.model.plan import Plan
from veza_tui.operations.journal import JournalReader
from veza_tui.operations.store import earlier

NOT_CONFIGURED = "not configured"
LOOKED_AT = 200
"""Operations, newest first, among which the earlier run is looked for."""


def earlier_baseline(state: Path | None, environment: str) -> dict[str, Any]:
    """The baseline of the newest run to this environment that measured one; empty when there is none."""
    for plan, events in _runs(state, environment):
        notes = [e.data["baseline"] for e in events if "baseline" in e.data]
        if notes and isinstance(notes[-1], dict):
            return dict(notes[-1])
        if isinstance(plan.options.get("baseline"), dict):
            return dict(plan.options["baseline"])
    return {}


@dataclass(frozen=True, slots=True)
class Passed:
    """What earlier runs to an environment passed for one commit and tag."""

    tag: str = ""
    """The tag that was asked about; without one, that of the newest run of this commit."""
    steps: frozenset[str] = frozenset()
    """Steps that were done; a step that was skipped for a reason of its own counts, one without a command does not."""


def passed_before(state: Path | None, environment: str, commit: str, tag: str) -> Passed:
    """What was passed for this ``commit`` (empty: no git repository) and ``tag``; the newest word on a step counts."""
    newest: dict[str, bool] = {}
    for plan, events in _runs(state, environment):
        if str(plan.options.get("commit") or "") != commit:
            continue
        its = str(plan.options.get("tag") or "")
        tag = tag or its
        if its != tag:
            continue
        last = {e.step: e.data for e in events if e.type == "step"}
        for step, data in last.items():
            if (answer := _passed(data)) is not None:
                newest.setdefault(step, answer)
    return Passed(tag, frozenset(step for step, good in newest.items() if good))


def _passed(data: Mapping[str, Any]) -> bool | None:
    """None where the step said nothing: cut off, stopped, or without a command."""
    if data.get("state") in (StepState.DONE, StepState.FAILED):
        return bool(data["state"] == StepState.DONE)
    why = (data.get("result") or {}).get("skipped", "") if data.get("state") == StepState.SKIPPED else ""
    return True if why and why != NOT_CONFIGURED else None


def _runs(state: Path | None, environment: str) -> Iterator[tuple[Plan, list[JournalEvent]]]:
    """The pipeline's runs to an environment, newest first."""
    for files, plan in earlier(state, "pipeline", most=LOOKED_AT) if state is not None else ():
        if plan.target.environment != environment:
            continue
        try:
            events = list(JournalReader(files.journal).read())
        except (VezaError, OSError):
            continue  # a damaged neighbour is not this plan's business
        yield plan, events
