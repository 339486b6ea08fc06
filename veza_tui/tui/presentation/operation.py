"""A running or past operation as lines. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.tui.presentation.ages import calm_age, local_zone, moment
from veza_tui.tui.presentation.bars import rollout_bar
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.output import newest_rows
from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, apart, clean, clip, fit, line_width, width

_ON_THE_WAY = ("Pending", "ContainerCreating", "PodInitializing", "Running, not ready", "Terminating", "Completed")
REASON = 5
"""Lines of a reason that an operation's page shows."""
SHORT = 30
"""Rows below which a screen is low."""
WORDS = {
    OperationState.WAITING: ("waits for an approval", "warn"),
    OperationState.RUNNING: ("running", "progress"),
    OperationState.CANCELLING: ("cancelling", "warn"),
    OperationState.CANCELLED: ("cancelled", "dim"),
    OperationState.FAILED: ("FAILED", "bad"),
    OperationState.ROLLED_BACK: ("failed, rolled back", "warn"),
    OperationState.INTERRUPTED: ("INTERRUPTED", "bad"),
    OperationState.DONE: ("done", "ok"),
}


def step_glyph(state: StepState, glyphs: Glyphs) -> Span:
    """The sign of a step, in its colour."""
    return {
        StepState.PENDING: Span(glyphs.unknown, "faint"),
        StepState.RUNNING: Span(glyphs.progressing, "progress"),
        StepState.DONE: Span(glyphs.ok, "ok"),
        StepState.FAILED: Span(glyphs.failed, "bad"),
        StepState.SKIPPED: Span(glyphs.dash, "dim"),
        StepState.UNDONE: Span(glyphs.up, "warn"),
    }[state]


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 min``."""
    if seconds is None:
        return ""
    return f"{max(seconds, 0):.1f} s" if seconds < 10 else calm_age(seconds)


def title_line(status: OperationStatus, now: float, cells: int, glyphs: Glyphs) -> Line:
    """Title, state, who and how long."""
    word, role = WORDS[status.state]
    ended = status.ended or now
    took = duration(ended - status.started) if status.started else ""
    left: Line = (Span(" "), Span(clean(status.title, 200), "strong"))
    when = f"  {moment(status.started, now)} {local_zone()}" if status.started else ""
    if width(clean(status.title, 200)) + len(word) + len(when) + len(took) + width(clean(status.user, 30)) + 9 > cells:
        when = ""
    right: Line = (Span(word, role), Span(f"{when}  {took}  ", "dim"), Span(clean(status.user, 30), "dim"), Span(" "))
    return apart(left, right, cells)


def operation_lines(
    status: OperationStatus, tail: Sequence[str], now: float, cells: int, rows: int, glyphs: Glyphs
) -> list[Line]:
    """The whole page: state, steps with bars, why it stopped, the newest output in what room is left."""
    lines: list[Line] = [title_line(status, now, cells, glyphs)]
    lines += purpose_lines(status, cells)
    lines += reason_lines(status, cells, glyphs, most=REASON)
    lines += [EMPTY, heading("STEPS", (), cells, glyphs)]
    steps: list[Line] = []
    for number, step in enumerate(status.steps, 1):
        culprit = bool(step.title) and status.reason.startswith(f"{step.title}: ")
        steps += step_lines(number, step, now, cells, glyphs, culprit=culprit, short=rows < SHORT)
    lines += steps
    room = rows - len(lines) - 2
    if tail and room > 0:
        lines += [EMPTY, heading("OUTPUT", (), cells, glyphs)]
        lines += newest_rows(tail, room, cells)
    return lines


def purpose_lines(status: OperationStatus, cells: int) -> list[Line]:
    """Why it was started, as its starter said."""
    text = clean(status.purpose, 400)
    parts = wrapped(text, cells - 6) if text else []
    return [(Span("     " if number else " why ", "dim"), Span(part)) for number, part in enumerate(parts)]


def reason_lines(status: OperationStatus, cells: int, glyphs: Glyphs, *, most: int) -> list[Line]:
    """Why it stopped, what can be done about it, and what is left of it."""
    lines: list[Line] = []
    if status.state is OperationState.CANCELLING:
        at = f" after “{clean(status.safe_point, 80)}”" if status.safe_point else " at the next safe point"
        lines.append((Span(f" {glyphs.todo} stops{at}; x again cuts the running step off", "warn"),))
    elif status.reason and status.state is not OperationState.DONE:
        role, reason = WORDS[status.state][1], what_went_wrong(status)
        lines += [(Span(f" {part}", role),) for part in wrapped(reason, cells - 2)[:most]]
    if status.kind == "restore" and status.state is OperationState.DONE:
        lines.append((Span(f" {glyphs.todo} P shows the proof; u takes it back, in under two seconds", "strong"),))
    if status.state is OperationState.INTERRUPTED:
        lines.append((Span(f" {glyphs.todo} r resumes it from its last finished step, u takes it back", "strong"),))
    lines += [(Span(f" left: {clean(line, 160)}", "warn"),) for line in getattr(status, "left", ())]
    return lines


def what_went_wrong(status: OperationStatus) -> str:
    """The reason without the title of the step that failed: that one is marked, or a keystroke away."""
    titles = (f"{step.title}: " for step in status.steps if step.title)
    title = next((t for t in titles if status.reason.startswith(t)), "")
    return status.reason.removeprefix(title)


def step_lines(
    number: int,
    step: StepStatus,
    now: float,
    cells: int,
    glyphs: Glyphs,
    *,
    culprit: bool = False,
    short: bool = False,
) -> list[Line]:
    """One step: sign, title, bar or duration; below it, while it runs, where it stands.

    ``culprit``: it is the one that the operation failed at, also when it was taken back since. ``short``: the screen is
    low, so pods in one state are one line.
    """
    running = step.state is StepState.RUNNING
    took = None
    if step.started is not None:
        took = (step.ended or now) - step.started if step.ended or running else None
    role = {"running": "strong", "failed": "bad", "pending": "dim", "skipped": "dim"}.get(step.state.value, "text")
    sign = step_glyph(StepState.FAILED if culprit else step.state, glyphs)
    role = "bad" if culprit else role
    right: list[Span] = []
    if running and step.progress is not None:
        right = [*progress_bar(step.progress, 16, glyphs), Span(f" {step.progress * 100:3.0f} %", "progress")]
    word = clean(step.detail, 40) if step.state is StepState.SKIPPED else ""
    if step.state is StepState.UNDONE:
        word = "failed" if culprit else "taken back"
    if step.state is StepState.UNDONE:
        took = None  # from its start to the end of the way back: nobody's question
    right.append(Span(f"  {fit(word or duration(took), max(8, len(word)), align='right')} ", "dim"))
    # Whole, on more lines where it must be: the name of what it acts on stands at its end.
    first, *others = wrapped(clean(step.title, 200), cells - 6 - line_width(right))
    lines = [apart((Span("  "), sign, Span(f" {first}", role)), tuple(right), cells)]
    lines += [(Span(f"    {part}", role),) for part in others]
    if running or step.state is StepState.FAILED:
        bars = deployment_lines(step.data, cells, glyphs, short=short)
        lines += bars
        if step.detail and not bars:
            lines.append(clip((Span("      "), Span(clean(step.detail, 300), "bad" if not running else "dim")), cells))
    return lines


def progress_bar(fraction: float, cells: int, glyphs: Glyphs) -> Line:
    """A bar of a fraction 0..1."""
    done = min(cells, round(max(fraction, 0.0) * cells))
    return (Span(glyphs.full * done, "progress"), Span(glyphs.rest * (cells - done), "faint"))


def deployment_lines(data: Mapping[str, Any], cells: int, glyphs: Glyphs, *, short: bool = False) -> list[Line]:
    """A bar for each deployment of a rollout, and its new pods as they appear."""
    lines: list[Line] = []
    for entry in data.get("deployments") or []:
        if not isinstance(entry, Mapping):
            continue
        desired, new, old = (_whole(entry.get(k)) for k in ("desired", "new", "old"))
        ready = _whole(entry.get("ready"))
        name = clean(str(entry.get("name", "")), 60)
        bar = rollout_bar(ready, old, max(desired, 1), 16, glyphs, "ok" if ready >= desired else "progress")
        counts = f" {ready}/{desired} ready, {new} new" + (f", {old} old" if old else "")
        reason = clean(str(entry.get("reason") or ""), 200)
        lines.append(
            clip((Span("      "), Span(fit(name, 22)), Span(" "), *bar, Span(counts, "dim"),
                  Span(f"  {reason}", "bad")), cells)
        )  # fmt: skip
        pods = [pod for pod in entry.get("pods") or [] if isinstance(pod, Mapping)]
        lines += [clip((Span("        "), *line), cells) for line in _appearing(pods, short=short)]
    return lines


def _appearing(pods: Sequence[Mapping[str, Any]], *, short: bool) -> list[Line]:
    """New pods that are not there yet, a line each, or a line for all in one state; what is wrong stands out."""
    states: dict[str, list[str]] = {}
    for pod in pods:
        ready, _, total = str(pod.get("ready", "")).partition("/")
        status = clean(str(pod.get("status")), 40)
        if status == "Running" and ready != total:
            status = "Running, not ready"
        if status != "Running":
            states.setdefault(status, []).append(clean(str(pod.get("name")), 70))
    lines: list[Line] = []
    for status, names in states.items():
        more = f" and {len(names) - 1} more" if names[1:] else ""
        role = "dim" if status in _ON_THE_WAY else "bad"
        shown = [names[0] + more] if short else names
        lines += [(Span(f"{name}  ", "dim"), Span(status, role)) for name in shown]
    return lines


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def operation_details(
    status: OperationStatus, tail: Sequence[str], now: float, cells: int, rows: int, glyphs: Glyphs
) -> list[Line]:
    """An operation beside the history: how it ended and why in full, its steps, the end of its output."""
    lines: list[Line] = [heading("THE OPERATION", (Span(clean(status.id, 60), "dim"),), cells, glyphs)]
    lines.append((Span(" "), Span(clean(status.title, 200), "strong")))
    word, role = WORDS[status.state]
    took = duration((status.ended or now) - status.started) if status.started else ""
    when = f"  {moment(status.started, now)} {local_zone()}, {took}" if status.started else ""
    lines.append((Span(" "), Span(word, role), Span(f"{when}, by {clean(status.user, 30)}", "dim")))
    lines += purpose_lines(status, cells)
    lines += reason_lines(status, cells, glyphs, most=rows)
    if status.steps:
        lines.append(EMPTY)
        for number, step in enumerate(status.steps, 1):
            culprit = bool(step.title) and status.reason.startswith(f"{step.title}: ")
            lines += step_lines(number, step, now, cells, glyphs, culprit=culprit, short=True)
    room = rows - len(lines) - 3
    if tail and room > 0:
        lines += [EMPTY, heading("OUTPUT", (), cells, glyphs), *newest_rows(tail, room, cells)]
    return lines


def history_cells(status: OperationStatus, now: float) -> tuple[Span, ...]:
    """The columns of the history: when, what, environment, who, outcome, reason."""
    word, role = WORDS[status.state]
    took = duration(status.ended - status.started) if status.ended and status.started else ""
    return (
        Span(moment(status.started, now) if status.started else "", "dim"),
        Span(clean(status.kind, 30), "strong"),
        Span(clean(status.environment, 40)),
        Span(word, role),
        Span(took, "dim"),
        Span(clean(status.user, 40), "dim"),
        _why(status),
    )


def _why(status: OperationStatus) -> Span:
    """Why it ended as it did; where all is well, why it was started."""
    said = "" if status.state is OperationState.DONE else clean(what_went_wrong(status), 200)
    return Span(said, "dim") if said else Span(clean(status.purpose, 200))
