"""The block HEALTH: services, database and cache with latency, one detail and a sparkline."""

from __future__ import annotations

import math
from collections.abc import Sequence

from veza_tui.model.view import HealthRow
from veza_tui.model.workload import State
from veza_tui.tui.presentation.ages import latency
from veza_tui.tui.presentation.bars import sparkline
from veza_tui.tui.presentation.glyphs import ROLES, Glyphs
from veza_tui.tui.presentation.section import heading
from veza_tui.tui.presentation.spans import Line, Span, clean, fit, pad, width


def health_lines(rows: Sequence[HealthRow], cells: int, glyphs: Glyphs, *, compact: bool) -> list[Line]:
    """Heading and rows in ``cells`` cells; ``compact`` puts database and cache on one line while both are well."""
    every = _interval(rows)
    lines = [heading("HEALTH", (Span(f"every {every} s", "dim"),) if every else (), cells, glyphs)]
    if not rows:
        return [*lines, (Span("   not asked yet", "dim"),)]
    stores = [row for row in rows if row.kind != "service"]
    merge = compact and len(stores) == 2 and all(row.state is State.OK for row in stores)
    singles = [row for row in rows if not merge or row.kind == "service"]
    names = min(max(width(clean(row.name)) for row in rows), 24)
    times = max((width(usual_latency(row)) for row in singles), default=0)
    details = max((width(said_in_full(row)) for row in singles), default=0)
    lines += [_row(row, names, max(times, 6), details, cells, glyphs) for row in singles]
    if merge:
        lines.append(_merged(stores, names, cells, glyphs))
    return lines


_SERIES = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_RECENT = 9


def usual_latency(row: HealthRow) -> str:
    """The median of the newest answers in round figures: what it usually takes, which seldom changes on the screen.

    In trouble it is the last answer as it was. The exact figures stand on the health page.
    """
    recent = [value for _, _, value in row.history[-_RECENT:] if value is not None]
    if row.latency is None or row.state not in (State.OK, State.UNKNOWN) or not recent:
        return latency(row.latency)
    value = sorted(recent)[len(recent) // 2]
    if value <= 0:
        return latency(value)
    decade = 10.0 ** math.floor(math.log10(value))
    return latency(decade * min(_SERIES, key=lambda step: abs(step - value / decade)))


_UNITS = {"database": "connections", "cache": "in memory"}


def said_in_full(row: HealthRow) -> str:
    """The detail with its unit where there is room: ``14/100 connections``, ``13 MB in memory``."""
    detail = clean(row.detail, 120)
    figures = detail.replace("/", "").removesuffix("B").rstrip("KMGTi ").replace(".", "")
    return f"{detail} {_UNITS[row.kind]}" if row.kind in _UNITS and figures.isdigit() else detail


def _row(row: HealthRow, names: int, times: int, details: int, cells: int, glyphs: Glyphs) -> Line:
    role = ROLES[row.state]
    good = row.state in (State.OK, State.UNKNOWN)
    line: list[Span] = [
        Span(f" {glyphs.state(row.state)} ", role),
        Span(fit(clean(row.name), names), "text"),
    ]
    room = cells - 3 - names
    room -= room > 24  # the last cell stays free, as under the heading's rule
    detail = clean(row.detail, 120)
    took = usual_latency(row) or ("not asked" if row.state is State.UNKNOWN else "")
    if room >= 2 + times + 2 + 12 + 2 + 12:
        took = fit(took, max(times, width(took)), align="right")
        line.append(Span(f"  {took}", "text" if good else role))
        room -= 2 + width(took)
        spark = min(30, max(8, room // 3))
        column = max(8, min(details, room - 4 - spark))
        line.append(
            Span(f"  {fit(said_in_full(row) if details <= column else detail, column)}", "dim" if good else role)
        )
        return pad((*line, Span("  "), *sparkline(row.history, spark, glyphs)), cells)
    # Narrow: one column says the latency, or in trouble what is wrong; the sparklines stand below each other.
    spark = 8 if room >= 2 + 12 + 2 + 8 else 6 if room >= 2 + 10 + 2 + 6 else 0
    if not good and width(detail) > room - 4 - spark:
        spark = 0  # what is wrong matters more than since when
    column = max(0, room - 2 - (spark + 2 if spark else 0))
    said = fit(took, max(times, width(took)), align="right") if good else detail or took or row.state.value
    if good and detail and row.kind != "service":
        said = said_in_full(row) if width(said_in_full(row)) <= column else detail
    line.append(Span(f"  {fit(said, column)}", "text" if good else role))
    return pad((*line, Span("  "), *sparkline(row.history, spark, glyphs)) if spark else line, cells)


def _merged(stores: Sequence[HealthRow], names: int, cells: int, glyphs: Glyphs) -> Line:
    first, second = stores
    return pad(
        (
            Span(f" {glyphs.state(first.state)} ", ROLES[first.state]),
            Span(fit(clean(first.name), names), "text"),
            Span(f"  {clean(first.detail, 20) or latency(first.latency)}", "text"),
            Span(f" {glyphs.dot} ", "faint"),
            Span(f"{clean(second.name)} ", "text"),
            Span(f"{glyphs.state(second.state)} ", ROLES[second.state]),
            Span(clean(second.detail, 20) or latency(second.latency), "text"),
        ),
        cells,
    )


def _interval(rows: Sequence[HealthRow]) -> int:
    """Seconds between the checks as they really come, in steps of 5; 0 when not known yet."""
    for row in rows:
        if row.kind == "service" and len(row.history) >= 4:
            # The longest of the newest: a doubtful answer is asked again sooner than the interval says.
            longest = max(b[0] - a[0] for a, b in zip(row.history[-6:], row.history[-5:], strict=False))
            return max(5, 5 * round(longest / 5))
    return 0
