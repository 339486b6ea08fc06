"""Bars and sparklines made of characters."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.workload import State
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.spans import Line, Span


def rollout_bar(new: int, old: int, desired: int, cells: int, glyphs: Glyphs, role: str) -> Line:
    """Ready pods of the new revision (high), of the old one (half) and what is missing (low), of ``desired``."""
    if desired <= 0 or cells <= 0:
        return (Span(glyphs.rest * max(cells, 0), "faint"),)
    ready = min(cells, _share(min(new + old, desired), desired, cells))
    fresh = min(ready, _share(min(new, desired), desired, cells))
    spans = (
        Span(glyphs.full * fresh, role),
        Span(glyphs.half * (ready - fresh), "dim"),
        Span(glyphs.rest * (cells - ready), "faint"),
    )
    return tuple(span for span in spans if span.text)


def _share(part: int, whole: int, cells: int) -> int:
    # One missing pod must always be seen: round down, but show one cell for one pod.
    return max(1, part * cells // whole) if part > 0 else 0


def sparkline(history: Sequence[tuple[float, State, float | None]], cells: int, glyphs: Glyphs) -> Line:
    """The newest latencies, one cell each, on a scale of their own; a check that failed is a full red cell."""
    if cells <= 0:
        return ()
    points = history[-cells:]
    values = [value for _, _, value in points if value is not None]
    top = max(values, default=0.0)
    # A steady 20 ms against 10 ms is no peak: the scale is at least 400 ms high, and the line calm while all is well.
    scale = max(top, 0.4)
    out: list[Span] = []
    last = len(glyphs.spark) - 1
    for _, state, value in points:
        if state in (State.FAILED, State.DEGRADED):
            out.append(Span(glyphs.spark[last], ROLES[state]))
        elif value is None:
            out.append(Span(glyphs.gap, "faint"))
        else:
            out.append(Span(glyphs.spark[min(last - 1, round(value / scale * (last - 1)))], "spark"))
    merged: list[Span] = []
    for span in out:
        if merged and merged[-1].role == span.role:
            merged[-1] = Span(merged[-1].text + span.text, span.role)
        else:
            merged.append(span)
    # The newest answer always stands at the right edge.
    return (Span(" " * (cells - len(points))), *merged) if len(points) < cells else tuple(merged)
