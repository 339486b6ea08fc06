"""Rollouts and health in one line each, for terminals on which the pods would not fit below them."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.view import HealthRow
from veza_tui.model.workload import RolloutRow, State
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.spans import Line, Span, clean, clip

_WELL = (State.OK, State.UNKNOWN)


def rollout_summary(rollouts: Sequence[RolloutRow], cells: int, glyphs: Glyphs) -> Line:
    """``ROLLOUTS 3 well`` or the ones that are not, worst first."""
    rough = sorted((r for r in rollouts if r.state is not State.OK), key=lambda r: -r.state.severity)
    named = [(r.state, f"{r.name} {r.ready}/{r.desired}") for r in rough]
    return _line("ROLLOUTS", named, len(rollouts) - len(rough), cells, glyphs)


def health_summary(rows: Sequence[HealthRow], cells: int, glyphs: Glyphs) -> Line:
    """``HEALTH 5 well`` or the ones that are not, worst first."""
    rough = sorted((r for r in rows if r.state is not State.OK), key=lambda r: -r.state.severity)
    named = [(r.state, r.name if r.state in _WELL else f"{r.name} {r.detail}".rstrip()) for r in rough]
    return _line("HEALTH", named, len(rows) - len(rough), cells, glyphs)


def _line(title: str, rough: Sequence[tuple[State, str]], well: int, cells: int, glyphs: Glyphs) -> Line:
    spans = [Span(f" {title} ", "heading")]
    for state, words in rough:
        spans.append(Span(f"{glyphs.state(state)} {clean(words, 80)}  ", ROLES[state]))
    if well or not rough:
        spans.append(Span(f"{well} well", "dim"))
    return clip(spans, cells)
