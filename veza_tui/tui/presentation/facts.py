"""Names and what stands behind them, in two columns, folded where it is narrow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from veza_tui.tui.presentation.problems import wrapped
from veza_tui.tui.presentation.spans import Line, Span, fit

NAMES = 11
"""Cells of the names."""


class Fact(NamedTuple):
    """One of them."""

    name: str
    text: str
    role: str = "text"


def fact_lines(facts: Sequence[Fact], cells: int, *, names: int = NAMES) -> list[Line]:
    """A line each, more where one is long; those without a text are left out."""
    lines: list[Line] = []
    for fact in facts:
        for number, part in enumerate(wrapped(fact.text, cells - names - 3)) if fact.text else ():
            lines.append((Span(f"  {fit('' if number else fact.name, names)} ", "dim"), Span(part, fact.role)))
    return lines
