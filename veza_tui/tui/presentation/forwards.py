"""Forwards as rows; pure."""

from __future__ import annotations

from veza_tui.model.forward import ForwardState, ForwardStatus
from veza_tui.model.sizes import size_text
from veza_tui.tui.presentation.ages import calm_age
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.shorter import short_object
from veza_tui.tui.presentation.spans import Line, Span, clean

COLUMNS = (
    Column("local", "LOCAL", 10, comfortable=15),
    Column("name", "TO", 20, flexible=True),
    Column("state", "STATE", 7, comfortable=8),
    Column("open", "CONN", 4, align="right"),
    Column("in", "IN", 6, comfortable=6, align="right"),
    Column("out", "OUT", 6, comfortable=6, align="right"),
    Column("expires", "ENDS", 4, drop=1),
    Column("namespace", "NAMESPACE", 9, drop=2),
    Column("where", "ENVIRONMENT", 11, drop=3),
    Column("pod", "POD", 12, drop=4, middle=True, flexible=True),
)
NARROW = 120
"""Cells below which its end, namespace, environment and pod stand under each row, where nothing cuts them."""
NARROW_COLUMNS = COLUMNS[:6]
_SIGNS = {
    ForwardState.READY: ("ok", "ok"),
    ForwardState.STARTING: ("progressing", "progress"),
    ForwardState.WAITING: ("degraded", "warn"),
    ForwardState.LOST: ("failed", "bad"),
    ForwardState.EXPIRED: ("dash", "dim"),
    ForwardState.ENDED: ("dash", "dim"),
}


def forward_row(status: ForwardStatus, now: float, glyphs: Glyphs, *, narrow: bool = False) -> Row:
    """One forward: under it the line to paste, why it waits, and the last error; ``narrow``: where it leads, too."""
    sign, role = _SIGNS[status.state]
    over = status.state.over
    target = status.spec.target
    ends = "" if status.expires is None or over else calm_age(max(0.0, status.expires - now))
    plain = "dim" if over else "text"
    cells = (
        Span(clean(status.local, 60), "dim" if over else "strong"),
        Span(clean(short_object(target.label) if narrow else target.label, 160), plain),
        Span(str(status.state), role),
        Span(str(status.connections), plain if status.connections else "dim"),
        Span(size_text(status.received), plain),
        Span(size_text(status.sent), plain),
        Span(ends, "warn"),
        Span(clean(target.namespace, 80), plain),
        Span(clean(status.spec.environment, 40), "production" if status.spec.guarded else "dim"),
        Span(clean(status.pod, 80), "dim"),
    )
    notes: list[Line] = []
    if narrow:
        pod = f", pod {status.pod}" if status.pod and not over else ""
        where = Span(clean(status.spec.environment, 40), "production" if status.spec.guarded else "dim")
        notes.append((Span(clean(f"in {target.namespace} of ", 100), "dim"), where, Span(clean(pod, 90), "dim"),
                      Span(f", ends in {ends}" if ends else "", "warn")))  # fmt: skip
    if status.paste and not over:
        notes.append((Span(clean(status.paste, 300), "dim"),))
    if status.detail and not over:
        notes.append((Span(clean(status.detail, 200), "warn"),))
    if status.error:
        notes.append((Span(f"{calm_age(now - status.error_at)} ago: ", "dim"), Span(clean(status.error, 300), "bad")))
    shown = cells[: len(NARROW_COLUMNS)] if narrow else cells
    return Row(str(status.id), Span(getattr(glyphs, sign), role), shown, tuple(notes))
