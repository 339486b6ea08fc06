"""Text from the cluster is hostile: it is made printable here before it reaches a screen, file or pipe."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PLAIN_ASCII = frozenset(map(chr, range(0x20, 0x7F)))


def printable(text: str, *, limit: int = 0, tab: str = "    ") -> str:
    """``text`` on one line with every control, bidi and unassigned character made visible.

    Control characters become Unicode control pictures (ESC is ``␛``), others ``\\u{hex}``; ``limit`` > 0 cuts to that
    many characters and ends in ``…``.
    """
    if limit and len(text) > limit * 4:
        text = text[: limit * 4]
    if not _PLAIN_ASCII.issuperset(text):
        text = "".join(_visible(c, tab) for c in text)
    if limit and len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    return text


def every_word(words: str) -> Callable[[str], bool]:
    """Whether a text has every one of ``words`` somewhere, in whatever case; without any word all texts do."""
    wanted = words.casefold().split()

    def has(text: str) -> bool:
        folded = text.casefold()
        return all(word in folded for word in wanted)

    return has


def _visible(char: str, tab: str) -> str:
    if char in _PLAIN_ASCII:
        return char
    if char == "\t":
        return tab
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if char in _BIDI or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
        return f"\\u{{{code:x}}}"
    return char
