"""What a follower has said so far: lines that it passed on, where it stands, and its own words between them."""

from __future__ import annotations

from typing import Protocol

from veza_tui.feeds.logs.resume import Place, place_after
from veza_tui.feeds.logs.runs import Run
from veza_tui.feeds.logs.stamps import stamp_of
from veza_tui.model.log import Source
from veza_tui.model.text import printable
from veza_tui.ports.clock import Clock


class Sink(Protocol):
    """Where lines go. Both are called on the loop and must return quickly."""

    def lines(self, source: Source, data: bytes) -> None:
        """Whole stamped lines, each with its newline."""
        ...

    def note(self, source: Source, stamp: bytes, text: str) -> None:
        """A word of ours: the container ended, a gap, a refusal. ``stamp`` is the time after which it belongs."""
        ...


class Said:
    """One container's. ``place`` is the last line that was passed on, None before the first of a run."""

    def __init__(self, source: Source, sink: Sink, clock: Clock) -> None:
        self.place: Place | None = None
        self.answered = False
        """Whether anything came, or it is known that nothing will for now."""
        self._source = source
        self._sink = sink
        self._clock = clock
        self._waiting = ""

    @property
    def stamp(self) -> bytes:
        """Of the last line, else of this moment."""
        return self.place.stamp if self.place is not None else stamp_of(self._clock.now())

    def lines(self, data: bytes) -> None:
        """Pass whole stamped lines on."""
        if data:
            self.place = place_after(data, self.place)
            self.answered = True
            self._waiting = ""
            self._sink.lines(self._source, data)

    def note(self, text: str) -> None:
        """A word of ours."""
        self._sink.note(self._source, self.stamp, printable(text, limit=300))

    def gap(self, data: bytes) -> None:
        """``data`` comes next, and what was before it is not kept any more."""
        if self.place is not None and data:
            left, found = self.place.stamp[11:19].decode(), data[11:19].decode()
            self.note(f"lines between {left} and {found} UTC may be missing: the log was rotated meanwhile")

    def waits(self, now: Run, *, read_out: bool) -> None:
        """Why no line comes; said once."""
        if now.state == "terminated":
            code = "" if now.exit_code is None else f" with exit {now.exit_code}"
            words = f"ended{code}" + (f" ({now.reason})" if now.reason not in ("", "Error", "Completed") else "")
        elif read_out:
            words = f"waits to be started again: {now.reason or 'back-off'}"
        else:
            words = f"has not started yet{': ' + now.reason if now.reason else ''}"
        self.once(words)

    def once(self, words: str) -> None:
        """A word that is not repeated until a line came."""
        if words != self._waiting:
            self._waiting = words
            self.note(words)

    def farewell(self, *, broken: bool) -> None:
        """The pod is gone."""
        if broken:
            self.note("the pod is gone, and the connection broke before: its last lines may be missing")
        else:
            self.note("the pod is gone")
