"""Comparisons as rows: what differs first, each place in a column of its own."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.operations.inspect.compare import Comparison
from veza_tui.operations.inspect.compare import Row as Compared
from veza_tui.operations.inspect.drift import Drift, DriftRow
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.spans import Line, Span, clean, fit

DRIFT_COLUMNS = (
    Column("field", "FIELD", 22, flexible=True, middle=True, comfortable=24),
    Column("object", "OBJECT", 14, flexible=True, drop=1),
    Column("file", "FILE", 9, flexible=True, middle=True, comfortable=9),
    Column("manifest", "MANIFESTS", 9, flexible=True, middle=True, comfortable=9),
    Column("live", "LIVE", 9, flexible=True, middle=True, comfortable=9),
)


def compare_columns(environments: Sequence[str]) -> tuple[Column, ...]:
    """A column an environment."""
    return (
        Column("field", "FIELD", 20, flexible=True, middle=True, comfortable=20),
        *(Column(n, clean(n, 30).upper(), 10, flexible=True, middle=True, comfortable=12) for n in environments),
    )


def users_of(row: Compared, every: int) -> str:
    """Which services a row is about."""
    return "all services" if len(row.services) == every > 1 else ", ".join(row.services)


def services_in(found: Comparison) -> int:
    """How many services there are."""
    return len({service for row in found.rows for service in row.services})


def compare_rows(found: Comparison, match: str, glyphs: Glyphs) -> list[Row]:
    """The rows; equal ones are dim."""
    every = services_in(found)
    out = []
    for row in found.rows:
        users = users_of(row, every)
        texts = [cell.text if cell.present else glyphs.dash for cell in row.cells]
        if not _matches(match, row.name, users, *texts):
            continue
        role = "dim" if row.same else "text"
        field = row.name if len(row.services) == every else f"{users} {row.name}"
        cells = [Span(clean(field, 120), "dim" if row.same else "strong")]
        cells += [Span(clean(text, 300), role) for text in texts]
        out.append(Row(row.key, _sign(row.same, glyphs), tuple(cells)))
    return out


def drift_rows(found: Drift, match: str, glyphs: Glyphs) -> list[Row]:
    """The rows; empty where a place has no say."""
    out = []
    for row in found.rows:
        path = short_path(row)
        live = f"{row.live} by {row.by}" if row.by else row.live or ""
        if not _matches(match, row.object, row.path, row.file or "", row.manifest or "", live):
            continue
        role = "dim" if row.same else "text"
        cells = [Span(clean(path, 200), "dim" if row.same else "strong"), Span(clean(row.object, 120), "dim")]
        cells += [Span(clean(value or "", 300), role) for value in (row.file, row.manifest, live)]
        out.append(Row(drift_key(row), _sign(row.same, glyphs), tuple(cells)))
    return out


def drift_key(row: DriftRow) -> str:
    """What stays the same while its values change."""
    return f"{row.object} {row.path}"


def short_path(row: DriftRow) -> str:
    """The path without what every Deployment's begins with."""
    return row.path.removeprefix("spec.template.spec.").removeprefix("containers") or "(whole)"


def values_lines(names: Sequence[str], values: Sequence[str], title: str, cells: int) -> list[Line]:
    """The chosen row in full: one line a place."""
    column = min(max((len(n) for n in names), default=0), 24)
    lines: list[Line] = [(Span(f" {clean(title, 300)}", "strong"),)]
    for name, value in zip(names, values, strict=True):
        lines.append(
            (Span(f" {fit(clean(name, 30), column)}  ", "dim"), Span(clean(value, max(10, cells - column - 4))))
        )
    return lines


def _sign(same: bool, glyphs: Glyphs) -> Span:
    return Span(glyphs.dot, "dim") if same else Span(glyphs.degraded, "warn")


def _matches(match: str, *texts: str) -> bool:
    words = match.casefold().split()
    hay = "\n".join(texts).casefold()
    return all(word in hay for word in words)
