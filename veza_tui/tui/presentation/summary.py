"""The line about the last operation and the newest backup."""

from __future__ import annotations

from veza_tui.model.catalogue import CLOCK_SKEW
from veza_tui.model.environment import Environment
from veza_tui.model.sizes import size_text
from veza_tui.model.view import EnvironmentView
from veza_tui.tui.presentation.ages import calm_age, moment
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import Line, Span, clean, clip, fit, line_width

_WORDS = {
    "done": "done",
    "failed": "failed",
    "rolled-back": "failed, rolled back",
    "waiting": "waits for approval",
    "interrupted": "interrupted",
    "cancelled": "cancelled",
}
_ROLES = {"done": "ok", "failed": "bad", "rolled-back": "warn", "interrupted": "bad", "cancelled": "dim"}


def summary_line(environment: Environment, view: EnvironmentView, now: float, cells: int, glyphs: Glyphs) -> Line:
    """``last: deploy by oncall 12:04 failed, rolled back · backup 3 h ago, proven``.

    Where it is narrow, a missed objective's figure goes first, then who it was, then why: never that it was missed.
    """
    for user, figure, proof in ((True, True, True), (True, False, True), (False, False, True), (False, False, False)):
        line = _summary(environment, view, now, glyphs, user=user, figure=figure, proof=proof)
        if line_width(line) <= cells:
            return line
    return clip(line, cells)


def _summary(
    environment: Environment,
    view: EnvironmentView,
    now: float,
    glyphs: Glyphs,
    *,
    user: bool,
    figure: bool,
    proof: bool,
) -> Line:
    last = view.last_operation
    spans: list[Span] = [Span(" last: ", "dim")]
    if last is None:
        spans.append(Span("no operation yet", "dim"))
    else:
        word = _WORDS.get(last.state, clean(last.state, 30))
        who = f" by {clean(last.user, 40)}" if user else ""
        spans += [
            Span(f"{clean(last.kind, 30)}{who} {moment(last.at, now)} ", "text"),
            Span(word, _ROLES.get(last.state, "progress")),
        ]
    spans.append(Span(f" {glyphs.dot} ", "faint"))
    backup = view.newest_backup
    if backup is None:
        spans.append(Span("no backup", "warn" if environment.production else "dim"))
        return tuple(spans)
    if max(backup.at, backup.proven_at or 0) > now + CLOCK_SKEW:
        # Its age would be a lie, and so would be any word about the objective.
        spans.append(Span("backup dated in the future: check the clocks", "bad" if environment.production else "warn"))
        return tuple(spans)
    objective = environment.backup.rpo_minutes * 60
    late = backup.proven_at is None or now - backup.proven_at > objective
    spans.append(Span(f"backup {calm_age(now - backup.at)} ago", "warn" if now - backup.at > objective else "text"))
    if late and environment.backup.with_database and not proof:
        pass  # no proven one is young enough: that is what a missed objective means
    elif backup.proven:
        spans.append(Span(", proven", "ok"))
    elif backup.proven_at is not None:
        spans.append(Span(f", not proven; last proven {calm_age(now - backup.proven_at)} ago", "warn"))
    else:
        spans.append(Span(", not proven", "warn"))
    if late and environment.backup.with_database:
        aim = f"objective {calm_age(objective)}" if figure else "objective"
        spans.append(Span(f", {aim} MISSED", "bad" if environment.production else "warn"))
    return tuple(spans)


def undo_line(view: EnvironmentView, now: float, cells: int, glyphs: Glyphs) -> list[Line]:
    """The banner while a restore can be undone: ``restored 12:04 · before kept as … (13 MB) · U undoes``."""
    aside = view.set_aside
    if aside is None:
        return []
    what = "rows before" if aside.kind == "tables" else "before"
    dot = Span(f" {glyphs.dot} ", "faint")
    keys: Line = (dot, Span("U", "key", "do:undo_restore"), Span(" undoes", "hint", "do:undo_restore"))
    size = f" ({size_text(aside.size)})"
    head: Line = (Span(f" {glyphs.up} restored {moment(aside.at, now)}", "warn"), dot, Span(f"{what} kept as "))
    name = clean(aside.name, 70)
    room = cells - line_width(head) - line_width(keys) - len(size) - 1
    if room < 12:
        # The key is what matters: the size goes first, then the middle of the name.
        room, size = room + len(size), ""
    room = max(8, room)
    return [(*head, Span(fit(name, min(room, len(name))), "strong"), Span(size, "dim"), *keys)]
