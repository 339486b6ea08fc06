"""Descriptions and YAML as lines of the screen: names apart from values, trouble in colour, long lines folded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from veza_tui.tui.presentation.breathing import breathing
from veza_tui.tui.presentation.spans import Line, Span, clean, width

_PAIR = re.compile(r"^( *)([^\s:][^:]{0,60}:)( +|$)(.*)$")
_YAML = re.compile(r"^( *(?:- )*)([^\s:#][^:#]*?:)( |$)(.*)$")
_BAD = frozenset(
    ("CrashLoopBackOff", "Error", "OOMKilled", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError",
     "CreateContainerError", "ContainerCannotRun", "Evicted", "Failed", "StartError", "InvalidImageName")
)  # fmt: skip
_DOUBTFUL = frozenset(("False", "Waiting", "Pending", "Unknown"))
LONGEST = 8192
"""Characters of one line that are shown."""


def describe_lines(lines: Sequence[str], cells: int, match: str = "") -> list[Line]:
    """A description; ``match`` keeps only the lines that contain it."""
    out: list[Line] = []
    events = False
    for raw in _matching(lines, match):
        line = clean(raw, LONGEST)
        events = events or line.startswith("Events:")
        out += _folded(_event(line) if events and line.startswith(" ") else _pair(line), cells)
    return out


def yaml_view(lines: Sequence[str], cells: int, match: str = "") -> list[Line]:
    """YAML; ``match`` keeps only the lines that contain it."""
    return [part for raw in _matching(lines, match) for part in _folded(_yaml(clean(raw, LONGEST)), cells)]


def _matching(lines: Sequence[str], match: str) -> Iterator[str]:
    wanted = match.casefold()
    return (line for line in breathing(lines) if not wanted or wanted in line.casefold())


def _pair(line: str) -> tuple[list[Span], int]:
    """The spans, and the column under which a folded line goes on."""
    found = _PAIR.match(line)
    if found is None:
        return [Span(line)], len(line) - len(line.lstrip(" ")) + 2
    indent, name, gap, value = found.groups()
    if not value:
        return [Span(indent), Span(name, "strong" if indent else "heading")], len(indent) + 2
    word = value.strip()
    role = "bad" if word in _BAD else "warn" if word in _DOUBTFUL else "text"
    return [Span(indent), Span(name + gap, "dim"), Span(value, role)], len(indent) + len(name) + len(gap)


def _event(line: str) -> tuple[list[Span], int]:
    role = "warn" if line.startswith("  Warning") else "dim" if line.startswith("  ----") else "text"
    parts = re.split(r"(?<=\S)( {2,})", line.strip(" "), maxsplit=4)
    hang = 2 + sum(len(p) for p in parts[:8]) if len(parts) >= 9 else 4
    return [Span(line, role)], hang


def _yaml(line: str) -> tuple[list[Span], int]:
    found = _YAML.match(line)
    if found is None:
        stripped = line.lstrip(" ")
        return [Span(line)], len(line) - len(stripped) + 2
    indent, key, gap, value = found.groups()
    role = "dim" if value.startswith("#") else "quote" if set(value) == {"•"} else "text"
    return [Span(indent, "dim"), Span(key, "accent"), Span(gap), Span(value, role)], len(indent) + 2


def _folded(line: tuple[list[Span], int], cells: int) -> Iterator[Line]:
    spans, hang = line
    spans = [span for span in spans if span.text]
    if sum(width(s.text) for s in spans) <= cells:
        yield tuple(spans)
        return
    hang = hang if hang < cells // 2 else min(4, cells // 4)
    row: list[Span] = []
    used = 0
    for span in spans:
        for word in re.findall(r" *[^ ]+| +$", span.text):
            while word:
                length = width(word)
                if used + length <= cells:
                    row.append(Span(word, span.role))
                    used += length
                    break
                if used > hang:
                    yield _one(row)
                    row, used = [Span(" " * hang)], hang
                    word = word.lstrip(" ")
                    continue
                room = max(1, cells - used)
                cut = len(word) if word.isascii() and len(word) <= room else room // (1 if word.isascii() else 2) or 1
                row.append(Span(word[:cut], span.role))
                used += width(word[:cut])
                word = word[cut:]
    if row:
        yield _one(row)


def _one(row: list[Span]) -> Line:
    out: list[Span] = []
    for span in row:
        if out and out[-1].role == span.role:
            out[-1] = Span(out[-1].text + span.text, span.role)
        else:
            out.append(span)
    return tuple(out)
