"""Filters that a person types: a regular expression, or its inverse, on what a container wrote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from veza_tui.model.errors import ConfigError
from veza_tui.model.log import STAMP, TAG, TAG_NOTE

LONGEST = 4096
"""Bytes of a line that are searched: a slow pattern must not hold the screen up."""


class Matcher:
    """Tagged lines that contain ``pattern``, or do not when ``invert``. Small letters mean either case.

    Raises:
        ConfigError: it is no regular expression, or one that may take for ever.
    """

    def __init__(self, pattern: str, *, invert: bool = False, longest: int = LONGEST) -> None:
        self.pattern, self.invert = pattern, invert
        flags = re.IGNORECASE if pattern == pattern.lower() else re.NOFLAG
        try:
            self._text = re.compile(pattern, flags)
            risky = _risky(re._parser.parse(pattern))  # type: ignore[attr-defined]
        except (re.error, OverflowError, RecursionError) as error:
            raise ConfigError(
                f"{pattern!r} is no regular expression: {error}", hint="escape . * + ? ( [ with \\"
            ) from None
        if risky:
            raise ConfigError(
                f"{pattern!r} repeats a repetition: on some lines it would take for ever", hint="write it without"
            )
        try:
            self._bytes = re.compile(pattern.encode("ascii"), flags) if pattern.isascii() else None
        except re.error:  # \N{...} and the like have no meaning among bytes
            self._bytes = None
        self._longest = longest

    def _has(self, text: bytes) -> bool:
        if len(text) > self._longest:
            text = text[: self._longest]
        if self._bytes is not None and text.isascii():
            return self._bytes.search(text) is not None
        return self._text.search(text.decode("utf-8", "replace")) is not None

    def matches(self, line: bytes) -> bool:
        """Whether a tagged line is shown; words of ours always are."""
        return line[-1] == TAG_NOTE or self._has(line[STAMP:-TAG]) is not self.invert

    def matches_any(self, lines: Sequence[bytes]) -> bool:
        """Whether a trace is shown: one of its lines has it (inverse: none has it)."""
        return lines[0][-1] == TAG_NOTE or any(self._has(line[STAMP:-TAG]) for line in lines) is not self.invert

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where it stands in a text that is shown, at most 50 times."""
        found: list[tuple[int, int]] = []
        for match in self._text.finditer(text[: self._longest]):
            if match.end() > match.start():
                found.append(match.span())
                if len(found) == 50:
                    break
        return found


def _risky(parsed: Any, inside: bool = False) -> bool:
    """Whether a repetition without bound stands inside another one: the shape that makes ``re`` take for ever."""
    for name, value in parsed:
        kind = str(name)
        if kind in ("MAX_REPEAT", "MIN_REPEAT"):
            _, most, body = value
            endless = int(most) > 20
            if (endless and inside) or _risky(body, inside or endless):
                return True
        elif kind == "POSSESSIVE_REPEAT":
            if _risky(value[2], inside):
                return True
        elif any(_risky(part, inside) for part in _parts(value)):
            return True
    return False


def _parts(value: Any) -> Iterable[Any]:
    """Patterns inside a node of the parser's tree."""
    if isinstance(value, re._parser.SubPattern):  # type: ignore[attr-defined]
        yield value
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _parts(part)
