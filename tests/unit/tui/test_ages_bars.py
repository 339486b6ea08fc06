"""Ages as kubectl prints them, bars and sparklines."""

import pytest

from tests.tools.synthetic import HOSTILE
from veza_tui.model.sizes import finer_size_text, size_text
from veza_tui.model.text import every_word
from veza_tui.model.workload import State
from veza_tui.tui.presentation.ages import age, calm_age, latency, moment
from veza_tui.tui.presentation.bars import rollout_bar, sparkline
from veza_tui.tui.presentation.glyphs import ASCII, UNICODE
from veza_tui.tui.presentation.images import change, tag
from veza_tui.tui.presentation.spans import line_width, plain

H, D = 3600, 86400


# From kubectl's own test of HumanDuration (k8s.io/apimachinery/pkg/util/duration/duration_test.go).
@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-1, "0s"), (0, "0s"), (1, "1s"), (70, "70s"), (119, "119s"), (120, "2m"), (190, "3m10s"), (599, "9m59s"),
        (600, "10m"), (10859, "3h"), (10740, "179m"), (3 * H + 60, "3h1m"), (7 * H + 59 * 60, "7h59m"), (8 * H, "8h"),
        (47 * H, "47h"), (2 * D, "2d"), (2 * D + H, "2d1h"), (7 * D + 23 * H, "7d23h"), (8 * D, "8d"),
        (364 * D, "364d"), (2 * 365 * D - 1, "729d"), (2 * 365 * D, "2y"), (2 * 365 * D + D, "2y1d"),
        (8 * 365 * D, "8y"),
    ],
)  # fmt: skip
def test_age_is_kubectls(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_calm_ages_latencies_and_moments() -> None:
    assert [calm_age(s) for s in (5, 90, 3 * H, 3 * D)] == ["5 s", "1 min", "3 h", "3 d"]
    assert [latency(s) for s in (None, 0.0012, 0.012, 1.24)] == ["", "1.2 ms", "12 ms", "1.2 s"]
    assert len(moment(1_700_000_000, 1_700_000_060)) == 5
    assert len(moment(1_700_000_000, 1_700_000_000 + 3 * D)) == 11


def test_one_missing_pod_is_always_seen_in_the_bar() -> None:
    for desired in (2, 5, 40, 300):
        text = plain(rollout_bar(desired - 1, 0, desired, 8, UNICODE, "ok"))
        assert UNICODE.rest in text
        assert len(text) == 8
    assert plain(rollout_bar(1, 0, 300, 8, UNICODE, "ok")).count(UNICODE.full) == 1
    assert plain(rollout_bar(1, 1, 4, 8, UNICODE, "ok")) == "▆▆▃▃▁▁▁▁"
    assert plain(rollout_bar(0, 0, 0, 4, ASCII, "ok")) == "...."


def test_a_failed_check_stands_out_of_the_sparkline() -> None:
    history = ((0.0, State.OK, 0.01), (1.0, State.FAILED, 0.01), (2.0, State.UNKNOWN, None))
    line = sparkline(history, 6, UNICODE)
    assert plain(line) == "   ▁█·"
    assert [span.role for span in line[1:]] == ["spark", "bad", "faint"]
    assert line_width(sparkline(history, 2, ASCII)) == 2
    assert sparkline(history, 0, UNICODE) == ()


@pytest.mark.parametrize(
    ("image", "shown"),
    [
        ("veza/api:v1.4.2", "v1.4.2"),
        ("reg.io:5000/veza/api", "latest"),
        ("reg.io:5000/api:v2@sha256:" + "ab" * 32, "v2"),
        ("api@sha256:3f2a9c1d", "@3f2a9c1"),
        ("", "latest"),
    ],
)
def test_tags(image: str, shown: str) -> None:
    assert tag(image) == shown


def test_a_change_shows_both_versions_of_the_container_that_differs() -> None:
    assert change(("a:1", "side:3"), ("a:1", "side:4"), "→") == "3→4"
    assert change((), ("a:1",), "→") == "1"
    assert change(("a:1",), ("a:1",), "→") == "1"
    assert tag(HOSTILE[1])


def test_sizes_have_three_digits_in_lists_and_one_more_where_they_move() -> None:
    bytes_ = (0, 512, 999, 1234, 13_000_000, 12_400_000, 999_600_000, 512_000_000_000, 2 * 10**12)
    assert [size_text(b) for b in bytes_] == [
        "0 B", "512 B", "999 B", "1.2 kB", "13 MB", "12 MB", "1.0 GB", "512 GB", "2.0 TB"
    ]  # fmt: skip
    assert [finer_size_text(b) for b in bytes_] == [
        "0 B", "512 B", "999 B", "1.2 kB", "13.0 MB", "12.4 MB", "1.0 GB", "512 GB", "2.0 TB"
    ]  # fmt: skip


def test_a_filter_wants_every_word_somewhere() -> None:
    has = every_word(" Back  oom ")
    assert has("OOMKilled\nbackend-api-1") and not has("backend-api-1") and not has("")
    assert every_word("")("anything") and every_word("  ")("")
