"""A day of answers on disk: bounded, private, shared, and not harmed by a torn line."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from veza_tui.feeds import history
from veza_tui.feeds.history import HealthRecorder, HealthStore, Sample, merged, parse, periods, slots, summary
from veza_tui.model.view import EnvironmentView, HealthRow
from veza_tui.model.workload import State

NOW = 1_700_000_000.0
OK, BAD, NO = State.OK, State.FAILED, State.UNKNOWN


def sample(at: float, state: State = OK, latency: float | None = 0.01, check: str = "api") -> Sample:
    return Sample(at, check, state, latency)


@pytest.fixture
def store(tmp_path: Path) -> HealthStore:
    return HealthStore(tmp_path, "production", Path("/w"))


def test_what_is_written_is_read_and_nobody_else_may(store: HealthStore) -> None:
    assert store.read(NOW) == {}
    assert store.append([sample(NOW), sample(NOW + 30, BAD, None), sample(NOW, check="db")], NOW)
    assert store.read(NOW + 30) == {"api": [sample(NOW), sample(NOW + 30, BAD, None)], "db": [sample(NOW, check="db")]}
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_each_workspace_has_its_own(tmp_path: Path) -> None:
    assert HealthStore(tmp_path, "p", Path("/a")).path != HealthStore(tmp_path, "p", Path("/b")).path


def test_a_torn_line_costs_itself_alone(store: HealthStore) -> None:
    store.append([sample(NOW)], NOW)
    with store.path.open("ab") as file:
        file.write(b'[1700000001.0,"api","o')
    store.append([sample(NOW + 60)], NOW)
    assert [s.at for s in store.read(NOW + 60)["api"]] == [NOW, NOW + 60]


@pytest.mark.parametrize("junk", [b"", b"[]", b"null", b"[1,2,3,4]", b'[1,"a","nope",1]', b'["x","a","ok",1]',
                                  b"\xff\xfe", b"[" * 5000, b'{"a":1}', b'[1,"a","ok","fast"]'])  # fmt: skip
def test_junk_is_left_out(junk: bytes) -> None:
    assert list(parse(junk + b'\n[5,"api","ok",10]\n')) == [Sample(5.0, "api", OK, 0.01)]


def test_what_is_older_than_a_day_goes_when_the_file_has_grown(store: HealthStore, monkeypatch: Any) -> None:
    monkeypatch.setattr(history, "COMPACT", 20_000)
    for i in range(0, 4000, 100):
        store.append([sample(NOW + (i + j) * 60) for j in range(100)], NOW + (i + 100) * 60)
        assert store.path.stat().st_size <= 20_000 + 4000
    kept = store.read(NOW + 4000 * 60)["api"]
    assert kept[-1].at == NOW + 3999 * 60
    assert kept[0].at >= NOW + 4000 * 60 - history.KEPT
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_two_programs_answers_are_one_after_compaction(store: HealthStore, monkeypatch: Any) -> None:
    store.append([s for i in range(100) for s in (sample(NOW + 30 * i), sample(NOW + 30 * i + 2))], NOW)
    monkeypatch.setattr(history, "COMPACT", 10)
    monkeypatch.setattr(history, "LARGEST", 1 << 20)
    store._compact(NOW + 3000)
    lines = [json.loads(line) for line in store.path.read_text().splitlines()]
    assert len(lines) <= 100


def _write(store: HealthStore, number: int) -> None:
    for i in range(50):
        store.append([sample(NOW + i, check=f"c{number}")], NOW)


def test_several_processes_lose_nothing(store: HealthStore) -> None:
    workers = [get_context("fork").Process(target=_write, args=(store, n)) for n in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert {check: len(s) for check, s in store.read(NOW + 50).items()} == {"c0": 50, "c1": 50, "c2": 50}


def test_a_disk_that_refuses_is_told_and_a_link_is_not_followed(store: HealthStore, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    target.write_text("mine")
    store.path.parent.mkdir()
    os.symlink(target, store.path)
    assert not store.append([sample(NOW)], NOW)
    assert store.read(NOW) == {}
    assert target.read_text() == "mine"


def view_of(*points: tuple[float, State, float | None]) -> EnvironmentView:
    row = HealthRow("api", "service", OK, 0.01, "", "GET", "200", points[-1][0], tuple(points))
    return EnvironmentView("production", health=(row,))


async def test_the_recorder_writes_each_answer_once(store: HealthStore) -> None:
    recorder = HealthRecorder(store)
    recorder.take(view_of((NOW, OK, 0.01)))
    recorder.take(view_of((NOW, OK, 0.01), (NOW + 30, NO, None), (NOW + 60, BAD, 0.5)))
    recorder.take(view_of((NOW, OK, 0.01), (NOW + 30, NO, None), (NOW + 60, BAD, 0.5)))
    await recorder.close()
    assert [(s.at, s.state) for s in store.read(NOW + 60)["api"]] == [(NOW, OK), (NOW + 30, NO), (NOW + 60, BAD)]


def test_a_slot_shows_its_worst_and_a_slot_without_an_answer_is_unknown() -> None:
    found = slots([sample(NOW - 5400, BAD), sample(NOW - 5390, OK, 0.2), sample(NOW, OK)], NOW, 24)
    assert [s.state for s in found].count(None) == 22
    assert (found[22].state, found[22].latency) == (BAD, 0.2)
    assert found[23].state is OK


def test_changes_newest_first_with_gaps_as_unknown() -> None:
    samples = [sample(NOW + t, s) for t, s in ((0, OK), (30, OK), (60, BAD), (90, OK), (1000, OK))]
    assert [(p.state, p.since - NOW, p.until and p.until - NOW) for p in periods(samples)] == [
        (OK, 1000, None), (NO, 90, 1000), (OK, 90, 90), (BAD, 60, 90), (OK, 0, 60)]  # fmt: skip


def test_a_day_in_numbers_leaves_the_unknown_out() -> None:
    numbers = summary([sample(NOW, OK, 0.01), sample(NOW, NO, None), sample(NOW, BAD, 0.5), sample(NOW, OK, 0.02)])
    assert (numbers.samples, numbers.share_ok, numbers.median, numbers.slowest_20th) == (3, 2 / 3, 0.02, 0.5)
    assert summary([]).share_ok is None


def test_the_store_and_the_view_are_one_history() -> None:
    live = view_of((NOW, OK, 0.01), (NOW + 30, BAD, None))
    assert [s.at for s in merged({"api": [sample(NOW - 30), sample(NOW)]}, live)["api"]] == [NOW - 30, NOW, NOW + 30]
    assert [s.at for s in merged({}, replace(live))["api"]] == [NOW, NOW + 30]
