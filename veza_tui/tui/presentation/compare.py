"""Comparisons as rows: what differs first, each place in a column of its own."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.text import every_word
from veza_tui.operations.inspect.compare import Comparison
from veza_tui.operations.inspect.drift import Drift, DriftRow
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.rows import Column, Row
from veza_tui.tui.presentation.shorter import apart, short_object, short_path
from veza_tui.tui.presentation.spans import Line, Span, clean, fit

NARROW = 120
"""Cells below which long values are told by what differs in them; in full they stand below the list."""
SHORT = 12
"""Cells of a value that is not long."""
_DIFFERS = "secret, differs "

DRIFT_COLUMNS = (
    Column("field", "FIELD", 20, flexible=True, middle=True, comfortable=20),
    Column("object", "OBJECT", 19, flexible=True, drop=1),
    Column("file", "FILE", 9, flexible=True, middle=True, comfortable=9),
    Column("manifest", "MANIFESTS", 9, flexible=True, middle=True, comfortable=9),
    Column("live", "LIVE", 9, flexible=True, middle=True, comfortable=9),
)


def compare_columns(environments: Sequence[str]) -> tuple[Column, ...]:
    """A column an environment."""
    return (
        Column("field", "FIELD", 26, flexible=True, middle=True, comfortable=20),
        *(
            Column(n, clean(n, 30).upper(), max(10, min(14, len(n))), flexible=True, middle=True, comfortable=12)
            for n in environments
        ),
    )


def compare_rows(found: Comparison, match: str, glyphs: Glyphs, *, narrow: bool = False) -> list[Row]:
    """The rows; equal ones are dim. ``narrow``: what all values begin or end with is left out of long ones."""
    every, has = found.services, every_word(match)
    out = []
    for row in found.rows:
        users = row.users(every)
        texts = [cell.text if cell.present else glyphs.dash for cell in row.cells]
        if not has("\n".join((row.name, users, *texts))):
            continue
        role = "dim" if row.same else "text"
        who = f"{row.services[0]} +{len(row.services) - 1}" if narrow and row.services[1:] else users
        field = row.name if len(row.services) == every else f"{who} {row.name}"
        cells = [Span(clean(field, 120), "dim" if row.same else "strong")]
        texts = [_spoken(text) for text in texts]
        if narrow and not row.same:
            there = [text for text, cell in zip(texts, row.cells, strict=True) if cell.present]
            shorter = iter(apart(there, SHORT, ellipsis=glyphs.ellipsis))
            texts = [next(shorter) if cell.present else text for text, cell in zip(texts, row.cells, strict=True)]
        cells += [Span(clean(text, 300), role) for text in texts]
        out.append(Row(row.key, _sign(row.same, glyphs), tuple(cells)))
    return out


def _spoken(text: str) -> str:
    """A secret's letter without the words that its sign says already: the letter was what was cut."""
    return f"secret {text.removeprefix(_DIFFERS)}" if text.startswith(_DIFFERS) else text


def drift_rows(found: Drift, match: str, glyphs: Glyphs, *, narrow: bool = False) -> list[Row]:
    """The rows; empty where a place has no say. ``narrow`` as in ``compare_rows``."""
    has, out = every_word(match), []
    for row in found.rows:
        path = whole_path(row)
        live = f"{row.live} by {row.by}" if row.by else row.live or ""
        if not has("\n".join((row.object, row.path, row.file or "", row.manifest or "", live))):
            continue
        role = "dim" if row.same else "text"
        name = short_object(row.object) if narrow else row.object
        path = short_path(path, ellipsis=glyphs.ellipsis) if narrow else path
        cells = [Span(clean(path, 200), "dim" if row.same else "strong"), Span(clean(name, 120), "dim")]
        values = [row.file or "", row.manifest or "", live]
        if narrow and not row.same:
            shorter = iter(apart([value for value in values if value], SHORT, ellipsis=glyphs.ellipsis))
            values = [next(shorter) if value else "" for value in values]
        cells += [Span(clean(value, 300), role) for value in values]
        out.append(Row(drift_key(row), _sign(row.same, glyphs), tuple(cells)))
    return out


def drift_key(row: DriftRow) -> str:
    """What stays the same while its values change."""
    return f"{row.object} {row.path}"


def whole_path(row: DriftRow) -> str:
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
