"""A plan as text: the dry run and the confirmation's text. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from veza_tui.model.plan import Change, Plan
from veza_tui.model.text import printable
from veza_tui.operations.checks import need_text
from veza_tui.operations.policy import changes_something
from veza_tui.operations.service import Preview


def plan_lines(plan: Plan) -> Iterator[str]:
    """Title, target, notes, changes (drift made by hand apart) and steps."""
    target = plan.target
    yield printable(plan.title)
    yield printable(
        f"  environment {target.environment} · namespace {target.namespace} · {target.server or 'no cluster'}"
    )
    if target.database:
        yield printable(f"  database {target.database}")
    for note in plan.notes:
        yield printable(f"! {note}")
    ours = [c for c in plan.changes if not c.by]
    by_hand = [c for c in plan.changes if c.by]
    if ours:
        yield "Changes:"
        yield from _change_lines(ours)
    if by_hand:
        yield "Changed by others since, and overwritten:"
        yield from _change_lines(by_hand)
    if not plan.steps:
        yield "Nothing to do."
        return
    yield "Steps:"
    for number, step in enumerate(plan.steps, 1):
        yield printable(f"  {number}. {step.title}")
        for line in step.changes:
            yield printable(f"       {line}")


def preview_lines(preview: Preview) -> Iterator[str]:
    """The plan with what stands in its way."""
    yield from plan_lines(preview.plan)
    if preview.approvers:
        people = "one other person" if preview.approvers == 1 else f"{preview.approvers} other people"
        yield f"An approval by {people} will be asked for (veza-tui approve ID)."
    if preview.missing:
        yield "Missing permissions:"
        for need in preview.missing:
            yield printable(f"  - {need_text(need)}")
    if preview.read_only and changes_something(preview.plan):
        yield printable(f"Refused: {preview.read_only}")


def _change_lines(changes: list[Change]) -> Iterator[str]:
    for change in changes:
        where = printable(f"{change.object} {change.path}".rstrip(), limit=200)
        by = printable(f" (by {change.by})", limit=60) if change.by else ""
        if change.old is None:
            yield f"  + {where}: {_value(change.new)}{by}"
        elif change.new is None:
            yield f"  - {where}: {_value(change.old)}{by}"
        else:
            yield f"  ~ {where}: {_value(change.old)} → {_value(change.new)}{by}"


def _value(value: str | None) -> str:
    return printable(value or "", limit=120) or "''"
