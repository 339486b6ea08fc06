"""A line of the screen as spans of (text, role), measured in terminal cells."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from veza_tui.model.text import printable


class Span(NamedTuple):
    """Text in one role of the theme; ``click`` names what a mouse click on it does (``do:ID`` or ``tab:N``)."""

    text: str
    role: str = "text"
    click: str = ""


Line = tuple[Span, ...]
"""One line, left to right."""

EMPTY: Line = ()


def width(text: str) -> int:
    """Cells that ``text`` takes."""
    return len(text) if text.isascii() else cell_len(text)


def clean(text: str, limit: int = 400) -> str:
    """Hostile text on one line, in characters whose width terminals agree upon.

    Accents are composed; more than two on one letter, and variation selectors, are left out.
    """
    shown = printable(text, limit=limit)
    if shown.isascii():
        return shown
    out: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", shown):
        if cell_len(char):
            marks = 0
            out.append(char)
        elif unicodedata.category(char) == "Mn" and not "\ufe00" <= char <= "\ufe0f" and out and marks < 2:
            marks += 1
            out.append(char)
    return "".join(out)


def fit(text: str, cells: int, *, align: str = "left", ellipsis: str = "…") -> str:
    """``text`` in exactly ``cells`` cells: padded, or cut at its end."""
    length = width(text)
    if length > cells:
        if cells <= 0:
            return ""
        return set_cell_size(text, cells - width(ellipsis)) + ellipsis if cells > width(ellipsis) else ellipsis[:cells]
    padding = " " * (cells - length)
    return padding + text if align == "right" else text + padding


def fit_middle(text: str, cells: int, *, ellipsis: str = "…") -> str:
    """``text`` in exactly ``cells`` cells, cut in its middle: the random end of a pod's name tells it apart."""
    if width(text) <= cells or width(text) != len(text) or cells < 8:
        return fit(text, cells, ellipsis=ellipsis)
    room = cells - width(ellipsis)
    tail = min(room - 3, 2 * room // 3)
    return text[: room - tail] + ellipsis + text[-tail:]


def counted(number: int, one: str, many: str = "") -> str:
    """``1 warning``, ``2 warnings``, ``1,200 rows``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def line_width(line: Iterable[Span]) -> int:
    """Cells of a line."""
    return sum(width(span.text) for span in line)


def clip(line: Sequence[Span], cells: int, *, ellipsis: str = "…") -> Line:
    """The line's first ``cells`` cells; an ellipsis says that something was cut."""
    if line_width(line) <= cells:
        return tuple(line)
    out: list[Span] = []
    left = cells
    for span in line:
        length = width(span.text)
        if length < left:
            out.append(span)
            left -= length
            continue
        # Something follows or this span is too long: it ends in the ellipsis.
        out.append(span._replace(text=fit(span.text + "  ", left, ellipsis=ellipsis)))
        break
    return tuple(out)


def pad(line: Sequence[Span], cells: int) -> Line:
    """The line in exactly ``cells`` cells."""
    line = clip(line, cells)
    missing = cells - line_width(line)
    return (*line, Span(" " * missing)) if missing > 0 else tuple(line)


def beside(left: Sequence[Line], right: Sequence[Line], cells: int, gap: int = 2) -> list[Line]:
    """Two blocks side by side; the left one takes ``cells`` cells."""
    rows = max(len(left), len(right))
    out: list[Line] = []
    for i in range(rows):
        first = pad(left[i] if i < len(left) else EMPTY, cells)
        second = right[i] if i < len(right) else EMPTY
        out.append((*first, Span(" " * gap), *second) if second else first)
    return out


def apart(left: Sequence[Span], right: Sequence[Span], cells: int) -> Line:
    """``left`` at the left edge and ``right`` at the right edge; ``left`` is cut when both do not fit."""
    tail = line_width(right)
    if not right or tail + 2 >= cells:
        return clip(left, cells)
    return (*pad(left, cells - tail - 2), Span("  "), *right)


def joined(parts: Iterable[Sequence[Span]], separator: Span) -> Line:
    """Lines in a row with ``separator`` between those that are not empty."""
    out: list[Span] = []
    for part in parts:
        if part:
            if out:
                out.append(separator)
            out.extend(part)
    return tuple(out)


def plain(line: Iterable[Span]) -> str:
    """The line's text."""
    return "".join(span.text for span in line)


def in_role(line: Iterable[Span], role: str) -> Line:
    """The line with every span in ``role``."""
    return tuple(span._replace(role=role) for span in line)


_FILLED = ("tab-", "badge-", "chosen", "cursor")
"""Beginnings of roles with a background: a blank in them is seen."""


def merged_blanks(line: Sequence[Span]) -> Line:
    """The line with blanks joined to the span before them, where a blank shows nothing of its role."""
    out: list[Span] = []
    for span in line:
        if out and not span.text.strip(" ") and not (span.role.startswith(_FILLED) or out[-1].role.startswith(_FILLED)):
            out[-1] = out[-1]._replace(text=out[-1].text + span.text)
        elif span.text:
            out.append(span)
    return tuple(out)
