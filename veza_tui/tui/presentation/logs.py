"""Log lines as spans. Only lines that are on the screen come here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from veza_tui.feeds.logs.match import Matcher
from veza_tui.feeds.logs.parse import entry_of
from veza_tui.feeds.logs.stamps import seconds_of
from veza_tui.feeds.logs.visible import text_of
from veza_tui.model.log import TAG_MORE, TAG_NOTE, Format, Level, Source, payload_of
from veza_tui.tui.presentation.glyphs import Glyphs
from veza_tui.tui.presentation.spans import Line, Span, clean, fit, fit_middle, line_width, width

LEVEL_ROLES = {
    Level.UNKNOWN: "text",
    Level.TRACE: "dim",
    Level.DEBUG: "dim",
    Level.INFO: "text",
    Level.WARN: "warn",
    Level.ERROR: "bad",
    Level.FATAL: "bad",
}
WORDS = {Level.TRACE: "TRACE", Level.DEBUG: "DEBUG", Level.INFO: "INFO", Level.WARN: "WARN", Level.ERROR: "ERROR",
         Level.FATAL: "FATAL", Level.UNKNOWN: ""}  # fmt: skip
SOURCE_ROLES = 8
MOST_TEXT = 8192
"""Characters of a line that the screen holds; enter shows it whole."""
MOST_ROWS = 30
"""Rows that one wrapped line may take."""


@dataclass(frozen=True, slots=True)
class Look:
    """How lines are shown."""

    timestamps: bool = False
    wrap: bool = False
    raw: bool = False
    names: bool = True
    name_cells: int = 16
    offset: int = 0
    """Cells by which unwrapped text is shifted to the left."""
    matchers: tuple[Matcher, ...] = ()
    """What is highlighted."""


def role_of(source: Source) -> str:
    """One of the roles in which sources are told apart; the same for a pod in every session."""
    value = 5381
    for char in source.pod + source.container:
        value = (value * 33 ^ ord(char)) & 0xFFFFFFFF
    return f"source-{value % SOURCE_ROLES}"


def name_cells(sources: Mapping[int, Source], cells: int) -> int:
    """Width of the column with the names: what they need, at most a quarter of the screen."""
    need = max((width(clean(s.short or s.pod)) for s in sources.values()), default=0)
    return min(need, max(12, cells // 4), 32)


def clock_of(line: bytes) -> str:
    """``12:03:30.123`` in this machine's zone."""
    seconds = seconds_of(line[:30])
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3] if seconds else "--:--:--.---"


def rows_of(line: bytes, source: Source, look: Look, cells: int, glyphs: Glyphs) -> list[Line]:
    """A tagged line as one row, or as several when it is wrapped."""
    head = _head(line, source, look, glyphs)
    indent = line_width(head)
    room = max(8, cells - indent)
    body = _highlighted(_body(line, source, look, glyphs), look.matchers)
    if not look.wrap:
        return [(*head, *_shifted(body, look.offset))]
    rows = wrapped(body, room)
    if len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 1], (Span(f"{glyphs.ellipsis} enter shows the whole line", "dim"),)]
    blank = Span(" " * indent)
    return [(*head, *rows[0]), *((blank, *row) for row in rows[1:])]


def _head(line: bytes, source: Source, look: Look, glyphs: Glyphs) -> Line:
    out: list[Span] = []
    if look.timestamps:
        out.append(Span(clock_of(line) + " ", "dim"))
    if look.names:
        name = "" if line[-1] == TAG_MORE else clean(source.short or source.pod)
        shown = fit_middle(name, look.name_cells, ellipsis=glyphs.ellipsis)
        out.append(Span(shown + " ", role_of(source)))
    return tuple(out)


def _body(line: bytes, source: Source, look: Look, glyphs: Glyphs) -> Line:
    text = text_of(payload_of(line)[: MOST_TEXT * 4])
    if line[-1] == TAG_NOTE:
        return (Span(f"{glyphs.rule}{glyphs.rule} {clean(text, MOST_TEXT)}", "progress"),)
    if look.raw or line[-1] == TAG_MORE:
        return (Span(clean(text, MOST_TEXT), "text" if line[-1] != TAG_MORE else "quote"),)
    entry = entry_of(text)
    role = LEVEL_ROLES[entry.level]
    if entry.format is not Format.JSON:
        return (Span(clean(text, MOST_TEXT), role),)
    out = [Span(fit(WORDS[entry.level], 6), role)] if entry.level else []
    if entry.message:
        out.append(Span(clean(entry.message, MOST_TEXT), role))
    for key, value in entry.fields:
        if key == "service" and _named_beside(value, source, look):
            continue
        out += [Span(f" {clean(key, 60)}=", "dim"), Span(clean(value, MOST_TEXT), "text")]
    return tuple(out) or (Span(clean(text, MOST_TEXT), role),)


def _named_beside(service: str, source: Source, look: Look) -> bool:
    """Whether the name before the line says it already. What was searched for is seen where it was found."""
    return look.names and not look.matchers and (source.container == service or source.pod.startswith(f"{service}-"))


def _highlighted(body: Line, matchers: Sequence[Matcher]) -> Line:
    """The same text with what matches in a role of its own."""
    if not matchers:
        return body
    text = "".join(span.text for span in body)
    marks = sorted(m for matcher in matchers if not matcher.invert for m in matcher.spans(text))
    if not marks:
        return body
    out: list[Span] = []
    at = 0
    for span in body:
        end, begin = at + len(span.text), at
        for first, last in marks:
            if last <= begin or first >= end:
                continue
            first, last = max(first, begin), min(last, end)
            if first > begin:
                out.append(span._replace(text=text[begin:first]))
            out.append(Span(text[first:last], "chosen-match"))
            begin = last
        if begin < end:
            out.append(span._replace(text=text[begin:end]))
        at = end
    return tuple(out)


def _shifted(body: Line, offset: int) -> Line:
    """Without its first ``offset`` cells."""
    if not offset:
        return body
    out: list[Span] = []
    for span in body:
        cells = width(span.text)
        if offset >= cells:
            offset -= cells
            continue
        if offset:
            rest = span.text[offset:] if span.text.isascii() else _after(span.text, offset)
            span, offset = span._replace(text=rest), 0
        out.append(span)
    return tuple(out)


def _after(text: str, cells: int) -> str:
    for at, char in enumerate(text):
        if cells <= 0:
            return text[at:]
        cells -= width(char)
    return ""


def wrapped(body: Line, cells: int) -> list[Line]:
    """In rows of at most ``cells`` cells."""
    rows: list[Line] = []
    row: list[Span] = []
    left = cells
    for span in body:
        text = span.text
        while text:
            if text.isascii():
                piece = text[:left]
                used = len(piece)
            else:
                piece, used = _first(text, left)
            if piece:
                row.append(span._replace(text=piece))
                text = text[len(piece) :]
                left -= used
            if text:
                rows.append(tuple(row))
                row, left = [], cells
                if len(rows) > MOST_ROWS:
                    return rows
    rows.append(tuple(row))
    return rows


def _first(text: str, cells: int) -> tuple[str, int]:
    used = 0
    for at, char in enumerate(text):
        cost = width(char)
        if used + cost > cells:
            return text[:at], used
        used += cost
    return text, used
