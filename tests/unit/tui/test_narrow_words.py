"""At 80 columns what tells a thing apart is never what is cut."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tools.synthetic import environment, pod, view
from veza_tui.feeds.inspect.tree import Node
from veza_tui.model.forward import ForwardSpec, ForwardState, ForwardStatus, ForwardTarget
from veza_tui.model.release import Release
from veza_tui.model.view import LastOperation, Link, NewestBackup
from veza_tui.model.workload import State
from veza_tui.operations.inspect.compare import Cell, Comparison
from veza_tui.operations.inspect.compare import Row as Compared
from veza_tui.operations.inspect.drift import Drift, DriftRow
from veza_tui.tui.actions import ACTIONS, Situation
from veza_tui.tui.presentation.compare import DRIFT_COLUMNS, compare_columns, compare_rows, drift_rows
from veza_tui.tui.presentation.forwards import COLUMNS, NARROW_COLUMNS, forward_row
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.identity import identity_line
from veza_tui.tui.presentation.keys import hints
from veza_tui.tui.presentation.owners import columns as owner_columns
from veza_tui.tui.presentation.owners import owner_row
from veza_tui.tui.presentation.pipeline import pipeline_lines
from veza_tui.tui.presentation.releases import difference_lines
from veza_tui.tui.presentation.rows import Column, Row, content_widths, row_line, share
from veza_tui.tui.presentation.shorter import apart, short_object, short_path
from veza_tui.tui.presentation.spans import fit_middle, line_width, plain
from veza_tui.tui.presentation.summary import summary_line

NOW = 1_700_000_000.0


def painted(columns: tuple[Column, ...], rows: list[Row], cells: int = 76) -> list[str]:
    widths = share(columns, content_widths(columns, rows), cells)
    return [plain(row_line(row, columns, widths, " ")) for row in rows]


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        (("https://dev.veza.com", "https://api.veza.com"), ["…dev…", "…api…"]),
        (("veza/chat:v1.4.2", "veza/chat:v1.5.0"), ["…v1.4.2", "…v1.5.0"]),
        (("veza-production", "veza-production-blue"), ["…production", "…production-blue"]),
        (("the same, however long", "the same, however long"), ["the same, however long"] * 2),
        (("short", "short-er"), ["short", "short-er"]),
        (("", "a-long-text-of-its-own"), ["", "a-long-text-of-its-own"]),
        (("a.b.c.example.com", "b.example.com"), ["a.b.c…", "b…"]),
    ],
)
def test_what_all_begin_or_end_with_is_left_out_of_long_texts(texts: tuple[str, ...], shown: list[str]) -> None:
    assert apart(texts, 12) == shown


def test_a_text_that_was_shortened_is_still_cut_in_its_middle() -> None:
    assert fit_middle("…production-blue", 9).endswith("-blue")
    assert fit_middle("…production", 9) != fit_middle("…production-blue", 9)


def test_kinds_have_kubernetes_own_short_names() -> None:
    assert short_object("Deployment/backend-api") == "deploy/backend-api"
    assert short_object("Widget/x") == "Widget/x" and short_object("nothing") == "nothing"
    assert short_path('spec.selector."app.kubernetes.io/instance"') == "spec.selector.…/instance"


def test_compared_values_differ_on_the_screen_as_they_do_in_truth() -> None:
    names = ("development", "staging", "production")
    letters = tuple(Cell(f"secret, differs ({letter})", True) for letter in "ABC")
    images = tuple(Cell(f"registry.veza.com/veza/chat-server:{tag}") for tag in ("v1.4.2", "v1.4.2", "v1.5.0"))
    found = Comparison(
        names,
        (
            Compared(("backend-api",), "variables", "API_KEY", letters, False),
            Compared(("chat-server", "stream-server"), "images", "image", images, False),
        ),
        (),
        reached=True,
    )
    first, second = painted(compare_columns(names), compare_rows(found, "", UNICODE, narrow=True))
    assert all(f"secret ({letter})" in first for letter in "ABC")
    assert second.count("…v1.4.2") == 2 and "…v1.5.0" in second and "chat-server +1 image" in second
    wide = painted(compare_columns(names), compare_rows(found, "", UNICODE), cells=156)
    assert "chat-server, stream-server image" in wide[1] and "registry" in wide[1]


def test_a_drifting_object_keeps_its_name() -> None:
    row = DriftRow("Service/stream-server", 'spec.selector."app.kubernetes.io/instance"', None, "veza-production",
                   "veza-production-blue", False)  # fmt: skip
    (line,) = painted(DRIFT_COLUMNS, drift_rows(Drift("production", (row,)), "", UNICODE, narrow=True))
    assert "svc/stream-server" in line and "-blue" in line and "/instance" in line


def test_the_key_of_the_other_comparison_names_where_it_leads() -> None:
    here = Situation(environment=environment("production"), screen="compare", kind="drift")
    assert "t drift" in plain(hints(ACTIONS, replace(here, kind=""), 80))
    assert "t compare" in plain(hints(ACTIONS, here, 80))


def test_a_forward_says_where_it_leads() -> None:
    target = ForwardTarget("service", "prometheus-operate", "monitoring-of-the-platform", "9090")
    status = ForwardStatus(
        1, ForwardSpec("production", target, "prometheus"), ForwardState.READY, 9090, pod="prometheus-0"
    )
    row = forward_row(status, NOW, UNICODE, narrow=True)
    assert "svc/prometheus-operate:9090 " in f"{painted(NARROW_COLUMNS, [row])[0]} "
    assert plain(row.notes[0]) == "in monitoring-of-the-platform of production, pod prometheus-0"
    ending = replace(status, expires=NOW + 1800, spec=replace(status.spec, guarded=True))
    assert plain(forward_row(ending, NOW, UNICODE, narrow=True).notes[0]).endswith(", ends in 30 min")
    (wide,) = painted(COLUMNS, [forward_row(status, NOW, UNICODE)], cells=156)
    assert "monitoring-of-the-platform" in wide and "prometheus-0" in wide


def test_the_steps_of_a_pipeline_are_named_in_full() -> None:
    stages = (
        ("validation", ("validate_configuration", "run_tests")),
        ("build", ("build_images", "push_images")),
        ("deploy", ("deploy_to_staging", "run_integration_tests")),
        ("verification", ("health_checks", "monitoring_verification")),
    )
    lines = pipeline_lines(stages, {}, {"run_tests": False}, "run_tests", NOW, 80, UNICODE, fold=True)
    text = "\n".join(map(plain, lines))
    assert all(line_width(line) <= 80 for line in lines) and "…" not in text
    for word in ("configuration", "integration", "monitoring", "not configured"):
        assert word in text
    assert len(pipeline_lines(stages, {}, {}, "", NOW, 160, UNICODE, fold=True)) == 2 + 2 * 2, "no line for nothing"


def test_a_crash_loop_is_named_in_full_in_the_owner_tree() -> None:
    broken = replace(pod(1, now=NOW), status="CrashLoopBackOff", restarts=12, state=State.FAILED)
    node = Node("k", "Pod", broken.name, broken.uid, 2, True, (False,), pod=broken)
    row = owner_row(node, view("production", now=NOW), {}, NOW, UNICODE, short=True)
    (line,) = painted(owner_columns(use=True), [row])
    assert "CrashLoopBackOff " in line


@pytest.mark.parametrize("user", ["ada", "a-service-account-with-a-name"])
def test_a_missed_objective_is_never_what_is_cut(user: str) -> None:
    seen = replace(
        view("production", now=NOW),
        last_operation=LastOperation("id", "set-image", user, "rolled-back", NOW - 3600),
        newest_backup=NewestBackup("b", NOW - 30 * 3600, False, None),
    )
    line = summary_line(environment("production"), seen, NOW, 80, UNICODE)
    assert line_width(line) <= 80 and plain(line).endswith("objective MISSED")
    assert "objective 24 h MISSED" in plain(summary_line(environment("production"), seen, NOW, 160, UNICODE))


@pytest.mark.parametrize("cells", [60, 72, 80, 100, 160])
def test_read_only_and_the_state_of_the_data_are_never_cut_from_the_line_of_identity(cells: int) -> None:
    seen = replace(view("production", now=NOW), link=Link.DOWN)
    assert seen.identity is not None
    known = replace(seen.identity, context="production-of-the-platform", namespace="veza-prod")
    line = identity_line(environment("production"), replace(seen, identity=known), read_only=True, monotonic=NOW,
                         cells=cells, glyphs=UNICODE)  # fmt: skip
    text = plain(line)
    assert line_width(line) <= cells and ("…" in text) is (cells == 60)
    assert "PRODUCTION" in text and "read-only" in text and text.rstrip().endswith("down")
    assert ("approval" in text) is (cells >= 100)


@pytest.mark.parametrize("oldest", [True, False])
def test_why_a_release_was_made_stands_in_full_below_the_list(oldest: bool) -> None:
    reason = "the payment service asked for it after the schema change of the messages table went wrong: END"
    made = Release(2, NOW, "ada@ops1", reason, "op", {}, "d", True)
    before = None if oldest else replace(made, number=1)
    lines = difference_lines(made, before, [], [], 78, UNICODE)
    text = " ".join(" ".join(map(plain, lines)).split())
    assert f"ada@ops1: {reason}" in text and all(line_width(line) <= 78 for line in lines)
    assert "why" not in plain(difference_lines(replace(made, reason=""), before, [], [], 78, UNICODE)[-1])
