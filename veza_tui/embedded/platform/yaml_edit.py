"""Set scalars in a YAML file by path, leaving every other character as it is (block mappings only: our own files)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_KEY = re.compile(r"(?P<indent> *)(?P<key>[\w.-]+):(?P<rest>\s.*|)$")


def set_values(text: str, values: Mapping[tuple[str, ...], str]) -> str:
    """``values`` maps a path such as ``("data", "cache", "port")`` to a scalar as written; missing keys are added."""
    lines = text.split("\n")
    for path, value in values.items():
        _set(lines, tuple(path), value)
    return "\n".join(lines)


def _set(lines: list[str], path: tuple[str, ...], value: str) -> None:
    start, end, indent = 0, len(lines), -1
    for depth, name in enumerate(path):
        found = _find(lines, start, end, indent, name)
        if found is None:
            _insert(lines, start, end, indent, path[depth:], value)
            return
        start, indent = found + 1, len(lines[found]) - len(lines[found].lstrip())
        if depth == len(path) - 1:
            lines[found] = f"{' ' * indent}{name}: {value}"
            return
        end = _block_end(lines, start, end, indent)


def _find(lines: list[str], start: int, end: int, parent: int, name: str) -> int | None:
    """Line of key ``name`` among the children of a mapping indented by ``parent``."""
    level: int | None = None
    for number in range(start, end):
        match = _KEY.match(lines[number])
        if match is None or len(match["indent"]) <= parent:
            continue
        level = len(match["indent"]) if level is None else level
        if len(match["indent"]) == level and match["key"] == name:
            return number
    return None


def _block_end(lines: list[str], start: int, end: int, indent: int) -> int:
    for number in range(start, end):
        line = lines[number]
        if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= indent:
            return number
    return end


def _insert(lines: list[str], start: int, end: int, indent: int, missing: Sequence[str], value: str) -> None:
    last = start - 1
    for number in range(start, end):
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            last = number
    child = next((m for m in map(_KEY.match, lines[start:end]) if m and len(m["indent"]) > indent), None)
    width = len(child["indent"]) if child else indent + 2
    added = [f"{' ' * (width + 2 * i)}{name}:" for i, name in enumerate(missing)]
    added[-1] += f" {value}"
    lines[last + 1 : last + 1] = added
