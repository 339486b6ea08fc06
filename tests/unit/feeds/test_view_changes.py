"""What `status --watch` calls a change, and how `status` prints a view."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from feeds_fakes import environment
from feeds_pods import pod, running, status, terminated, waiting

from veza_tui.cli.commands.status import exit_code
from veza_tui.cli.status_json import view_json
from veza_tui.cli.status_text import print_view
from veza_tui.feeds.changes import changes
from veza_tui.feeds.pods import project_pod
from veza_tui.model.view import EnvironmentView, HealthRow, Identity, Link, Problem
from veza_tui.model.workload import RolloutRow, State

READY = {"Ready": ("True", "", "")}
WELL = replace(
    project_pod(pod(containers=[status("app", running(), ready=True)], conditions=READY)), uid="a", name="well"
)
BAD = replace(
    project_pod(pod(containers=[status("app", waiting("CrashLoopBackOff"), restarts=2, last=terminated(1))])),
    uid="b",
    name="bad\x1b[2J",
)
ROLLOUT = RolloutRow("r", "chat", "ns", 3, 3, 3, 3, 3, "2", ("chat:v2",), (), False, State.OK, "", 1.0)
HEALTH = HealthRow("database", "database", State.OK, 0.01, "41/100", "?", "!", 5.0)
LIVE = EnvironmentView("production", link=Link.LIVE, synced=True, heard_at=time.monotonic())


def lines(before: EnvironmentView, now: EnvironmentView) -> list[str]:
    return [f"{c.kind} {c.name} {c.state}: {c.text}" for c in changes(before, now)]


def test_nothing_changed() -> None:
    view = replace(LIVE, pods={"a": WELL}, rollouts=(ROLLOUT,), health=(HEALTH,))
    slower = replace(view, health=(replace(HEALTH, latency=0.5, at=6.0),), heard_at=1.0)
    assert lines(view, slower) == []


def test_pods_come_change_and_go() -> None:
    one, two = replace(LIVE, pods={"a": WELL}), replace(LIVE, pods={"b": BAD}, last_lines={"b": "DB_URL is not set"})
    assert lines(one, two) == [
        "environment production degraded: live, degraded",
        'pod bad␛[2J failed: 0/1 CrashLoopBackOff, 2 restarts, exit 1 · "DB_URL is not set"',
        "pod well ok: gone",
    ]


def test_rollouts_health_and_problems() -> None:
    before = replace(LIVE, rollouts=(ROLLOUT,), health=(HEALTH,))
    rolling = replace(ROLLOUT, updated=1, old_images=("chat:v1",), state=State.PROGRESSING)
    now = replace(
        before,
        rollouts=(rolling,),
        health=(replace(HEALTH, state=State.FAILED, detail="does not answer"),),
        problems=(Problem("events cannot be read", "ask"),),
    )
    assert lines(before, now) == [
        "environment production degraded: live, degraded",
        "problem production degraded: events cannot be read — ask",
        "rollout chat progressing: 3/3 ready, 1 updated, chat:v1 → chat:v2",
        "health database failed: does not answer",
    ]
    assert "problem production ok: over: events cannot be read" in lines(now, before)


@pytest.mark.parametrize(
    ("views", "code"),
    [
        ([replace(LIVE, rollouts=(ROLLOUT,))], 0),
        # Nothing runs there, or nothing may be seen: not healthy.
        ([LIVE], 1),
        ([replace(LIVE, rollouts=(replace(ROLLOUT, state=State.PROGRESSING),))], 0),
        ([LIVE, replace(LIVE, pods={"b": BAD})], 1),
        ([replace(LIVE, pods={"b": BAD}), replace(LIVE, link=Link.DOWN)], 3),
        ([replace(LIVE, link=Link.STALE)], 3),
        ([replace(LIVE, link=Link.CONNECTING)], 3),
    ],
)
def test_exit_codes(views: list[EnvironmentView], code: int) -> None:
    assert exit_code(views) == code


FULL = replace(
    LIVE,
    identity=Identity("https://api", "prod-eu", "veza"),
    pods={"a": WELL, "b": BAD},
    last_lines={"b": "DB_URL is not set"},
    rollouts=(ROLLOUT,),
    health=(HEALTH,),
    problems=(Problem("events cannot be read", "ask"),),
)


def test_text_is_aligned_and_without_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_view(environment(), FULL, first=True)
    out = capsys.readouterr().out
    assert "\x1b" not in out
    head, problem, *rest = out.splitlines()
    assert head.startswith("PRODUCTION  degraded  veza.com · prod-eu/veza · live")
    assert problem == "! events cannot be read — ask"
    pods = rest[rest.index(next(line for line in rest if " POD " in line)) :]
    assert "bad␛[2J" in pods[1]
    assert pods[1].endswith('exit 1 · "DB_URL is not set"')
    assert pods[0].index("STATUS") == pods[1].index("CrashLoopBackOff") == pods[2].index("Running")


def test_json_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(json.dumps(view_json(FULL)))
    assert data["state"] == "degraded"
    assert [p["state"] for p in data["pods"]] == ["failed", "ok"]
    assert data["pods"][0]["last_line"] == "DB_URL is not set"
    assert data["pods"][0]["containers"][0]["last_exit_code"] == 1
    assert data["health"][0]["detail"] == "41/100"
    assert data["data_age"] >= 0
