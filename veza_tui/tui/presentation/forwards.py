"""Forwards as rows; pure."""

from __future__ import annotations

from veza_tui.model.forward import ForwardState, ForwardStatus
from veza_tui.tui.presentation.ages import calm_age
from veza_tui.tui.presentation.backups import size_text
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Line, Span, clean

COLUMNS = (
    Column("local", "LOCAL", 10, comfortable=15),
    Column("name", "TO", 20, flexible=True),
    Column("state", "STATE", 7, comfortable=8),
    Column("open", "CONN", 4, align="right"),
    Column("in", "IN", 6, comfortable=6, align="right"),
    Column("out", "OUT", 6, comfortable=6, align="right"),
    Column("expires", "ENDS", 4, drop=1),
    Column("where", "ENVIRONMENT", 11, drop=2),
    Column("pod", "POD", 12, drop=3, middle=True, flexible=True),
)
_SIGNS = {
    ForwardState.READY: ("ok", "ok"),
    ForwardState.STARTING: ("progressing", "progress"),
    ForwardState.WAITING: ("degraded", "warn"),
    ForwardState.LOST: ("failed", "bad"),
    ForwardState.EXPIRED: ("dash", "dim"),
    ForwardState.ENDED: ("dash", "dim"),
}


def forward_row(status: ForwardStatus, now: float, glyphs: Glyphs) -> Row:
    """One forward: under it the line to paste, why it waits, and the last error."""
    sign, role = _SIGNS[status.state]
    over = status.state.over
    target = status.spec.target
    ends = "" if status.expires is None or over else calm_age(max(0.0, status.expires - now))
    plain = "dim" if over else "text"
    cells = (
        Span(clean(status.local, 60), "dim" if over else "strong"),
        Span(clean(f"{target.label} in {target.namespace}", 160), plain),
        Span(str(status.state), role),
        Span(str(status.connections), plain if status.connections else "dim"),
        Span(size_text(status.received), plain),
        Span(size_text(status.sent), plain),
        Span(ends, "warn"),
        Span(clean(status.spec.environment, 40), "production" if status.spec.guarded else "dim"),
        Span(clean(status.pod, 80), "dim"),
    )
    notes: list[Line] = []
    if status.paste and not over:
        notes.append((Span(clean(status.paste, 300), "dim"),))
    if status.detail and not over:
        notes.append((Span(clean(status.detail, 200), "warn"),))
    if status.error:
        notes.append((Span(f"{calm_age(now - status.error_at)} ago: ", "dim"), Span(clean(status.error, 300), "bad")))
    return Row(str(status.id), Span(getattr(glyphs, sign), role), cells, tuple(notes))
