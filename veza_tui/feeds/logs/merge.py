"""Lines of many sources in the order of their time, each held back for a bounded moment.

A line is passed on at the latest ``delay`` seconds after it came, together with everything that is not younger. Lines
of a trace travel in one item (with newlines inside), so nothing comes between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter

from veza_tui.model.log import STAMP, TAG, TAG_MORE, TAG_NOTE, tag

DELAY = 0.25
"""Seconds."""
MOST_LINES_OF_A_TRACE = 500

# What continues the line before: indented text, the words with which runtimes go on, and what a trace is closed by.
_MORE = (
    rb"(?:[ \t]+\S|Caused by: |\.\.\. \d+ (?:more|common frames)|Suppressed: |goroutine \d+ \[|created by "
    rb"|exit status \d|During handling of the above|The above exception was|stack backtrace:"
    rb"|note: run with `RUST_BACKTRACE|[\])}]+,?;?$)"
)
_SUSPECT = re.compile(rb"(?m)^[^\n]{30} (?:" + _MORE + rb"|Traceback \(most recent|panic: |fatal error: |$)")
_CONTINUES = re.compile(_MORE)
_PYTHON = b"Traceback (most recent"
_GO = (b"panic: ", b"fatal error: ")
_ERROR = re.compile(rb"[A-Za-z_][\w.]*(?::|$)")
# Lines of a Go trace: empty, indented, "main.handle(0xc000010000)", and the words of the runtime.
_GO_MORE = re.compile(
    rb"$|[ \t]|goroutine |\[signal |\[recovered\]|created by |exit status |\.\.\."
    rb"|[^\s()]+(?:\(\*?[\w.]+\)[\w.]*)?\(.*\)$"
)

_time = itemgetter(slice(0, 30))


class Joiner:
    """Cuts one source's stamped lines into items: single lines, or a trace with its lines together."""

    def __init__(self, source: int) -> None:
        self._tag = tag(source)
        self._more = tag(source, TAG_MORE)
        self._end = self._tag + b"\n"
        self._trace = ""
        self._length = 0
        self._open = False

    def items(self, data: bytes) -> tuple[list[bytes], bool]:
        """Tagged items; and whether the first of them continues the last one of before."""
        if not self._trace and _SUSPECT.search(data) is None:
            self._open = True
            lines = data.replace(b"\n", self._end).split(b"\n")
            lines.pop()
            return lines, False
        return self._joined(data)

    def _joined(self, data: bytes) -> tuple[list[bytes], bool]:
        items: list[list[bytes]] = []
        continues = False
        for line in data.split(b"\n")[:-1]:
            if self._is_more(line[STAMP:]) and self._length < MOST_LINES_OF_A_TRACE and (items or self._open):
                self._length += 1
                if items:
                    items[-1].append(line + self._more)
                else:
                    continues = True
                    items.append([line + self._more])
            else:
                self._length = 0
                self._open = True
                items.append([line + self._tag])
        return [item[0] if len(item) == 1 else b"\n".join(item) for item in items], continues

    def _is_more(self, text: bytes) -> bool:
        """Whether it belongs to what stands before it; follows Python's and Go's traces to their ends."""
        if self._trace == "python":
            if text.startswith((b" ", b"\t")):
                return True
            # "ValueError: ..." closes the trace; a chained one may follow after an empty line.
            self._trace = "python-end"
            return _ERROR.match(text) is not None
        if self._trace == "python-end":
            if not text or text.startswith((b"During handling of", b"The above exception was")):
                return True
            if text.startswith(_PYTHON):
                self._trace = "python"
                return True
            self._trace = ""
        elif self._trace == "go":
            if _GO_MORE.match(text):
                return True
            self._trace = ""
        if text.startswith(_PYTHON):
            self._trace = "python"
            # Loggers print the message first and the trace under it.
            return False
        if text.startswith(_GO):
            self._trace = "go"
            return False
        return _CONTINUES.match(text) is not None


class Merger:
    """Collects items of all sources; ``take`` gives them back in order. ``now`` is monotonic seconds."""

    def __init__(self, now: Callable[[], float], delay: float = DELAY) -> None:
        self.delay = delay
        self._now = now
        self._joiners: dict[int, Joiner] = {}
        self._pending: list[bytes] = []
        self._young: list[tuple[float, bytes]] = []
        """(time of arrival, largest stamp that had come by then)."""
        self.size = 0

    @property
    def waiting(self) -> bool:
        """Whether something is held back."""
        return bool(self._pending)

    def add(self, source: int, data: bytes) -> None:
        """Whole stamped lines of one source."""
        joiner = self._joiners.get(source)
        if joiner is None:
            joiner = self._joiners[source] = Joiner(source)
        items, continues = joiner.items(data)
        if continues:
            self._continue(tag(source)[:2], items)
        self._pending += items
        self.size += len(data)
        self._arrived(data[data.rfind(b"\n", 0, -1) + 1 :][:30])

    def note(self, source: int, stamp: bytes, text: str) -> None:
        """A word of ours, behind the lines of its time; a trace ends with it."""
        self._joiners.pop(source, None)
        self._pending.append(stamp[:30] + b" " + text.encode() + tag(source, TAG_NOTE))
        self._arrived(stamp[:30])

    def _continue(self, mark: bytes, items: list[bytes]) -> None:
        """A trace was cut between two pieces: join it with its beginning, when that is here still."""
        pending = self._pending
        for at in range(len(pending) - 1, -1, -1):
            if pending[at][-3:-1] == mark and pending[at][-1] != TAG_NOTE:
                pending[at] += b"\n" + items.pop(0)
                return

    def _arrived(self, stamp: bytes) -> None:
        self._young.append((self._now(), stamp))

    def take(self, *, everything: bool = False) -> list[bytes]:
        """Tagged lines whose turn has come, in order; traces unfolded into lines."""
        if not self._pending:
            return []
        if everything or not self.delay:
            ready, self._pending = self._pending, []
            self._young.clear()
            ready.sort(key=_time)
        else:
            due = self._now() - self.delay
            edge = max((stamp for at, stamp in self._young if at <= due), default=b"")
            if not edge:
                return []
            self._young = [young for young in self._young if young[0] > due]
            self._pending.sort(key=_time)
            cut = _upper(self._pending, edge)
            ready, self._pending = self._pending[:cut], self._pending[cut:]
        self.size = sum(map(len, self._pending)) if self._pending else 0
        return b"\n".join(ready).split(b"\n") if ready else []


def _upper(items: list[bytes], edge: bytes) -> int:
    low, high = 0, len(items)
    while low < high:
        middle = (low + high) // 2
        if items[middle][:30] <= edge:
            low = middle + 1
        else:
            high = middle
    return low


def untagged(lines: list[bytes]) -> list[bytes]:
    """Stamped lines without their tags."""
    return [line[:-TAG] for line in lines]
