"""Bytes to whole stamped lines, places to resume at, times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from veza_tui.feeds.logs.resume import Place, Replay, place_after
from veza_tui.feeds.logs.stamps import Lines, seconds_of, since, stamp_of
from veza_tui.feeds.logs.times import beginning, duration, moment
from veza_tui.model.errors import ConfigError
from veza_tui.model.log import Beginning

A = b"2026-05-01T10:00:00.000000001Z "
B = b"2026-05-01T10:00:00.000000002Z "


def test_lines_are_whole_wherever_the_bytes_are_cut() -> None:
    data = A + b"one\n" + B + b"two \xc3\xbc\n"
    for cut in range(len(data) + 1):
        lines = Lines(1000)
        assert lines.feed(data[:cut]) + lines.feed(data[cut:]) == data


def test_other_zones_and_shorter_fractions_are_brought_to_utc_and_nine_digits() -> None:
    lines = Lines(1000)
    out = lines.feed(b"2026-05-01T12:30:00.5+02:30 east\n2026-04-30T23:59:59-10:00 west\n2026-05-01T10:00:01Z whole\n")
    assert out == (
        b"2026-05-01T10:00:00.500000000Z east\n"
        b"2026-05-01T09:59:59.000000000Z west\n"
        b"2026-05-01T10:00:01.000000000Z whole\n"
    )


def test_a_line_without_a_stamp_gets_the_one_before() -> None:
    lines = Lines(1000)
    out = lines.feed(A + b"one\nfailed to create fsnotify watcher\n")
    assert out == A + b"one\n" + A + b"failed to create fsnotify watcher\n"


def test_ten_megabytes_without_a_newline_are_cut_with_a_mark_and_little_memory() -> None:
    lines = Lines(1000)
    assert lines.feed(A) == b""
    for _ in range(160):
        assert lines.feed(b"x" * 65536) == b""
    out = lines.feed(b"end\n" + B + b"next\n")
    first, second, _ = out.split(b"\n")
    assert first == A + b"x" * 1000 + f"… [{160 * 65536 + 3 - 1000} bytes cut]".encode()
    assert second == B + b"next"
    # The same line inside one piece is cut in the same way: at a second reading it is found again.
    whole = Lines(1000).feed(A + b"x" * (160 * 65536) + b"end\n")
    assert whole == first + b"\n"


def test_an_unfinished_line_comes_with_the_end() -> None:
    lines = Lines(1000)
    assert lines.feed(A + b"no newline") == b""
    assert lines.end() == A + b"no newline\n"
    assert lines.end() == b""


def test_since_is_in_whole_seconds_with_one_to_spare() -> None:
    assert since(A[:30]) == "2026-05-01T09:59:59Z"
    assert seconds_of(stamp_of(1_700_000_000.25)) == pytest.approx(1_700_000_000.25)
    assert seconds_of(b"rubbish") == 0.0


def test_replay_finds_the_place_across_pieces() -> None:
    seen = A + b"one\n" + A + b"one\n" + B + b"two\n"
    place = place_after(A + b"one\n" + A + b"one\n", None)
    assert place == Place(A + b"one\n", 2)
    replay = Replay(place)
    pieces = seen.splitlines(keepends=True)
    assert b"".join(replay.feed(piece) for piece in pieces) == B + b"two\n"
    assert not replay.missed


def test_replay_is_not_fooled_by_text_that_looks_like_the_place() -> None:
    place = Place(A + b"one\n")
    replay = Replay(place)
    assert replay.feed(A + b"say: " + A + b"one\n") == b""
    assert replay.feed(A + b"one\n" + B + b"new\n") == B + b"new\n"


def test_replay_gives_up_when_lines_are_far_beyond() -> None:
    replay = Replay(Place(A + b"gone\n"))
    late = b"2026-05-01T10:00:09.000000000Z later\n"
    assert replay.feed(B + b"soon\n") == b""
    assert replay.feed(late) == B + b"soon\n" + late
    assert replay.missed


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("1h30m", 5400), ("2d", 172800), ("45s", 45), ("10ms", 1), ("1.5h", 5400), ("x", None), ("5", None),
     ("5m x", None), ("", None)],
)  # fmt: skip
def test_durations(text: str, seconds: int | None) -> None:
    assert duration(text) == seconds


def test_beginnings() -> None:
    now = datetime(2026, 5, 1, 12, 0, tzinfo=UTC).timestamp()
    assert beginning("500", now) == Beginning(tail=500)
    assert beginning("10m", now) == Beginning(since_seconds=600)
    assert beginning("all", now) == Beginning()
    assert beginning("2026-05-01T10:00:00+02:00", now) == Beginning(since_time="2026-05-01T08:00:00Z")
    for wrong in ("yesterday", "25:00", "-5m", "10 lightyears"):
        with pytest.raises(ConfigError):
            beginning(wrong, now)


def test_a_time_of_day_is_the_last_one() -> None:
    now = datetime(2026, 5, 1, 12, 0).astimezone()
    found = moment("13:30", now.timestamp())
    assert found is not None
    assert (found.day, found.hour, found.minute) == (30, 13, 30)
    found = moment("11:59:58.5", now.timestamp())
    assert found is not None
    assert (found.day, found.second, found.microsecond) == (1, 58, 500_000)
