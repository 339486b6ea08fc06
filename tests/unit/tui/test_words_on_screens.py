"""What a tired reader must not stumble over: plurals, units, titles cut without need, hints that do nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.synthetic import crashing, environment, pod, rollout, view
from veza_tui.model.restore import Loss
from veza_tui.model.workload import EventRow
from veza_tui.tui.actions import ACTIONS, Situation
from veza_tui.tui.presentation.backups import loss_lines
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.health import said_in_full
from veza_tui.tui.presentation.keys import help_lines, hints
from veza_tui.tui.presentation.pod import pod_lines
from veza_tui.tui.presentation.pod_line import PodLine, Shown
from veza_tui.tui.presentation.rollouts import rollout_lines
from veza_tui.tui.presentation.spans import Span, counted, line_width, plain
from veza_tui.tui.presentation.warnings import warning_lines

NOW = 1_700_000_000.0


def event(name: str, last: float, count: int = 1) -> EventRow:
    return EventRow(
        name, "Warning", "BackOff", f"Back-off of {name}", "Pod", name, f"uid-{name}", count, last, last, "kubelet"
    )


@pytest.mark.parametrize(("number", "words"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows"), (1200, "1,200 rows")])
def test_a_count_agrees_with_its_noun(number: int, words: str) -> None:
    assert counted(number, "row") == words
    assert counted(1, "differs", "differ") == "1 differs"


def test_figures_of_database_and_cache_have_units_where_there_is_room() -> None:
    rows = {row.kind: row for row in view("production", now=NOW).health}
    assert said_in_full(replace(rows["database"], detail="41/100")) == "41/100 connections"
    assert said_in_full(replace(rows["cache"], detail="13 MB")) == "13 MB in memory"
    assert said_in_full(replace(rows["cache"], detail="does not answer")) == "does not answer"
    assert said_in_full(replace(rows["service"], detail="503")) == "503"


def test_the_newest_warnings_stand_first_and_take_no_more_lines_than_given() -> None:
    events = [event(f"pod-{i}", NOW - 100 * i, i) for i in (3, 1, 2)]
    lines = [plain(line) for line in warning_lines(events, NOW, 120, UNICODE, most=3)]
    assert len(lines) == 3
    assert "WARNINGS 3" in lines[0]
    assert "pod/pod-1" in lines[1] and "1 min" in lines[1]
    assert "pod/pod-2" in lines[2] and "x2" in lines[2]
    assert warning_lines((), NOW, 120, UNICODE, most=9) == []
    assert warning_lines(events, NOW, 120, UNICODE, most=2) == []


def test_what_broke_stands_above_what_merely_is() -> None:
    page = "\n".join(plain(line) for line in pod_lines(pod(1, now=NOW), view("production", now=NOW), NOW, 80, UNICODE,
                                                       gone=False))  # fmt: skip
    assert page.index("CONTAINERS") < page.index("WARNINGS") < page.index("POD ")
    wide = [plain(line) for line in pod_lines(pod(1, now=NOW), view("production", now=NOW), NOW, 160, UNICODE,
                                              gone=False)]  # fmt: skip
    assert any("CONTAINERS" in line and "POD " in line for line in wide)


def test_the_hints_name_no_key_that_leads_to_the_screen_in_front() -> None:
    assert "health" not in plain(hints(ACTIONS, Situation(screen="health"), 160))
    assert plain(hints(ACTIONS, Situation(screen="logs"), 80)).startswith(" / filter")


def test_at_80_cells_the_help_of_the_overview_is_hardly_cut() -> None:
    lines = help_lines(ACTIONS, Situation(screen="overview"), 80)
    assert all(line_width(line) <= 80 for line in lines)
    cut = [plain(line) for line in lines if "…" in plain(line)]
    assert len(cut) <= 3, cut


@pytest.mark.parametrize("cells", [60, 80, 160])
def test_every_grey_action_says_why_in_full_at_every_width(cells: int) -> None:
    seen = view("production", now=NOW)
    at = Situation(environment=environment("production", read_only=True), view=seen, read_only=True)
    lines = [plain(line) for line in help_lines(ACTIONS, at, cells)]
    text = "\n".join(lines)
    assert "production is read-only here" in text and "production …" not in text
    if cells < 160:
        keys = next(line for line in lines if "read-only here" in line).partition(":")[0].split()
        assert {"D", "R", "T", "M"} <= set(keys) and "B" not in keys, "a backup may be made"
        assert text.count("production is read-only here") == 1, "once for all of them"


def test_below_a_failing_pod_no_key_is_cut_in_two() -> None:
    shown = Shown(UNICODE, NOW, hints=lambda _: [(Span("l logs"),), (Span("p previous"),), (Span("u undo rollout"),)])
    line = PodLine(replace(crashing(1, now=NOW), cause="out of memory: killed at its limit of 1Gi"), "x" * 90, shown)
    for room in (30, 60, 76, 90, 200):
        shown.room = room
        text = plain(line.notes[0])
        assert text.startswith("out of memory: killed at its limit of 1Gi")
        assert text.endswith("u undo rollout")
        assert len(text) <= room or room < 60, text
    assert "l logs" in text and "x" * 90 in text


def test_a_narrow_rollout_says_the_cause_rather_than_the_pod() -> None:
    stuck = rollout("backend-api", 5, reason="backend-api-86b9697794-rpcfj: out of memory: killed", ready=0)
    narrow = "\n".join(plain(line) for line in rollout_lines([stuck], (), 39, UNICODE, most=3))
    assert "out of memory: killed" in narrow
    assert "rpcfj" in "\n".join(plain(line) for line in rollout_lines([stuck], (), 90, UNICODE, most=3))


def test_the_live_colour_is_named_at_every_width() -> None:
    kept = replace(rollout("backend-api-blue", 5), live=False)
    live = replace(rollout("backend-api-green", 5), live=True)
    for cells in (39, 90):
        assert "green live" in plain(rollout_lines([kept, live], (), cells, UNICODE, most=4)[0])
    wide = [plain(line) for line in rollout_lines([kept, live], (), 90, UNICODE, most=4)]
    assert "gets no requests" in wide[1] and "gets no requests" not in wide[2]


def test_what_a_restore_brings_back_and_loses_is_said_in_words() -> None:
    lines = [plain(line) for line in loss_lines([Loss("a", 8000, 4000), Loss("b", 7, 8)], 80, UNICODE,
                                                words=("THEN", "NOW"))]  # fmt: skip
    assert any("4,000 rows back" in line for line in lines)
    assert any("1 row lost" in line for line in lines)
    long = Loss("public.a_table_with_a_long_name_indeed_and_more_of_it", 12_345_678, 60_121)
    for cells in (76, 120):
        wide = [plain(line) for line in loss_lines([long], cells, UNICODE, words=("THEN", "NOW"))]
        assert wide[1].rstrip().endswith("12,285,557 rows back")
        assert wide[0].rindex("NOW") + 3 == wide[1].index("60,121") + 6


def test_space_is_named_only_where_it_switches() -> None:
    assert "space" not in plain(hints(ACTIONS, Situation(screen="restore", state="now"), 80))
    assert "space switch" in plain(hints(ACTIONS, Situation(screen="restore", state="table:users"), 80))
