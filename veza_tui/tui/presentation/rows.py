"""Rows and columns of a table, and how they share the width."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from veza_tui.tui.presentation.spans import Line, Span, fit, fit_middle, width

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    """A column; the highest ``drop`` goes first when it is narrow, 0 stays always."""

    key: str
    title: str
    minimum: int
    """Cells below which it is of no use."""
    drop: int = 0
    align: str = "left"
    flexible: bool = False
    """Whether it gives way before a column is dropped."""
    middle: bool = False
    """Whether it is cut in the middle."""
    comfortable: int = 0
    """Cells it holds even when the rows need less, so that it does not jump."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: ``key`` stays the same while the row changes; one span a column; ``notes`` are lines below it."""

    key: str
    glyph: Span
    cells: tuple[Span, ...]
    notes: tuple[Line, ...] = ()

    @property
    def height(self) -> int:
        """Lines that it takes."""
        return 1 + len(self.notes)

    @property
    def widths(self) -> tuple[int, ...]:
        """Cells that each column needs."""
        return tuple([width(span.text) for span in self.cells])


class TableRow(Protocol):
    """What a table needs of a row: ``Row`` has it ready, one of thousands makes its cells when it comes into view."""

    @property
    def key(self) -> str: ...
    @property
    def height(self) -> int: ...
    @property
    def widths(self) -> tuple[int, ...]: ...
    @property
    def glyph(self) -> Span: ...
    @property
    def cells(self) -> tuple[Span, ...]: ...
    @property
    def notes(self) -> tuple[Line, ...]: ...


def content_widths(columns: Sequence[Column], rows: Iterable[TableRow]) -> list[int]:
    """What each column needs for its title and its rows."""
    needs = [max(width(c.title), c.comfortable) for c in columns]
    for most, column in zip(needs_of(rows), range(len(columns)), strict=False):
        needs[column] = max(needs[column], most)
    return needs


def needs_of(rows: Iterable[TableRow]) -> list[int]:
    """The most of each column, of thousands of rows."""
    distinct = {row.widths for row in rows}
    return [max(column) for column in zip(*distinct, strict=False)]


def share(columns: Sequence[Column], needs: Sequence[int], cells: int) -> list[int]:
    """Cells of each column, 0 for a dropped one, so that all with their gaps fit in ``cells``."""
    kept = list(range(len(columns)))
    while True:
        flexible = [i for i in kept if columns[i].flexible]
        room = cells - GAP * (len(kept) - 1)
        least = sum(min(needs[i], columns[i].minimum) if columns[i].flexible else needs[i] for i in kept)
        droppable = [i for i in kept if columns[i].drop]
        if least <= room or not droppable:
            break
        kept.remove(max(droppable, key=lambda i: columns[i].drop))
    out = [0] * len(columns)
    for i in kept:
        out[i] = needs[i]
    over = sum(out[i] for i in kept) - room
    # The widest flexible column gives first.
    while over > 0 and flexible:
        widest = max(flexible, key=lambda i: out[i])
        give = min(over, max(0, out[widest] - columns[widest].minimum))
        if not give:
            flexible.remove(widest)
            continue
        out[widest] -= give
        over -= give
    if over > 0 and kept:
        out[kept[0]] = max(1, out[kept[0]] - over)
    return out


def row_line(row: TableRow, columns: Sequence[Column], widths: Sequence[int], marker: str, role: str = "") -> Line:
    """The row's first line; spans in the same role are one span, which keeps the bytes on the wire few."""
    spans: list[Span] = [Span(marker, "cursor-mark"), Span(f"{row.glyph.text} ", role or row.glyph.role)]
    last = max((i for i, cells in enumerate(widths) if cells), default=0)
    for i, span in enumerate(row.cells):
        if not widths[i]:
            continue
        column = columns[i]
        cut = fit_middle(span.text, widths[i]) if column.middle else fit(span.text, widths[i], align=column.align)
        # No gap after the last column: a full row would be cut for it.
        spans.append(Span(cut + " " * (GAP if i < last else 0), role or span.role))
    return merged(spans)


def heading_line(
    label: Line, columns: Sequence[Column], widths: Sequence[int], cells: int, arrow: str = "", sorted_by: str = ""
) -> Line:
    """The columns' titles; ``label`` stands over the first column, and over more of them when it is long."""
    spans: list[Span] = [Span(" "), *label]
    used = 1 + sum(width(s.text) for s in label)
    at = 3
    for i, column in enumerate(columns):
        if not widths[i]:
            continue
        if i and at >= used + 1:
            title = column.title + (arrow if column.key == sorted_by else "")
            text = fit(title, max(widths[i], width(title)), align=column.align)
            spans += [Span(" " * (at - used)), Span(text, "title-sorted" if column.key == sorted_by else "title")]
            used = at + width(text)
        at += widths[i] + GAP
    return tuple(spans)


def merged(spans: Sequence[Span]) -> Line:
    """Neighbours in one role joined; blanks take their neighbour's role."""
    out: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if out and out[-1].role == span.role and out[-1].click == span.click:
            out[-1] = Span(out[-1].text + span.text, span.role, span.click)
        else:
            out.append(span)
    return tuple(out)
