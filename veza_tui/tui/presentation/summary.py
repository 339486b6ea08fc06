"""The line about the last operation and the newest backup."""

from __future__ import annotations

from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView
from veza_tui.tui.presentation.ages import calm_age, moment
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import Line, Span, clean, clip

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
    """``last: deploy by oncall 12:04 failed, rolled back · backup 3 h ago, proven``."""
    last = view.last_operation
    spans: list[Span] = [Span(" last: ", "dim")]
    if last is None:
        spans.append(Span("no operation yet", "dim"))
    else:
        word = _WORDS.get(last.state, clean(last.state, 30))
        spans += [
            Span(f"{clean(last.kind, 30)} by {clean(last.user, 40)} {moment(last.at, now)} ", "text"),
            Span(word, _ROLES.get(last.state, "progress")),
        ]
    spans.append(Span(f" {glyphs.dot} ", "faint"))
    backup = view.newest_backup
    if backup is None:
        spans.append(Span("no backup", "warn" if environment.production else "dim"))
        return clip(spans, cells)
    old = now - backup.at > environment.backup.rpo_minutes * 60
    spans.append(Span(f"backup {calm_age(now - backup.at)} ago", "warn" if old else "text"))
    if backup.proven:
        spans.append(Span(", proven", "ok"))
    elif backup.proven_at is not None:
        spans.append(Span(f", not proven; last proven {calm_age(now - backup.proven_at)} ago", "warn"))
    else:
        spans.append(Span(", not proven", "warn"))
    return clip(spans, cells)
