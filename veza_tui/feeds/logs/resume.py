"""Where a log was left, and how it is taken up again: nothing lost, nothing twice.

The API takes a beginning in whole seconds only, so lines that were seen come again. A container's log file only grows:
the order of its lines is the same at every reading. So the place is found by the last line itself, stamp and text,
counted when the very same line was written several times.
"""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.feeds.logs.stamps import seconds_of, since

MOST_HELD = 64 << 20
"""Bytes of lines searched for the place before it is given up."""
BEYOND = 2.0
"""Seconds behind the last line at which the place cannot come any more: stamps of two streams cross by less."""


@dataclass(frozen=True, slots=True)
class Place:
    """The last line that was passed on, whole with its newline, and how often it was seen."""

    line: bytes
    times: int = 1

    @property
    def stamp(self) -> bytes:
        """Its 30 bytes of time."""
        return self.line[:30]

    @property
    def since_time(self) -> str:
        """The ``sinceTime`` with which it comes again, with a second to spare."""
        return since(self.stamp)


def place_after(data: bytes, before: Place | None) -> Place:
    """The place after stamped lines ``data`` were passed on."""
    line = data[data.rfind(b"\n", 0, -1) + 1 :]
    times = _count(data, line)
    return Place(line, times + before.times if before is not None and before.line == line else times)


def _count(data: bytes, line: bytes) -> int:
    count, start = 0, 0
    while (start := data.find(line, start)) >= 0:
        if start == 0 or data[start - 1] == 0x0A:
            count += 1
        start += len(line)
    return count


class Replay:
    """Lets pass what comes after ``place``. ``missed``: the place never came, so lines before may be lost."""

    def __init__(self, place: Place | None) -> None:
        self.seeking = place is not None
        self.missed = False
        self._place = place
        self._left = place.times if place else 0
        self._held: list[bytes] = []
        self._size = 0

    @property
    def holding(self) -> bool:
        """Whether lines wait for the place to come."""
        return self.seeking and bool(self._held)

    def feed(self, data: bytes) -> bytes:
        """What of ``data`` (whole lines) is new, as far as that is known."""
        if not self.seeking or self._place is None:
            return data
        line, start = self._place.line, 0
        while (start := data.find(line, start)) >= 0:
            whole = start == 0 or data[start - 1] == 0x0A
            start += len(line)
            if whole:
                self._left -= 1
                if self._left <= 0:
                    self.seeking = False
                    self._held.clear()
                    return data[start:]
        self._held.append(data)
        self._size += len(data)
        last = data[data.rfind(b"\n", 0, -1) + 1 :][:30]
        if self._size > MOST_HELD or seconds_of(last) > seconds_of(self._place.stamp) + BEYOND:
            return self.give_up()
        return b""

    def give_up(self, *, all_lines: bool = False) -> bytes:
        """The place does not come (the file was rotated, or is another run's): what was held and is new.

        ``all_lines``: another run's log, of which nothing was seen.
        """
        if not self.seeking or self._place is None:
            return b""
        self.seeking = False
        held = b"".join(self._held)
        self._held.clear()
        if all_lines:
            return held
        seen = held.rfind(self._place.line)
        if seen >= 0:
            # Fewer copies than were seen: the older ones were rotated away.
            return held[seen + len(self._place.line) :]
        self.missed = True
        stamp = self._place.stamp
        return b"".join([line + b"\n" for line in held.split(b"\n")[:-1] if line[:30] > stamp])
