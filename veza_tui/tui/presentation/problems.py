"""What is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from veza_tui.model.view import EnvironmentView, Link, Problem
from veza_tui.tui.presentation.glyphs import Glyphs, refused
from veza_tui.tui.presentation.spans import EMPTY, Line, Span, clean


def wrapped(text: str, cells: int) -> list[str]:
    """Words of ``text`` in lines of at most ``cells`` cells."""
    import textwrap

    return textwrap.wrap(clean(text, 600), max(10, cells), break_long_words=True, break_on_hyphens=False) or [""]


def problem_lines(problems: Sequence[Problem], cells: int, glyphs: Glyphs, *, role: str = "warn") -> list[Line]:
    """Two lines and more for each: the problem, and below it what to do."""
    lines: list[Line] = []
    for problem in problems:
        for i, text in enumerate(wrapped(problem.what, cells - 4)):
            lines.append((Span(f" {glyphs.degraded} " if i == 0 else "   ", role), Span(text, role)))
        for i, text in enumerate(wrapped(problem.todo, cells - 6)) if problem.todo else ():
            lines.append((Span(f"   {glyphs.todo} " if i == 0 else "     ", "dim"), Span(text, "text")))
    return lines


def empty_body(view: EnvironmentView, where: str, cells: int, glyphs: Glyphs) -> list[Line]:
    """What stands in place of the blocks while there are no rows."""
    if view.link is Link.DOWN:
        return [
            EMPTY,
            *(
                (Span(f" {glyphs.failed if not i else ' '} {part}", "bad"),)
                for i, part in enumerate(wrapped(_what(view, where), cells - 4))
            ),
            EMPTY,
            *problem_lines(view.problems, cells, glyphs, role="text"),
            EMPTY,
            (Span("   It is tried again by itself; ", "dim"), Span("ctrl-r", "key"), Span(" tries now.", "dim")),
        ]
    lines: list[Line] = [EMPTY, (Span(f" {glyphs.unknown} Connecting to {clean(where, 120)}", "dim"),)]
    if view.problems:
        lines += [EMPTY, *problem_lines(view.problems, cells, glyphs)]
    return lines


def _what(view: EnvironmentView, where: str) -> str:
    """Who may not see what, where it answers; else what cannot be reached."""
    if not refused(view):
        return f"No connection to {where}"
    who = view.identity
    if who is None or not any(problem.kinds for problem in view.problems):
        return f"Not let in by {where}"
    return f"Not allowed to see namespace {who.namespace} as {who.user or 'this user'} on {where}"
