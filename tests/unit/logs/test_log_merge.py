"""Merged by time, with a bounded delay; traces stay together."""

from __future__ import annotations

import random

import pytest

from veza_tui.feeds.logs.merge import Merger
from veza_tui.feeds.logs.stamps import stamp_of
from veza_tui.model.log import TAG_LINE, TAG_MORE, TAG_NOTE, payload_of, source_of, tag


def line(at: float, text: str) -> bytes:
    return stamp_of(1_700_000_000 + at) + b" " + text.encode() + b"\n"


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def texts(lines: list[bytes]) -> list[tuple[int, str]]:
    return [(source_of(x), payload_of(x).decode()) for x in lines]


def test_tags_hold_no_newline_and_are_found_again() -> None:
    for number in (0, 1, 94, 95, 191, 192, 500, 36863):
        made = tag(number)
        assert b"\n" not in made
        assert source_of(b"x" + made) == number


def test_two_sources_in_the_order_of_time() -> None:
    time = Time()
    merger = Merger(time)
    merger.add(0, line(1, "a") + line(3, "c"))
    time.now = 0.1
    merger.add(1, line(2, "b") + line(4, "d"))
    assert merger.take() == []
    time.now = 0.26
    # What came first is due; what came later and is older goes with it.
    assert texts(merger.take()) == [(0, "a"), (1, "b"), (0, "c")]
    time.now = 0.4
    assert texts(merger.take()) == [(1, "d")]
    assert not merger.waiting


def test_nothing_is_held_longer_than_the_delay_also_with_clocks_that_differ() -> None:
    time = Time()
    merger = Merger(time, delay=0.25)
    merger.add(0, line(10_000, "from the future"))
    time.now = 0.2
    merger.add(1, line(1, "now"))
    time.now = 0.25
    assert texts(merger.take()) == [(1, "now"), (0, "from the future")]


@pytest.mark.parametrize("seed", range(5))
def test_every_line_once_and_each_source_in_its_order(seed: int) -> None:
    chance = random.Random(seed)
    time, out = Time(), []
    merger = Merger(time)
    written: dict[int, list[str]] = {n: [] for n in range(4)}
    clock = 0.0
    for step in range(300):
        source = chance.randrange(4)
        clock += chance.random() / 100
        new = [f"{source}-{step}-{i}" for i in range(chance.randint(1, 4))]
        written[source] += new
        merger.add(source, b"".join(line(clock, text) for text in new))
        time.now += chance.random() / 20
        if chance.random() < 0.3:
            out += merger.take()
    out += merger.take(everything=True)
    got = texts(out)
    for source, expected in written.items():
        assert [text for number, text in got if number == source] == expected
    assert len(got) == sum(map(len, written.values()))


PYTHON = [
    "ERROR request failed",
    "Traceback (most recent call last):",
    '  File "app.py", line 3, in handle',
    "    return user.name",
    "AttributeError: 'NoneType' object has no attribute 'name'",
    "",
    "During handling of the above exception, another exception occurred:",
    "",
    "Traceback (most recent call last):",
    '  File "app.py", line 9, in main',
    "RuntimeError: gave up",
]
JAVA = [
    "Exception in thread main java.lang.IllegalStateException: no",
    "\tat com.veza.App.main(App.java:12)",
    "Caused by: java.io.IOException: closed",
    "\tat com.veza.Io.read(Io.java:7)",
    "\t... 12 more",
]
GO = [
    "panic: runtime error: index out of range [3] with length 3",
    "",
    "goroutine 1 [running]:",
    "main.handle(0xc000010000)",
    "\t/app/main.go:42 +0x1d",
    "exit status 2",
]


@pytest.mark.parametrize("trace", [PYTHON, JAVA, GO])
@pytest.mark.parametrize("pieces", [1, 2, 3, 100])
def test_a_trace_stays_together_between_the_lines_of_others(trace: list[str], pieces: int) -> None:
    time = Time()
    merger = Merger(time)
    merger.add(0, line(0.5, "before"))
    for start in range(0, len(trace), pieces):
        part = trace[start : start + pieces]
        merger.add(0, b"".join(line(1 + 0.01 * (start + i), text) for i, text in enumerate(part)))
        merger.add(1, line(1.001 + 0.01 * start, f"other {start}"))
    merger.add(0, line(2, "after"))
    out = merger.take(everything=True)
    shown = [text for number, text in texts(out) if number == 0]
    assert shown == ["before", *trace, "after"]
    places = [i for i, (number, text) in enumerate(texts(out)) if number == 0 and text not in ("before", "after")]
    first = 1 if trace is PYTHON else 0  # the logger's line and the trace under it are two
    assert places[first:] == list(range(places[first], places[first] + len(trace) - first))
    kinds = [x[-1] for x in out if source_of(x) == 0]
    assert kinds[0] == TAG_LINE
    assert kinds[-1] == TAG_LINE
    assert kinds[first + 2 : -1] == [TAG_MORE] * (len(trace) - first - 1)


def test_notes_stand_after_the_lines_of_their_time() -> None:
    merger = Merger(Time())
    merger.note(0, stamp_of(1_700_000_001), "restarted")
    merger.add(0, line(0.5, "old") + line(2, "new"))
    out = merger.take(everything=True)
    assert [payload_of(x).decode() for x in out] == ["old", "restarted", "new"]
    assert out[1][-1] == TAG_NOTE
