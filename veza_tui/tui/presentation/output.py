"""What an operation says, as rows: a pod's JSON line is shown by its message, and a long line is wrapped. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from veza_tui.feeds.logs.parse import entry_of
from veza_tui.model.log import Format
from veza_tui.tui.presentation.logs import LEVEL_ROLES, WORDS
from veza_tui.tui.presentation.rows import merged
from veza_tui.tui.presentation.spans import Line, Span, clean, width

MOST_ROWS = 6
"""Rows that one line may take; the step's own page and the journal have the whole of it."""
_LIMIT = 4000
_WORD = re.compile(r"\S+\s*|\s+")


def output_rows(text: str, cells: int, *, indent: int = 2, most: int = MOST_ROWS) -> list[Line]:
    """One line of output in rows of at most ``cells`` cells."""
    head, brace, rest = text.partition("{")
    body: Line = (Span(clean(text, _LIMIT), "dim"),)
    # "POD: {...}": what a pod logged; anything else before the brace is prose that only holds one.
    if brace and (not head or (head.endswith(": ") and " " not in head[:-2])):
        entry = entry_of(brace + rest)
        if entry.format is Format.JSON and entry.message:
            role = LEVEL_ROLES[entry.level]
            word = f"{WORDS[entry.level]} " if WORDS[entry.level] else ""
            fields = " ".join(f"{key}={value}" for key, value in entry.fields)
            body = (Span(clean(head, 200), "dim"), Span(word + clean(entry.message, _LIMIT), role),
                    Span(f" {clean(fields, 400)}" if fields else "", "dim"))  # fmt: skip
    rows = by_words(body, max(12, cells - indent), 2)
    if len(rows) > most:
        rows = [*rows[: most - 1], (Span("  …", "faint"),)]
    return [(Span(" " * indent), *row) for row in rows]


def by_words(body: Line, cells: int, hang: int) -> list[Line]:
    """In rows of at most ``cells`` cells, broken between words where that is possible.

    All rows but the first begin ``hang`` cells further in, so that where a line begins can be seen.
    """
    rows: list[list[Span]] = [[]]
    used = 0
    for span in body:
        for word in _WORD.findall(span.text):
            if used + width(word.rstrip()) > cells and used > hang and width(word.rstrip()) <= cells - hang:
                rows.append([Span(" " * hang)])
                used = hang
            text = word.rstrip()
            spaces = word[len(text) :]
            while text:
                piece, text = _cut(text, cells - used)
                rows[-1].append(span._replace(text=piece))
                used += width(piece)
                if text:
                    rows.append([Span(" " * hang)])
                    used = hang
            # Also behind a word that was cut: its end and the next word are two.
            spaces = _cut(spaces, cells - used)[0]
            rows[-1].append(span._replace(text=spaces))
            used += width(spaces)
    return [merged(row) for row in rows]


def _cut(text: str, cells: int) -> tuple[str, str]:
    """What fits into ``cells`` cells, and the rest."""
    used = 0
    for at, char in enumerate(text):
        used += width(char)
        if used > cells:
            return text[:at], text[at:]
    return text, ""


def newest_rows(lines: Sequence[str], room: int, cells: int, *, indent: int = 2) -> list[Line]:
    """The newest lines that fit whole into ``room`` rows; of the very newest at least its beginning."""
    found: list[Line] = []
    for text in reversed(lines[-max(room, 0) :] if room > 0 else ()):
        rows = output_rows(text, cells, indent=indent)
        if len(found) + len(rows) > room:
            if not found:
                found = rows[:room]
            break
        found = [*rows, *found]
    return found
