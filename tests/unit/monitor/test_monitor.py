"""Changes, metrics, hooks, alerts."""

from __future__ import annotations

import asyncio
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.tools.clocks import FakeClock
from tests.tools.synthetic import environment, rollout, view
from veza_tui.model.errors import ConfigError
from veza_tui.model.view import EnvironmentView, HealthRow, Link, NewestBackup
from veza_tui.model.workload import State
from veza_tui.operations.monitor.hooks import WAITING, Hooks, hook_environment, parse_hook
from veza_tui.operations.monitor.metrics import OLD, Metrics
from veza_tui.operations.monitor.serve import MetricsServer, parse_address
from veza_tui.operations.monitor.transitions import Tracker, Transition
from veza_tui.tui.alerts import Alerts

NOW = 1_700_000_000.0


def row(state: State = State.OK, at: float = NOW, **more: Any) -> HealthRow:
    return HealthRow("backend-api", "service", state, 0.012, "detail", "GET /", "200", at, (), **more)


def calm(**changes: Any) -> EnvironmentView:
    return replace(EnvironmentView("production", link=Link.LIVE, synced=True), health=(row(),), **changes)


def change(now: State = State.FAILED) -> Transition:
    return Transition("production", "health", "api", State.OK, now, "503 down")


def test_the_first_sight_is_no_change_and_each_change_is_told_once() -> None:
    tracker = Tracker()
    bad = replace(calm(), health=(row(State.FAILED),))
    assert tracker.feed(calm()) == []
    assert [(t.kind, t.name, t.before, t.now, t.worse) for t in tracker.feed(bad)] == [
        ("health", "backend-api", State.OK, State.FAILED, True)
    ]
    assert tracker.feed(bad) == []
    assert [t.worse for t in tracker.feed(calm())] == [False]


def test_a_check_in_doubt_is_no_change_yet() -> None:
    tracker = Tracker()
    tracker.feed(calm())
    assert tracker.feed(replace(calm(), health=(row(State.DEGRADED, confirmed=False),))) == []
    assert len(tracker.feed(replace(calm(), health=(row(State.FAILED),)))) == 1


def test_a_rollout_that_goes_well_is_silent_and_one_that_fails_is_told() -> None:
    tracker = Tracker()
    states = (State.OK, State.PROGRESSING, State.OK, State.PROGRESSING, State.FAILED, State.PROGRESSING, State.OK)
    told = [tracker.feed(calm(rollouts=(rollout("api", 3, state=s),))) for s in states]
    assert [[t.now for t in found] for found in told] == [[], [], [], [], [State.FAILED], [], [State.OK]]
    tracker.feed(calm())
    assert tracker.feed(calm(rollouts=(rollout("api", 3, state=State.FAILED),))) == []


def test_a_lost_connection_is_one_change_not_one_for_each_row() -> None:
    tracker = Tracker()
    tracker.feed(calm(rollouts=(rollout("api", 3),)))
    gone = replace(calm(), link=Link.STALE, rollouts=(rollout("api", 3, state=State.FAILED),))
    assert [(t.kind, t.now) for t in tracker.feed(gone)] == [("connection", State.UNKNOWN)]


def metrics_of(*views: EnvironmentView) -> str:
    registry = CollectorRegistry(auto_describe=False)
    clock = FakeClock(NOW)
    Metrics(lambda: views, clock).register(registry)
    return generate_latest(registry).decode()


def test_the_guides_metrics_as_labelled_gauges() -> None:
    base = view("production", now=NOW)
    text = metrics_of(replace(base, newest_backup=NewestBackup("b", NOW - 60, False, NOW - 3600)))
    assert 'veza_health{check="backend-api",environment="production",kind="service"} 1.0' in text
    assert 'veza_health{check="database",environment="production",kind="database"} 1.0' in text
    assert 'veza_health_latency_seconds{check="cache",environment="production",kind="cache"}' in text
    assert 'veza_pods{environment="production",state="ok"}' in text
    assert 'veza_rollout_ready_replicas{environment="production",rollout="backend-api"}' in text
    assert 'veza_backup_proven_age_seconds{environment="production"} 3600.0' in text
    assert 'veza_backup_age_seconds{environment="production"} 60.0' in text
    assert 'veza_cluster_up{environment="production"} 1.0' in text


@pytest.mark.parametrize("unknown", [row(State.UNKNOWN), row(at=0.0), row(at=NOW - OLD - 1)])
def test_what_is_not_known_is_absent(unknown: HealthRow) -> None:
    text = metrics_of(replace(calm(), health=(unknown,)))
    assert "veza_health{" not in text
    assert "veza_health_latency_seconds{" not in text


def test_failed_is_zero_and_degraded_still_answers() -> None:
    assert 'kind="service"} 0.0' in metrics_of(replace(calm(), health=(row(State.FAILED),)))
    text = metrics_of(replace(calm(), health=(row(State.DEGRADED),)))
    assert 'veza_health{check="backend-api",environment="production",kind="service"} 1.0' in text
    assert 'veza_health_degraded{check="backend-api",environment="production",kind="service"} 1.0' in text


def test_rows_of_a_lost_connection_are_absent_and_vitals_are_numbers() -> None:
    vitals = (("connections", 41), ("max_connections", 100), ("replication_lag", None), ("version", "17"))
    database = HealthRow("database", "database", State.OK, 0.1, "", "", "", NOW, (), vitals)
    text = metrics_of(replace(calm(), link=Link.STALE, heard_at=NOW - 30, health=(database,)))
    assert "veza_pods{" not in text
    assert 'veza_cluster_up{environment="production"} 0.0' in text
    assert 'veza_data_age_seconds{environment="production"} 30.0' in text
    assert 'veza_database_connections{environment="production"} 41.0' in text
    assert "veza_database_replication_lag_seconds{" not in text


def test_names_from_the_cluster_cannot_break_the_format() -> None:
    text = metrics_of(calm(rollouts=(rollout('a"} 1\nevil 1', 1),)))
    assert not any(line.startswith("evil") for line in text.splitlines())


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9105", "127.0.0.1", 9105),
        (":0", "127.0.0.1", 0),
        ("[::1]:1", "::1", 1),
        ("localhost:5", "127.0.0.1", 5),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert parse_address(text, allow_remote=False) == (host, port)


@pytest.mark.parametrize(
    "text", ["0.0.0.0:1", "10.0.0.1:9", "[::]:1", "example.com:1", "127.0.0.1", "127.0.0.1:x", ":99999"]
)
def test_other_machines_are_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--listen"):
        parse_address(text, allow_remote=False)
    assert parse_address("0.0.0.0:1", allow_remote=True) == ("0.0.0.0", 1)


def test_the_server_answers_and_is_gone_after_close() -> None:
    server = MetricsServer(Metrics(lambda: [calm()], FakeClock(NOW)), "127.0.0.1", 0)
    url = f"http://{server.label}/metrics"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            assert b"veza_health{" in answer.read()
        with pytest.raises(ConfigError, match="cannot listen"):
            MetricsServer(Metrics(list, FakeClock(NOW)), "127.0.0.1", server.port)
    finally:
        server.close()
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=5)


def test_a_hook_is_an_argv_without_a_shell() -> None:
    assert parse_hook("notify 'two words' $HOME;rm") == ("notify", "two words", "$HOME;rm")
    for wrong in ("", "  ", "'open"):
        with pytest.raises(ConfigError, match="hook"):
            parse_hook(wrong)


def test_a_hook_sees_the_change_and_no_secrets() -> None:
    seen = hook_environment(change(), NOW, {"PATH": "/bin", "DB_PASSWORD": "x", "SLACK_TOKEN": "y", "HOME": "/h"})
    assert seen == {"PATH": "/bin", "HOME": "/h", "VEZA_ENVIRONMENT": "production", "VEZA_KIND": "health",
                    "VEZA_NAME": "api", "VEZA_STATE": "failed", "VEZA_STATE_BEFORE": "ok", "VEZA_TEXT": "503 down",
                    "VEZA_WORSE": "1", "VEZA_AT": "1700000000"}  # fmt: skip


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-S", "-E", "-c", code)


async def test_hooks_run_beside_and_say_how_they_ended(tmp_path: Path) -> None:
    said: list[str] = []
    hooks = Hooks(tmp_path, said.append, timeout=5)
    write = python("import os; open('out', 'w').write(os.environ['VEZA_TEXT'])")
    fail = python("import sys; sys.stderr.write('no \\x1b[31mway\\nmore'); sys.exit(3)")
    hooks.run([write, fail, ("/nonexistent/hook",)], change(), NOW)
    await hooks.drain()
    assert (tmp_path / "out").read_text() == "503 down"
    assert (hooks.counts.ok, hooks.counts.failed) == (1, 2)
    # Hooks run beside each other: their order is not promised, so neither is the order of what they say.
    assert len(said) == 2
    assert "hook /nonexistent/hook: No such file or directory" in said
    assert f"hook {sys.executable}: exit 3: no ␛[31mway" in said


async def test_a_hook_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    said: list[str] = []
    hooks = Hooks(tmp_path, said.append, timeout=0.5)
    code = "import os,time\nif os.fork():\n  time.sleep(60)\nopen('pid','w').write(str(os.getpid()))\ntime.sleep(60)"
    hooks.run([python(code)], change(), NOW)
    await hooks.drain()
    assert hooks.counts.timed_out == 1
    assert "killed after 0.5 s" in said[0]
    stat = Path("/proc", (tmp_path / "pid").read_text(), "stat")
    for _ in range(100):
        # Nobody may be there to bury it.
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX":
            return
        await asyncio.sleep(0.02)
    raise AssertionError("its child lives on")


async def test_what_a_hook_leaves_behind_does_not_hold_it_up(tmp_path: Path) -> None:
    hooks = Hooks(tmp_path, lambda _: None, timeout=20)
    hooks.run([("/bin/sh", "-c", "sleep 60 & echo done >&2")], change(), NOW)
    await asyncio.wait_for(hooks.drain(), 5)
    assert hooks.counts.ok == 1


async def test_few_run_at_once_and_the_queue_is_bounded(tmp_path: Path) -> None:
    said: list[str] = []
    hooks = Hooks(tmp_path, said.append, at_once=2)
    for _ in range(WAITING + 10):
        hooks.run([("/bin/true",)], change(), NOW)
    assert len(hooks._running) == 2
    assert hooks.counts.dropped == 8
    assert len(said) == 1
    await hooks.close()
    assert not hooks._running


def test_alerting_rings_once_for_each_change_for_the_worse() -> None:
    base = environment("production")
    on = replace(base, monitoring=replace(base.monitoring, alerting=True))
    rings: list[str] = []

    def alerts(env: Any, **more: bool) -> Alerts:
        rings.clear()
        return Alerts(env, lambda: rings.append("bell"), rings.append, **more)

    bad = replace(calm(), health=(row(State.FAILED),))
    mine = alerts(on)
    for seen in (calm(), bad, bad, calm(), bad):
        mine.take(seen)
    assert rings == ["bell", "PRODUCTION: backend-api failed: detail"] * 2
    quiet = alerts(replace(base, monitoring=replace(base.monitoring, alerting=False)))
    quiet.take(calm())
    quiet.take(bad)
    assert rings == []
    off = alerts(on, on=False)
    off.take(calm())
    off.take(bad)
    assert rings == []
