"""The line over the logs: what is read, how much of it, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.model.log import Scope
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import Line, Span, apart, counted, line_width


@dataclass(frozen=True, slots=True)
class Head:
    """All text in it is clean."""

    what: str
    scope: Scope
    containers: int
    lines: int
    dropped: int
    following: bool
    previous: bool
    filter: str = ""
    shown: int | None = None
    mark: str = ""
    problem: str = ""
    wrap: bool = False
    raw: bool = False
    writing: bool = False
    searching: bool = False


def head_line(head: Head, cells: int, glyphs: Glyphs) -> Line:
    """Left what it is, right whether it follows; what is least needed goes first when it is narrow."""
    dot = Span(f" {glyphs.dot} ", "faint")
    right: list[Span] = []
    if head.writing:
        right += [Span("writing", "warn"), dot]
    if head.wrap:
        right += [Span("wrap", "dim"), dot]
    if head.raw:
        right += [Span("raw", "dim"), dot]
    if head.previous:
        right.append(Span("run before the restart", "warn"))
    elif head.following:
        right.append(Span(f"{glyphs.down} following", "ok"))
    else:
        right += [Span("held", "warn"), dot, Span("G", "key", "do:cursor.last"), Span(" follows", "dim")]
    right.append(Span(" "))
    left: list[Span] = [Span(" LOGS ", "heading"), Span(head.what, "strong")]
    if head.problem:
        left += [dot, Span(head.problem, "bad")]
        return apart(left, right, cells)
    optional: list[tuple[int, list[Span]]] = []
    if head.filter:
        count = f" {head.shown:,}{glyphs.ellipsis if head.searching else ''}" if head.shown is not None else ""
        optional.append((0, [Span(f"/{head.filter}/", "key", "do:filter"), Span(count, "text")]))
    if head.dropped:
        optional.append((1, [Span(f"{head.dropped:,} dropped", "warn")]))
    if head.mark:
        optional.append((2, [Span(f"{head.mark}", "chosen-match", "do:logs.highlight")]))
    if head.scope is not Scope.POD or head.containers > 1:
        word = "container" if head.containers == 1 else "containers"
        optional.append((4, [Span(f"{head.containers} {word}", "dim")]))
    optional.append((3, [Span(counted(head.lines, "line"), "dim")]))
    room = cells - line_width(right) - line_width(left) - 2
    kept: list[tuple[int, list[Span]]] = []
    for rank, spans in sorted(optional, key=lambda part: part[0]):
        need = line_width(spans) + line_width((dot,))
        if need <= room:
            kept.append((rank, spans))
            room -= need
    for _, spans in sorted(kept, key=lambda part: -part[0]):
        left += [dot, *spans]
    return apart(left, right, cells)
