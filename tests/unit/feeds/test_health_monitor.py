# ruff: noqa: C408, E501
"""The monitor's rhythm, its hysteresis, and what answers mean."""

from __future__ import annotations

import pytest
from feeds_fakes import FakeCluster, environment

from tests.tools.clocks import FakeClock
from veza_tui.feeds.health import HealthMonitor
from veza_tui.feeds.health_checks import (
    Answer,
    CacheCheck,
    DatabaseCheck,
    ServiceCheck,
    judge_cache,
    judge_database,
    judge_http,
    size,
)
from veza_tui.model.errors import ConfigError, RefusedError, UnreachableError
from veza_tui.model.workload import State
from veza_tui.ports.cluster import ClusterUnreachable, Denied, HttpAnswer, NotFound
from veza_tui.ports.health import CacheVitals, DatabaseVitals

OK, BAD = Answer(State.OK, 0.01, "", "200"), Answer(State.FAILED, 0.02, "503", "503")
NO_IDEA = Answer(State.UNKNOWN, None, "", "")


class Scripted:
    name, kind, asked = "x", "service", "GET /health"

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.count = 0

    async def ask(self, timeout: float) -> Answer:
        self.count += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Rig:
    def __init__(self, *answers: Answer | Exception) -> None:
        self.clock, self.check = FakeClock(), Scripted(*answers)
        self.changes = 0
        self.monitor = HealthMonitor([self.check], self.changed, self.clock, jitter=0)

    def changed(self) -> None:
        self.changes += 1

    @property
    def state(self) -> State:
        return self.monitor.rows()[0].state


async def test_it_asks_at_once_and_every_thirty_seconds() -> None:
    rig = Rig(OK)
    assert rig.state is State.UNKNOWN
    rig.monitor.start()
    await rig.clock.advance(0)
    assert rig.check.count == 1
    await rig.clock.advance(29)
    assert rig.check.count == 1
    await rig.clock.advance(61)
    assert rig.check.count == 4
    assert [h[1] for h in rig.monitor.rows()[0].history] == [State.OK] * 4
    await rig.monitor.close()


async def test_one_failure_is_a_doubt_and_two_are_a_failure() -> None:
    rig = Rig(OK, BAD, BAD, OK, BAD, OK, OK)
    rig.monitor.start()
    seen = []
    await rig.clock.advance(0)
    for step in (30, 3, 30, 3, 3, 3):
        seen.append(rig.state)
        await rig.clock.advance(step)
    assert seen == [State.OK, State.DEGRADED, State.FAILED, State.DEGRADED, State.DEGRADED, State.DEGRADED]
    assert rig.state is State.OK
    assert rig.monitor.settled
    await rig.monitor.close()


async def test_the_first_answer_is_believed() -> None:
    rig = Rig(BAD)
    rig.monitor.start()
    await rig.clock.advance(0)
    assert rig.state is State.FAILED
    await rig.monitor.close()


async def test_a_machine_that_slept_has_holes_in_its_history() -> None:
    rig = Rig(OK)
    rig.monitor.start()
    await rig.clock.advance(0)
    rig.clock.jump(100)
    await rig.clock.advance(0)
    assert [h[1] for h in rig.monitor.rows()[0].history] == [State.OK, State.UNKNOWN, State.UNKNOWN, State.OK]
    await rig.monitor.close()


async def test_a_check_that_breaks_is_unknown_and_goes_on() -> None:
    rig = Rig(RuntimeError("ours"), OK)
    rig.monitor.start()
    await rig.clock.advance(0)
    assert rig.state is State.UNKNOWN
    await rig.clock.advance(30)
    assert rig.state is State.OK
    await rig.monitor.close()


async def test_refresh_asks_now() -> None:
    rig = Rig(OK)
    rig.monitor.start()
    await rig.clock.advance(1)
    await rig.monitor.refresh()
    await rig.clock.advance(0)
    assert rig.check.count == 2
    await rig.monitor.close()


@pytest.mark.parametrize(
    ("status", "body", "seconds", "state", "detail"),
    [
        (200, b'{"status":"ok","version":"v1.4.2"}', 0.01, State.OK, "v1.4.2"),
        (200, b"OK", 0.01, State.OK, ""),
        (200, b'{"status":"ok"}', 2.5, State.DEGRADED, "slow: 2.5 s"),
        (200, b'{"status":"degraded","checks":{"cache":{"status":"down"}}}', 0.01, State.DEGRADED, "cache down"),
        (200, b'{"checks":{"database":false}}', 0.01, State.DEGRADED, "database down"),
        (503, b'{"status":"failed","checks":{"database":{"status":"failed","error":"x"}}}', 0.1, State.FAILED, "503 database failed"),
        (503, b'{"error":"no \\u001b[2J database"}', 0.1, State.FAILED, "503 no ␛[2J database"),
        (500, b"<html>", 0.1, State.FAILED, "500"),
        (503, b'{"kind":"Status","message":"no endpoints available for service \\"x\\""}', 0.1, State.FAILED, "503 no ready pod"),
        (200, b"[1]", 0.01, State.OK, ""),
    ],
)  # fmt: skip
def test_http_answers(status: int, body: bytes, seconds: float, state: State, detail: str) -> None:
    answer = judge_http(HttpAnswer(status, body, seconds))
    assert (answer.state, answer.detail) == (state, detail)
    assert "\x1b" not in answer.answered


@pytest.mark.parametrize(
    ("error", "state", "detail"),
    [
        (ClusterUnreachable("x"), State.UNKNOWN, "not asked: no API server"),
        (Denied("x", status=403), State.UNKNOWN, "not allowed: services/proxy"),
        (NotFound("x", status=404), State.FAILED, "no service backend-api"),
    ],
)
async def test_what_the_api_server_says_of_itself(error: Exception, state: State, detail: str) -> None:
    cluster = FakeCluster()
    cluster.answer = error  # type: ignore[assignment]
    answer = await ServiceCheck(lambda: cluster, "ns", environment().services[0]).ask(1)  # type: ignore[arg-type, return-value]
    assert (answer.state, answer.detail) == (state, detail)


async def test_without_a_cluster_nothing_is_known() -> None:
    assert (await ServiceCheck(lambda: None, "ns", environment().services[0]).ask(1)).state is State.UNKNOWN


class Probe:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def vitals(self, *, timeout: float) -> object:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def database(**changes: object) -> DatabaseVitals:
    known = dict(
        latency=0.01, version="17", connections=41, max_connections=100, longest_transaction=0.0, blocked=0,
        replication_lag=None, size=1 << 30, cache_hit=0.99,
    )  # fmt: skip
    return DatabaseVitals(**{**known, **changes})  # type: ignore[arg-type]


def cache(**changes: object) -> CacheVitals:
    known = dict(
        latency=0.01, product="valkey 9.1", used_memory=13 << 20, max_memory=0, evicted=0, clients=3, role="master",
        persistence="rdb", cluster_mode=False,
    )  # fmt: skip
    return CacheVitals(**{**known, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("vitals", "state", "detail"),
    [
        (database(), State.OK, "41/100"),
        (database(connections=95), State.DEGRADED, "95/100 connections"),
        (database(blocked=2), State.DEGRADED, "41/100 2 blocked"),
        (database(replication_lag=90.0), State.DEGRADED, "41/100 lag 90 s"),
        (database(latency=3.0), State.DEGRADED, "slow: 3.0 s"),
        (UnreachableError("PostgreSQL at db: refused"), State.FAILED, "does not answer"),
        (RefusedError("PostgreSQL at db refused the password"), State.FAILED, "refused"),
        (ConfigError("${DB_PASSWORD} is neither in secrets/x.env nor ..."), State.UNKNOWN, "DB_PASSWORD is not set"),
    ],
)
async def test_database(vitals: object, state: State, detail: str) -> None:
    answer = await DatabaseCheck(Probe(vitals), "db").ask(1)  # type: ignore[arg-type]
    assert (answer.state, answer.detail) == (state, detail)


@pytest.mark.parametrize(
    ("vitals", "state", "detail"),
    [
        (cache(), State.OK, "13 MB"),
        (cache(max_memory=14 << 20), State.DEGRADED, "13 MB of 14 MB"),
        (cache(persistence="last save failed"), State.DEGRADED, "13 MB last save failed"),
        (UnreachableError("x"), State.FAILED, "does not answer"),
    ],
)
async def test_cache(vitals: object, state: State, detail: str) -> None:
    answer = await CacheCheck(Probe(vitals), "cache").ask(1)  # type: ignore[arg-type]
    assert (answer.state, answer.detail) == (state, detail)


def test_the_whole_answer_is_kept() -> None:
    assert "41/100 connections" in judge_database(database()).answered
    assert judge_cache(cache()).answered.startswith("valkey 9.1, master, 13 MB")


def test_sizes() -> None:
    assert [size(n) for n in (0, 1023, 1 << 10, 13 << 20, 5 << 40)] == ["0 B", "1023 B", "1 kB", "13 MB", "5.0 TB"]
