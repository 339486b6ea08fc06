"""The ring in which lines are kept: bounded by lines and bytes, in blocks that carry what a filter found in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from veza_tui.feeds.logs.match import Matcher
from veza_tui.model.log import TAG_MORE

BLOCK = 512
"""Lines of a block at most; whole blocks are dropped."""
_OVERHEAD = 40
"""Bytes that Python adds to each line."""


@dataclass(slots=True)
class Block:
    """Consecutive lines. ``start`` is the number of the first one since the beginning."""

    start: int
    lines: list[bytes]
    size: int
    found: list[int] | None = field(default=None)
    """Numbers of the lines that the filter lets pass; None while it was not asked."""


class Ring:
    """Tagged lines by their number. ``first`` is the oldest kept, ``end`` the number of the next to come.

    What is pinned may be far older than the rest: then numbers are missing in between.
    """

    def __init__(self, most_lines: int, most_bytes: int) -> None:
        self.most_lines, self.most_bytes = most_lines, most_bytes
        self._blocks: list[Block] = []
        self._starts: list[int] = []
        self.end = 0
        self.size = 0
        self.dropped = 0
        """Lines that had to go."""
        self.pinned: tuple[int, int] | None = None
        """Numbers of the first and the last line that somebody looks at: they stay while others go."""
        self._count = 0
        self._matcher: Matcher | None = None

    @property
    def first(self) -> int:
        """Number of the oldest line kept (``end`` when there is none)."""
        return self._starts[0] if self._starts else self.end

    def __len__(self) -> int:
        return self._count

    def append(self, lines: Sequence[bytes]) -> None:
        """Add lines; the oldest go when there are too many."""
        for at in range(0, len(lines), BLOCK):
            self._add(list(lines[at : at + BLOCK]))
        self._evict()

    def _evict(self) -> None:
        """Drop the oldest blocks, around what is pinned."""
        if self._count <= self.most_lines and self.size <= self.most_bytes:
            return
        first, last = self.pinned or (0, -1)
        kept: list[Block] = []
        at = 0
        while at < len(self._blocks) - 1 and (self._count > self.most_lines or self.size > self.most_bytes):
            block = self._blocks[at]
            if block.start <= last and block.start + len(block.lines) > first:
                kept.append(block)
            else:
                self.size -= block.size
                self._count -= len(block.lines)
                self.dropped += len(block.lines)
            at += 1
        self._blocks[:at] = kept
        self._starts[:at] = [block.start for block in kept]

    def _add(self, lines: list[bytes]) -> None:
        size = sum(map(len, lines)) + _OVERHEAD * len(lines)
        last = self._blocks[-1] if self._blocks else None
        if last is not None and len(last.lines) + len(lines) <= BLOCK:
            before = len(last.lines)
            last.lines += lines
            last.size += size
            if last.found is not None and self._matcher is not None:
                last.found += self._search(last, before)
        else:
            block = Block(self.end, lines, size)
            if self._matcher is not None:
                block.found = self._search(block, 0)
            self._blocks.append(block)
            self._starts.append(self.end)
        self.size += size
        self.end += len(lines)
        self._count += len(lines)

    def clear(self) -> None:
        """Forget everything; numbers go on."""
        self._blocks.clear()
        self._starts.clear()
        self.size = self.dropped = self._count = 0
        self.pinned = None

    def _block(self, number: int) -> Block | None:
        at = bisect_right(self._starts, number) - 1
        if at < 0:
            return None
        block = self._blocks[at]
        return block if number < block.start + len(block.lines) else None

    def line(self, number: int) -> bytes | None:
        """The line of that number, None when it is gone or has not come."""
        block = self._block(number)
        return None if block is None else block.lines[number - block.start]

    def lines(self) -> Iterator[bytes]:
        """All of them."""
        for block in tuple(self._blocks):
            yield from block.lines

    def shown_lines(self) -> Iterator[bytes]:
        """Those that the filter lets pass, as far as it was asked."""
        for block in tuple(self._blocks):
            if self._matcher is None:
                yield from block.lines
            else:
                yield from (block.lines[number - block.start] for number in block.found or ())

    # --- the filter ----------------------------------------------------------------------------------------------

    def use(self, matcher: Matcher | None) -> None:
        """Filter by this from now on; ``scan`` looks through what is there."""
        self._matcher = matcher
        for block in self._blocks:
            block.found = None

    @property
    def filtered(self) -> bool:
        """Whether a filter is on."""
        return self._matcher is not None

    def scan(self) -> Iterator[int]:
        """Looks through the blocks, newest first; yields the number of lines looked at after each."""
        matcher = self._matcher
        for block in reversed(tuple(self._blocks)):
            if self._matcher is not matcher:
                return
            if block.found is None and matcher is not None:
                block.found = self._search(block, 0)
                yield len(block.lines)

    def _search(self, block: Block, begin: int) -> list[int]:
        assert self._matcher is not None
        matches = self._matcher.matches
        lines, start = block.lines, block.start
        if not any(line[-1] == TAG_MORE for line in lines):
            return [start + i for i in range(begin, len(lines)) if matches(lines[i])]
        # A trace is kept or hidden as a whole.
        found: list[int] = []
        at = begin
        while at < len(lines):
            stop = at + 1
            while stop < len(lines) and lines[stop][-1] == TAG_MORE:
                stop += 1
            if self._matcher.matches_any(lines[at:stop]):
                found += range(start + at, start + stop)
            at = stop
        return found

    # --- moving among the lines that are shown ---------------------------------------------------------------------

    def shown_after(self, number: int) -> int | None:
        """The next line after ``number`` that the filter lets pass."""
        number = max(number + 1, self.first)
        at = max(0, bisect_right(self._starts, number) - 1)
        for block in self._blocks[at:]:
            if self._matcher is None:
                if number < block.start + len(block.lines):
                    return max(number, block.start)
            elif block.found:
                place = bisect_left(block.found, number)
                if place < len(block.found):
                    return block.found[place]
        return None

    def shown_before(self, number: int) -> int | None:
        """The next line before ``number`` that the filter lets pass."""
        number = min(number, self.end)
        at = bisect_right(self._starts, number - 1) - 1
        for block in reversed(self._blocks[: at + 1]):
            if self._matcher is None:
                if number > block.start:
                    return min(number, block.start + len(block.lines)) - 1
            elif block.found:
                place = bisect_left(block.found, number) - 1
                if place >= 0:
                    return block.found[place]
        return None

    def shown(self) -> int:
        """How many lines the filter lets pass, as far as it was asked."""
        if self._matcher is None:
            return len(self)
        return sum(len(block.found) for block in self._blocks if block.found)

    def at_time(self, stamp: bytes) -> int | None:
        """The first line, in order, that is not older than ``stamp``."""
        for block in self._blocks:
            if block.lines[-1][:30] >= stamp:
                for i, line in enumerate(block.lines):
                    if line[:30] >= stamp:
                        return block.start + i
        return None
