"""Which modes a program has switched on in the terminal, so that a cut connection can switch them off. Pure."""

from __future__ import annotations

import re

_PRIVATE = re.compile(rb"\x1b\[\?([0-9;]{1,64})([hl])")
_TAIL = 72
"""Longest escape sequence that is looked for, so that one cut in two by the network is seen."""
_NORMAL_ON = frozenset({7, 25})
"""On in a terminal at rest: wrapping, the cursor. All others are off."""
_ALTERNATE = (47, 1047, 1049)


class Modes:
    """Feed it all output; ``undo`` is what returns the terminal to rest.

    Source: invisible-island.net/xterm/ctlseqs (DEC private modes).
    """

    def __init__(self) -> None:
        self._now: dict[int, bool] = {}
        self._keypad = False
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """What the program sends to the terminal."""
        if b"\x1b" not in data and not self._rest:
            return
        text = self._rest + data
        for match in _PRIVATE.finditer(text):
            for number in match[1].split(b";"):
                if number:
                    self._now[int(number)] = match[2] == b"h"
        application, numeric = text.rfind(b"\x1b="), text.rfind(b"\x1b>")
        if application != numeric:
            self._keypad = application > numeric
        # Only an unfinished sequence is kept for the next piece.
        start = text.rfind(b"\x1b")
        cut = text[start:] if start >= 0 and len(text) - start < _TAIL else b""
        self._rest = b"" if re.search(rb"^\x1b(?:\[[?0-9;]*[@-~]|[=>c78])", cut) else cut

    def undo(self) -> bytes:
        """Empty when nothing was left switched."""
        out = b""
        changed = {n: on for n, on in self._now.items() if on != (n in _NORMAL_ON)}
        # The alternate screen last: what is written before goes away with it.
        for number in sorted(changed, key=lambda n: n in _ALTERNATE):
            out += b"\x1b[?%d%s" % (number, b"h" if number in _NORMAL_ON else b"l")
        if self._keypad:
            out += b"\x1b>"
        if out:
            out += b"\x1b[0m"
        return out
