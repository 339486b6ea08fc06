"""The pipeline: stages as columns, steps with state and duration. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from veza_tui.model.journal import OperationStatus, StepState, StepStatus
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.operation import duration, progress_bar, step_glyph
from veza_tui.tui.presentation.output import newest_rows
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, beside, clean, clip, fit, width

Stages = Sequence[tuple[str, Sequence[str]]]
GAP = 2
MARGIN = 3
"""Cells before a step's name: cursor, sign, blank."""


def pipeline_lines(
    stages: Stages,
    steps: Mapping[str, StepStatus],
    configured: Mapping[str, bool],
    selected: str,
    now: float,
    cells: int,
    glyphs: Glyphs,
    *,
    fold: bool = False,
) -> list[Line]:
    """A column a stage. ``steps`` are of the last run; what it did not have is shown as it would be.

    ``fold``: names that are longer than their column get a second line (where the screen is high enough for it).
    """
    count = max(len(stages), 1)
    column = (cells - 2 - GAP * (count - 1)) // count
    longest = max((width(_name(step)) for _, names in stages for step in names), default=0)
    rows = 2 if fold and longest > column - MARGIN else 1
    if steps:
        # A run that began later has no word on what came before.
        configured = {s: configured.get(s, True) or s not in steps for s in configured}
    blocks = [_stage(name, names, steps, configured, selected, now, column, rows, glyphs) for name, names in stages]
    height = max((len(b) for b in blocks), default=0)
    lines: list[Line] = [EMPTY] * height
    for index, block in enumerate(blocks):
        filled = [*block, *([EMPTY] * (height - len(block)))]
        lines = filled if index == 0 else beside(lines, filled, index * (column + GAP) - GAP, GAP)
    return [(Span(" "), *line) for line in lines]


def _stage(
    name: str,
    names: Sequence[str],
    steps: Mapping[str, StepStatus],
    configured: Mapping[str, bool],
    selected: str,
    now: float,
    cells: int,
    rows: int,
    glyphs: Glyphs,
) -> list[Line]:
    found = [steps.get(n) for n in names]
    lines: list[Line] = [
        apart((Span(fit(clean(name, 40).upper(), min(width(name), cells)), "heading"),), _sign(found, glyphs), cells),
        (Span(glyphs.rule * cells, "faint"),),
    ]
    for step_id, status in zip(names, found, strict=True):
        lines += _step(step_id, status, configured.get(step_id, True), step_id == selected, now, cells, rows, glyphs,
                       others=bool(steps))  # fmt: skip

    return lines


def _sign(found: Sequence[StepStatus | None], glyphs: Glyphs) -> Line:
    states = [s.state for s in found if s is not None]
    for state in (StepState.FAILED, StepState.RUNNING):
        if state in states:
            return (step_glyph(state, glyphs),)
    if states and len(states) == len(found) and all(s in (StepState.DONE, StepState.SKIPPED) for s in states):
        return (step_glyph(StepState.DONE if StepState.DONE in states else StepState.SKIPPED, glyphs),)
    return ()


def _step(
    step_id: str,
    status: StepStatus | None,
    configured: bool,
    selected: bool,
    now: float,
    cells: int,
    rows: int,
    glyphs: Glyphs,
    *,
    others: bool,
) -> list[Line]:
    state = status.state if status else StepState.PENDING
    took = ""
    if status is not None and status.started is not None and (status.ended or state is StepState.RUNNING):
        took = duration((status.ended or now) - status.started)
    if state is StepState.SKIPPED or (state is StepState.PENDING and not configured):
        took = "" if configured and state is not StepState.SKIPPED else "not configured"
        if status is not None and state is StepState.SKIPPED and status.detail:
            took = clean(status.detail, 60)
    if status is None and others:
        took = "not in this run"
    role = {
        StepState.RUNNING: "strong",
        StepState.FAILED: "bad",
        StepState.PENDING: "dim",
        StepState.SKIPPED: "dim",
    }.get(state, "text")
    title = _name(step_id)
    parts = wrapped(title, cells - MARGIN)[:rows] if rows > 1 else [title]
    cursor = Span(glyphs.cursor if selected else " ", "accent")
    shown = "strong" if selected else role
    names: list[Line] = [(cursor, step_glyph(state, glyphs), Span(f" {parts[0]}", shown))]
    names += [(Span("   "), Span(part, shown)) for part in parts[1:]]
    if status is not None and state is StepState.RUNNING and status.progress is not None:
        second: Line = (Span("   "), *progress_bar(status.progress, max(4, min(12, cells - 9)), glyphs),
                        Span(f" {status.progress * 100:.0f} %", "progress"))  # fmt: skip
    else:
        second = (Span(f"   {took}", "bad" if state is StepState.FAILED else "dim"),)
    click = f"step:{step_id}"
    lines = [clip(tuple(Span(s.text, s.role, click) for s in line), cells) for line in names]
    # As high as its neighbours, whatever their names are: the stages are a table.
    return [*lines, clip(second, cells), *[EMPTY] * (rows - len(names))]


def _name(step_id: str) -> str:
    return clean(step_id.replace("_", " "), 60)


def output_lines(title: str, lines: Sequence[str], room: int, cells: int, glyphs: Glyphs) -> list[Line]:
    """The newest output of the selected step."""
    note: Line = (Span(clean(title, 120), "dim"),)
    out = [heading("OUTPUT", note, cells, glyphs)]
    if not lines:
        return [*out, (Span("   no output", "dim"),)]
    return [*out, *newest_rows(lines, max(room - 1, 1), cells, indent=3)]


def state_line(status: OperationStatus | None, environment: str, now: float, cells: int) -> Line:
    """What the last run is, or that there was none."""
    from veza_tui.tui.presentation.operation import WORDS

    if status is None:
        return (Span("   It has not run yet from here. n shows its plan and asks before it starts.", "dim"),)
    word, role = WORDS[status.state]
    took = duration((status.ended or now) - status.started) if status.started else ""
    right: Line = (Span(f"{took}  {clean(status.user, 30)} ", "dim"),)
    reason = f"  {clean(status.reason, 300)}" if status.reason else ""
    return apart(
        clip((Span("   "), Span(word, role), Span(reason, role)), cells - width(right[0].text) - 2), right, cells
    )
