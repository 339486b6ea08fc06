"""Model -> lines: every block in its cells, at every width, with every state and hostile text."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from tests.tools.synthetic import HOSTILE, crashing, environment, health, pod, rollout, scene, view
from veza_tui.model.view import EnvironmentView, LastOperation, Link, NewestBackup, Problem
from veza_tui.model.workload import State
from veza_tui.tui.presentation.glyphs import ASCII, UNICODE, environment_state
from veza_tui.tui.presentation.health import health_lines
from veza_tui.tui.presentation.identity import QUIET_AFTER, data_age, identity_line
from veza_tui.tui.presentation.pod import pod_lines
from veza_tui.tui.presentation.pods import COLUMNS, PodRows, PodView, helping_keys, matcher, pods_label
from veza_tui.tui.presentation.problems import empty_body, problem_lines
from veza_tui.tui.presentation.rollouts import rollout_lines
from veza_tui.tui.presentation.rows import content_widths, row_line, share
from veza_tui.tui.presentation.spans import line_width, plain
from veza_tui.tui.presentation.summary import summary_line
from veza_tui.tui.presentation.tabs import TabFace, tab_bar
from veza_tui.tui.situation import Situation, needs_live
from veza_tui.tui.themes import PALETTES, first_palette
from veza_tui.tui.widgets.strips import Painter

NOW = 1_700_000_000.0
PROD = environment("production")
WIDTHS = (38, 60, 80, 100, 160, 250)


def everything(seen: EnvironmentView, cells: int, glyphs: object = UNICODE) -> list[object]:
    g = UNICODE if glyphs is UNICODE else ASCII
    rows = PodRows(g)
    pods = rows.select(seen, PodView())
    made = rows.rows(pods, seen, NOW, lambda pod: (), wide=cells > 100)
    widths = share(COLUMNS, content_widths(COLUMNS, made), cells - 3)
    return [
        identity_line(PROD, seen, read_only=True, monotonic=NOW, cells=cells, glyphs=g),
        *rollout_lines(seen.rollouts, seen.autoscalers, cells, g, most=4),
        *health_lines(seen.health, cells, g, compact=True),
        *health_lines(seen.health, cells, g, compact=False),
        *(row_line(row, COLUMNS, widths, " ") for row in made),
        summary_line(PROD, seen, NOW, cells, g),
        *problem_lines(seen.problems, cells, g),
        *empty_body(seen, "https://x", cells, g),
        *(line for p in pods for line in pod_lines(p, seen, NOW, cells, g, gone=False)),
    ]


@pytest.mark.parametrize("cells", WIDTHS)
@pytest.mark.parametrize("which", ["", "hostile", "stale", "denied", "empty", "down"])
def test_no_line_is_wider_than_its_cells(cells: int, which: str) -> None:
    seen = scene(which, view("production", now=NOW, incident=True), NOW)
    # Rows of the table and a pod's first line are clipped by the widget; all others fit by themselves.
    roles = set(PALETTES["veza-dark"].roles)
    for line in everything(seen, cells):
        assert {span.role for span in line} <= roles  # type: ignore[attr-defined]
        for span in line:  # type: ignore[attr-defined]
            assert span.text.isprintable()
    for line in rollout_lines(seen.rollouts, seen.autoscalers, cells, UNICODE, most=4):
        assert line_width(line) <= cells
    for line in health_lines(seen.health, cells, UNICODE, compact=True):
        assert line_width(line) <= cells
    assert line_width(identity_line(PROD, seen, read_only=True, monotonic=NOW, cells=cells, glyphs=UNICODE)) <= cells


@pytest.mark.parametrize("which", ["", "stale", "denied", "down", "connecting", "hostile"])
def test_ascii_is_ascii_and_takes_the_same_cells(which: str) -> None:
    painter = Painter(PALETTES["veza-plain"], ascii_only=True)
    seen = scene(which, view("production", now=NOW, incident=True), NOW)
    faces = (TabFace("production", True, environment_state(seen, ASCII), 2, True),)
    for line in (*everything(seen, 80, ASCII), tab_bar(faces, "me", 80, ASCII)):
        strip = painter.strip(line, 80)  # type: ignore[arg-type]
        assert strip.text.isascii()
        assert len(strip.text) == 80


def tabs(count: int = 3, active: int = 0) -> list[TabFace]:
    names = ["development", "staging", "production"] + [f"customer-{i}" for i in range(20)]
    states = [("✔", "ok", "ok"), ("▲", "degraded", "warn")]
    return [TabFace(n, n == "production", states[i % 2], i % 3, i == active) for i, n in enumerate(names[:count])]


@pytest.mark.parametrize("cells", (40, 60, 80, 160, 250))
@pytest.mark.parametrize("count", (1, 3, 9, 20))
def test_the_active_tab_is_always_in_the_bar(cells: int, count: int) -> None:
    for active in {0, count // 2, count - 1}:
        line = tab_bar(tabs(count, active), "oncall", cells, UNICODE)
        assert line_width(line) <= cells
        assert any(span.role.startswith(("tab-active", "tab-production")) for span in line)


def test_tabs_at_80_columns_say_glyph_word_and_unread() -> None:
    text = plain(tab_bar(tabs(), "oncall", 80, UNICODE))
    assert "1 development ✔ ok" in text
    assert "2 staging ▲ degraded ●1" in text
    assert "3 PRODUCTION ✔ ok ●2" in text


def test_a_quiet_live_connection_says_live_and_a_stale_one_its_age() -> None:
    seen = view("production", now=NOW)
    assert plain(data_age(seen, NOW + 20, UNICODE)) == "live"
    assert "quiet" in plain(data_age(seen, NOW + QUIET_AFTER + 1, UNICODE))
    assert plain(data_age(replace(seen, link=Link.STALE), NOW + 34, UNICODE)) == "◌ stale 30 s"
    assert "down" in plain(data_age(EnvironmentView("x", link=Link.DOWN), NOW, UNICODE))


def test_identity_names_everything() -> None:
    text = plain(
        identity_line(PROD, view("production", now=NOW), read_only=True, monotonic=NOW, cells=160, glyphs=UNICODE)
    )
    for word in (
        "PRODUCTION",
        "veza.com",
        "prod-eu/veza-production",
        "approval",
        "read-only",
        "v1.34.1",
        "oncall",
        "live",
    ):
        assert word in text


def test_a_rolling_deployment_shows_both_versions_and_a_stuck_one_its_reason() -> None:
    rows = (
        rollout("backend-api", 5),
        rollout("chat-server", 3, ready=2, updated=1, images=("c:v1.5.0",), old_images=("c:v1.4.2",),
                state=State.FAILED, reason="deadline exceeded: 1 of 3 updated"),
    )  # fmt: skip
    text = [plain(line) for line in rollout_lines(rows, (), 40, UNICODE, most=5)]
    assert "1 in trouble" in text[0]
    assert "5/5" in text[1]
    assert "▆" * 8 in text[1]
    assert "2/3  v1.4.2→v1.5.0" in text[2]
    assert "deadline exceeded" in text[3]
    assert "no deployments" in plain(rollout_lines((), (), 40, UNICODE, most=5)[1])


def test_with_too_many_rollouts_those_in_trouble_are_shown() -> None:
    rows = [rollout(f"d{i}", 1) for i in range(30)] + [rollout("broken", 1, ready=0, state=State.FAILED)]
    text = [plain(line) for line in rollout_lines(rows, (), 40, UNICODE, most=4)]
    assert "broken" in text[1]
    assert text[-1].strip() == "28 more"


def test_health_merges_the_stores_while_both_are_well() -> None:
    rows = [health("backend-api", "service", NOW), health("database", "database", NOW, detail="41/100"),
            health("cache", "cache", NOW, detail="13 MB")]  # fmt: skip
    text = [plain(line) for line in health_lines(rows, 40, UNICODE, compact=True)]
    assert "every 30 s" in text[0]
    assert len(text) == 3
    assert "41/100 · cache ✔ 13 MB" in text[2]
    rows[1] = replace(rows[1], state=State.FAILED, detail="refused")
    text = [plain(line) for line in health_lines(rows, 40, UNICODE, compact=True)]
    assert len(text) == 4
    assert "refused" in text[2]
    rows[1] = replace(rows[1], detail="does not answer at all")
    assert "does not answer at all" in plain(health_lines(rows, 40, UNICODE, compact=True)[2])
    assert "not asked yet" in plain(health_lines((), 40, UNICODE, compact=True)[1])


def test_failing_pods_come_first_with_cause_and_last_line() -> None:
    seen = view("production", now=NOW, incident=True)
    rows = PodRows(UNICODE)
    made = rows.rows(rows.select(seen, PodView()), seen, NOW, lambda pod: (), wide=False)
    assert made[0].cells[2].text == "CrashLoopBackOff"
    assert made[0].cells[3].text == "7 (20s)"
    assert plain(made[0].notes[0]) == "exit 1 · “DB_URL is not set”"
    assert all(not row.notes for row in made[1:])
    again = rows.rows(rows.select(seen, PodView()), seen, NOW, lambda pod: (), wide=False)
    assert again[1] is made[1]


def test_sort_and_filter() -> None:
    seen = view("production", now=NOW, incident=True)
    rows = PodRows(UNICODE)
    by_name = rows.select(seen, PodView(sort="name"))
    assert [p.name for p in by_name] == sorted(p.name for p in by_name)
    assert rows.select(seen, PodView(sort="name", reverse=True)) == by_name[::-1]
    assert rows.select(seen, PodView(sort="restarts"))[0].restarts == 7
    assert rows.select(seen, PodView(sort="age"))[0].created == max(p.created for p in seen.pods.values())
    assert {p.status for p in rows.select(seen, PodView(filter="chat !crash"))} == {"Running"}
    assert matcher("BACKEND v1.4")(pod(1, now=NOW))
    label = plain(pods_label(seen, 3, PodView(filter="chat"), "", UNICODE))
    assert label == "PODS 12 · 1 failing · 3 match “chat”"


def test_columns_give_way_from_the_least_useful_one() -> None:
    rows = PodRows(UNICODE)
    seen = view("production", now=NOW, incident=True)
    made = rows.rows(rows.select(seen, PodView()), seen, NOW, lambda pod: (), wide=False)
    needs = content_widths(COLUMNS, made)
    shown = {
        cells: [c.key for c, w in zip(COLUMNS, share(COLUMNS, needs, cells - 3), strict=True) if w] for cells in WIDTHS
    }
    assert shown[80] == ["name", "ready", "status", "restarts", "age"]
    assert shown[60][:3] == ["name", "ready", "status"]
    assert shown[250] == [c.key for c in COLUMNS]
    for cells in WIDTHS[1:]:
        widths = [w for w in share(COLUMNS, needs, cells) if w]
        assert sum(widths) + 2 * (len(widths) - 1) <= cells


def test_summary_tells_operation_and_backup() -> None:
    seen = view("production", now=NOW, incident=True)
    text = plain(summary_line(PROD, seen, NOW, 120, UNICODE))
    assert "deploy by oncall" in text
    assert "failed, rolled back" in text
    assert "backup 3 h ago, proven" in text
    none = replace(seen, last_operation=None, newest_backup=None)
    assert plain(summary_line(PROD, none, NOW, 120, UNICODE)) == " last: no operation yet · no backup"
    unproven = replace(seen, newest_backup=NewestBackup("b", NOW - 60, False, NOW - 3 * 86400))
    assert "not proven; last proven 3 d ago" in plain(summary_line(PROD, unproven, NOW, 120, UNICODE))
    future = replace(seen, newest_backup=NewestBackup("b", NOW + 86400, True, NOW + 86400))
    told = plain(summary_line(PROD, future, NOW, 120, UNICODE))
    assert "check the clocks" in told
    assert "ago, proven" not in told
    late = replace(seen, newest_backup=NewestBackup("b", NOW - 9 * 86400, True, NOW - 9 * 86400))
    assert "MISSED" in plain(summary_line(PROD, late, NOW, 120, UNICODE))
    running = replace(seen, last_operation=LastOperation("o", "backup", HOSTILE[1], "running", NOW))
    assert "␛" in plain(summary_line(PROD, running, NOW, 120, UNICODE))


def test_a_pods_page_tells_cause_containers_and_warnings() -> None:
    seen = view("production", now=NOW, incident=True)
    bad = next(p for p in seen.pods.values() if p.cause)
    text = "\n".join(plain(line) for line in pod_lines(bad, seen, NOW, 80, UNICODE, gone=False))
    for word in ("CAUSE", "exit 1", "DB_URL is not set", "registry.veza.com/chat-server:v1.5.0", "memory 1Gi",
                 "BackOff x14", "7, the last 20s ago"):  # fmt: skip
        assert word in text
    assert "gone" in plain(pod_lines(bad, seen, NOW, 80, UNICODE, gone=True)[0])
    well = pod(3, now=NOW)
    assert "CAUSE" not in "\n".join(plain(line) for line in pod_lines(well, seen, NOW, 80, UNICODE, gone=False))


def test_problems_say_what_to_do() -> None:
    seen = scene("down", view("development", now=NOW), NOW)
    text = "\n".join(plain(line) for line in empty_body(seen, "dev-eu", 80, UNICODE))
    assert "No connection to dev-eu" in text
    assert "→ Check the VPN" in text
    assert "ctrl-r" in text


def test_a_cluster_that_says_no_is_not_down_and_it_is_said_who_may_not_see_what() -> None:
    seen = replace(view("staging", now=NOW), link=Link.DOWN, pods=MappingProxyType({}), rollouts=())
    refused = replace(seen, problems=(Problem("not allowed to watch pods (403)", "ask for list and watch", ("pods",)),))
    assert environment_state(refused, UNICODE) == ("✖", "no access", "bad")
    assert "no access" in plain(data_age(refused, NOW, UNICODE))
    text = " ".join("\n".join(plain(line) for line in empty_body(refused, "https://k", 80, UNICODE)).split())
    who = seen.identity
    assert who is not None and f"Not allowed to see namespace {who.namespace} as {who.user} on https://k" in text
    assert "not allowed to watch pods (403)" in text
    at = Situation(environment=PROD, view=refused)
    assert "(403)" in str(needs_live(at)) and "answer" not in str(needs_live(at))
    stranger = replace(seen, problems=(Problem("the token was refused (401)", "log in again"),))
    assert environment_state(stranger, UNICODE)[1] == "no access"
    assert "Not let in by https://k" in "\n".join(map(plain, empty_body(stranger, "https://k", 80, UNICODE)))
    assert environment_state(seen, UNICODE)[1] == "down"


def test_states_of_an_environment_are_glyph_word_and_role() -> None:
    calm = view("staging", now=NOW)
    assert environment_state(calm, UNICODE) == ("✔", "ok", "ok")
    assert environment_state(view("staging", now=NOW, incident=True), UNICODE) == ("▲", "degraded", "warn")
    assert environment_state(EnvironmentView("x"), UNICODE)[1] == "connecting"
    assert environment_state(replace(calm, link=Link.STALE), UNICODE)[1] == "stale"
    assert environment_state(replace(calm, link=Link.DOWN), UNICODE)[1:] == ("down", "bad")
    rolling = replace(calm, rollouts=(rollout("a", 2, state=State.PROGRESSING),))
    assert environment_state(rolling, UNICODE)[1] == "rolling"
    unsynced = EnvironmentView("x", link=Link.LIVE, pods=MappingProxyType({"u": crashing(1, now=NOW)}))
    assert environment_state(unsynced, UNICODE)[1] == "degraded"


def test_palettes() -> None:
    keys = set(PALETTES["veza-dark"].roles)
    for palette in PALETTES.values():
        assert set(palette.roles) == keys
        for role in keys:
            palette.style(role)
    plain_styles = [PALETTES["veza-plain"].style(role) for role in keys]
    assert all(style.color is None and style.bgcolor is None for style in plain_styles)
    assert first_palette(no_color=True, colors="truecolor", wanted="dark").plain
    assert first_palette(no_color=False, colors="standard", wanted="").ansi
    assert first_palette(no_color=False, colors="truecolor", wanted="light").name == "veza-light"
    assert first_palette(no_color=False, colors=None, wanted="").plain


def test_the_keys_that_help_are_those_that_can() -> None:
    def keys(revision: str, **changes: object) -> tuple[str, ...]:
        seen = replace(view("production", now=NOW), rollouts=(rollout("api", 1, revision=revision),))
        one = pod(1, "api", now=NOW, **{"owner_kind": "ReplicaSet", "node": "n", **changes})
        return helping_keys(one, seen)

    assert keys("7", status="CrashLoopBackOff") == ("logs", "previous", "undo")
    assert keys("1", status="CrashLoopBackOff") == ("logs", "previous", "describe")
    assert keys("7", status="Init:ImagePullBackOff") == ("describe", "events", "undo")
    assert keys("7", status="Pending", node="") == ("describe", "events", "undo")
    assert keys("7", status="Error", owner_kind="Job") == ("logs", "previous", "describe")
