"""The block WARNINGS under the pods, where a screen has lines to spare: what the cluster complained of last."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.workload import EventRow
from veza_tui.tui.presentation.ages import calm_age
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import Line, Span, clean, clip, fit, width

LEAST = 3
"""Lines below which the block is not worth its heading."""


def warning_lines(events: Sequence[EventRow], now: float, cells: int, glyphs: Glyphs, *, most: int) -> list[Line]:
    """Heading and the newest warnings in at most ``most`` lines; empty when there is none, or no room."""
    if not events or most < LEAST:
        return []
    shown = sorted(events, key=lambda e: (-e.last, e.uid))[: most - 1]
    note: Line = (
        Span(str(len(events)), "warn"),
        Span(f" {glyphs.dot} newest first" if len(shown) > 1 else "", "dim"),
    )
    right: Line = (Span("e", "key", "do:events"), Span(" all events", "hint", "do:events"))
    # In the order of the columns: when, how often, what, of which object.
    rows = [
        (
            calm_age(now - e.last),
            f"x{e.count}" if e.count > 1 else "",
            clean(e.reason, 24),
            clean(f"{e.object_kind.lower()}/{e.object_name}", 48),
        )
        for e in shown
    ]
    ages, counts, reasons, objects = (max(map(width, column)) for column in zip(*rows, strict=True))
    lines = [heading("WARNINGS", note, cells, glyphs, right=right)]
    for event, (when, count, reason, name) in zip(shown, rows, strict=True):
        lines.append(
            clip(
                (
                    Span(f"   {fit(when, ages, align='right')}  {fit(count, counts, align='right')}  ", "dim"),
                    Span(f"{fit(reason, reasons)}  ", "warn"),
                    Span(f"{fit(name, objects)}  ", "text"),
                    Span(clean(event.message), "dim"),
                ),
                cells - 1,
            )
        )
    return lines
