"""The ring: bounded, filtered, walked through; patterns that would take for ever are refused."""

from __future__ import annotations

import time

import pytest

from veza_tui.feeds.logs.buffer import BLOCK, Ring
from veza_tui.feeds.logs.match import Matcher
from veza_tui.feeds.logs.stamps import stamp_of
from veza_tui.model.errors import ConfigError
from veza_tui.model.log import TAG_LINE, TAG_MORE, TAG_NOTE, tag


def tagged(number: int, text: str | None = None, kind: int = TAG_LINE) -> bytes:
    payload = f"line {number}" if text is None else text
    return stamp_of(1_700_000_000 + number) + b" " + payload.encode() + tag(0, kind)


def ring_of(count: int, most: int = 1 << 30, size: int = 1 << 30) -> Ring:
    ring = Ring(most, size)
    for start in range(0, count, 300):
        ring.append([tagged(n) for n in range(start, min(count, start + 300))])
    return ring


def forward(ring: Ring) -> list[int]:
    out: list[int] = []
    number = ring.shown_after(ring.first - 1)
    while number is not None:
        out.append(number)
        number = ring.shown_after(number)
    return out


def backward(ring: Ring) -> list[int]:
    out: list[int] = []
    number = ring.shown_before(ring.end)
    while number is not None:
        out.append(number)
        number = ring.shown_before(number)
    return out


def test_lines_by_number_both_ways() -> None:
    ring = ring_of(2000)
    assert len(ring) == 2000
    assert ring.line(1234) == tagged(1234)
    assert ring.line(2000) is None
    assert forward(ring) == list(range(2000))
    assert backward(ring) == list(range(1999, -1, -1))


def test_bounded_by_lines() -> None:
    ring = ring_of(20_000, most=5000)
    assert 5000 - BLOCK <= len(ring) <= 5000
    assert ring.dropped + len(ring) == 20_000
    assert ring.line(ring.first - 1) is None
    assert forward(ring) == list(range(ring.first, 20_000))


def test_bounded_by_bytes() -> None:
    ring = Ring(1 << 30, 1 << 20)
    for number in range(200):
        ring.append([tagged(number, "x" * 20_000)])
    assert ring.size <= (1 << 20) + BLOCK * 20_100
    assert ring.dropped == 0  # one block is never broken up
    for number in range(200, 3000):
        ring.append([tagged(number, "x" * 20_000)])
    assert ring.dropped > 0
    assert ring.dropped + len(ring) == 3000


def test_what_is_pinned_stays_while_everything_around_it_goes() -> None:
    ring = ring_of(5000, most=5000)
    ring.pinned = (2000, 2050)
    for start in range(5000, 40_000, 500):
        ring.append([tagged(n) for n in range(start, start + 500)])
    assert ring.line(2000) == tagged(2000)
    assert ring.line(2050) == tagged(2050)
    assert len(ring) <= 5000
    assert ring.dropped + len(ring) == 40_000
    walked = forward(ring)
    assert walked == sorted(walked)
    assert walked[::-1] == backward(ring)
    assert len(walked) == len(ring)
    ring.pinned = None
    ring.append([tagged(n) for n in range(40_000, 40_500)])
    assert ring.line(2000) is None


def test_a_filter_applies_to_what_is_there_and_to_what_comes() -> None:
    ring = ring_of(3000)
    ring.use(Matcher("7$"))
    assert forward(ring) == []
    for _ in ring.scan():
        pass
    assert forward(ring) == list(range(7, 3000, 10))
    ring.append([tagged(n) for n in range(3000, 3020)])
    assert forward(ring) == list(range(7, 3020, 10))
    assert ring.shown() == 302
    assert [line[31:-3] for line in ring.shown_lines()][:2] == [b"line 7", b"line 17"]
    ring.use(Matcher("7$", invert=True))
    list(ring.scan())
    assert ring.shown() == 3020 - 302
    ring.use(None)
    assert ring.shown() == 3020


def test_a_trace_is_kept_or_hidden_as_a_whole_and_notes_always_stay() -> None:
    ring = Ring(1000, 1 << 20)
    ring.append(
        [
            tagged(0, "fine"),
            tagged(1, "ERROR broke"),
            tagged(2, "  at deep", TAG_MORE),
            tagged(3, "  at needle", TAG_MORE),
            tagged(4, "fine again"),
            tagged(5, "restarted", TAG_NOTE),
        ]
    )
    ring.use(Matcher("needle"))
    list(ring.scan())
    assert forward(ring) == [1, 2, 3, 5]
    ring.use(Matcher("needle", invert=True))
    list(ring.scan())
    assert forward(ring) == [0, 4, 5]


def test_jump_to_a_time() -> None:
    ring = ring_of(2000)
    assert ring.at_time(stamp_of(1_700_000_700)) == 700
    assert ring.at_time(stamp_of(1_600_000_000)) == 0
    assert ring.at_time(stamp_of(1_800_000_000)) is None


def test_small_letters_mean_either_case_and_text_beyond_ascii_is_text() -> None:
    assert Matcher("error").matches(tagged(0, "an ERROR"))
    assert not Matcher("Error").matches(tagged(0, "an ERROR"))
    assert Matcher("caf.$").matches(tagged(0, "café"))
    assert Matcher("É").matches(tagged(0, "É"))
    assert Matcher("^line").matches(tagged(0, "line"))
    assert not Matcher("^line").matches(tagged(0, " line"))
    assert not Matcher("17000").matches(tagged(0, "x"))  # the stamp is not searched


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a*)*b", "(\\w+\\s*)+$", "((ab)*c?)+x", "(?:x+|y)*z", "(.*)*"])
def test_patterns_that_take_for_ever_are_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="for ever"):
        Matcher(pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "a{2", "\\"])
def test_what_is_no_expression_is_said(pattern: str) -> None:
    if pattern == "a{2":  # a brace that opens nothing is itself
        Matcher(pattern)
        return
    with pytest.raises(ConfigError, match="no regular expression"):
        Matcher(pattern)


@pytest.mark.parametrize(
    "pattern", ["status=5\\d\\d", "GET .* 500", "(foo|bar)+?", "a{1,3}(b{2})*", "^\\S+ \\[error\\]"]
)
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    Matcher(pattern)


def test_two_hundred_thousand_lines_are_searched_in_slices() -> None:
    ring = ring_of(50_000)
    ring.use(Matcher("9999"))
    longest, begun = 0.0, time.process_time()
    for _ in ring.scan():
        now = time.process_time()
        longest, begun = max(longest, now - begun), now
    assert ring.shown() == 5
    assert longest < 0.03
