"""Text with tabs as aligned columns, by the rules of Go's text/tabwriter (source: its package documentation)."""

from __future__ import annotations

from collections.abc import Sequence

PADDING = 2
"""Blanks between two columns, as kubectl describe has them."""


def aligned(lines: Sequence[str]) -> list[str]:
    """The lines with each tab-terminated cell padded to the width of its column.

    A column is a block of neighbouring lines that all have a cell in it, so a line without a tab ends every column.
    """
    cells = [line.split("\t") for line in lines]
    out = ["" for _ in lines]
    _format(cells, out, 0, len(cells), [])
    return out


def _format(cells: list[list[str]], out: list[str], first: int, last: int, widths: list[int]) -> None:
    column = len(widths)
    line = first
    while line < last:
        if column >= len(cells[line]) - 1:
            out[line] = _joined(cells[line], widths)
            line += 1
            continue
        end = line
        width = 0
        while end < last and column < len(cells[end]) - 1:
            width = max(width, len(cells[end][column]) + PADDING)
            end += 1
        _format(cells, out, line, end, [*widths, width])
        line = end


def _joined(row: list[str], widths: list[int]) -> str:
    return "".join(cell.ljust(widths[i]) if i < len(widths) else cell for i, cell in enumerate(row))
