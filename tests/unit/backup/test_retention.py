"""What prune keeps, and when the overview warns."""

import random
import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from veza_tui.model.backup import Manifest
from veza_tui.model.catalogue import BackupRecord, Hold, Proof
from veza_tui.model.environment import Retention
from veza_tui.model.view import NewestBackup
from veza_tui.operations.backup.policy import age, judge, newest_of, rpo_warning

NOON = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))
DAY = 86400.0


def record(
    at: float, *, proven: bool = False, held: bool = False, problem: str = "", script: bool = False
) -> BackupRecord:
    name = time.strftime("%Y%m%d_%H%M%S", time.localtime(at))
    manifest = None if script else Manifest(name, "production", "t", at, at, "ada", ())
    return BackupRecord(
        name,
        "production",
        at,
        1,
        (("database.sql", 1),),
        manifest=manifest,
        digest="d",
        proof=Proof("d", at, "ada", "", 1, 1, 1.0) if proven else None,
        hold=Hold(at, "ada") if held else None,
        problem=problem,
    )


@pytest.fixture(autouse=True)
def dumps_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every record here holds a database."""
    monkeypatch.setattr(BackupRecord, "has_database", property(lambda self: True))


def kept(records: list[BackupRecord], **retention: int) -> set[str]:
    rule = Retention(**{"last": 0, "daily": 0, "weekly": 0, "monthly": 0, **retention})
    return {v.record.name for v in judge(records, rule) if v.keep}


def test_last_daily_weekly_monthly() -> None:
    hourly = [record(NOON - hour * 3600) for hour in range(24 * 70)]
    assert len(kept(hourly, last=5)) == 5
    daily = kept(hourly, daily=7)
    assert len(daily) == 7
    assert len({name[:8] for name in daily}) == 7, "one a day"
    assert record(NOON).name in daily, "the newest of its day"
    assert len(kept(hourly, weekly=4)) == 4
    assert len({name[:6] for name in kept(hourly, monthly=6)}) == 3, "there are only three months"
    assert kept(hourly, last=2, daily=2) == {record(NOON - h * 3600).name for h in (0, 1, 13)}


def test_never_the_last_proven_never_a_held_one_never_the_script_s() -> None:
    old = [record(NOON - 100 * DAY, proven=True), record(NOON - 200 * DAY, proven=True)]
    held = record(NOON - 300 * DAY, held=True)
    script = record(NOON - 400 * DAY, script=True)
    damaged = record(NOON, problem="database.sql is missing")
    new = [record(NOON - i * 60) for i in range(1, 4)]
    assert kept([*old, held, script, damaged, *new], last=1) == {old[0].name, held.name, script.name, new[0].name}


def test_a_wrong_clock_displaces_nothing_and_what_cannot_be_read_stays() -> None:
    ahead = [record(NOON + (2 + i) * 3600, proven=True) for i in range(3)]
    fine = [record(NOON - i * DAY, proven=i == 2) for i in range(4)]
    unread = replace(record(NOON - 9 * DAY, script=True), problem="manifest.json: manifest format 2")
    verdicts = {v.record.name: v for v in judge([*ahead, *fine, unread], Retention(1, 0, 0, 0), NOON)}
    assert {n for n, v in verdicts.items() if v.keep} == {
        *(r.name for r in ahead), fine[0].name, fine[2].name, unread.name
    }  # fmt: skip
    assert "check the clocks" in verdicts[ahead[0].name].why
    assert verdicts[fine[2].name].why == "the last proven one"
    assert "cannot be read" in verdicts[unread.name].why


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_the_rule_something_proven_stays(data: Any) -> None:
    chance = random.Random(data.draw(st.integers(0, 10**6)))
    records = [
        record(NOON - i * chance.choice([600, 7200, DAY]) - i, proven=chance.random() < 0.2, held=chance.random() < 0.1)
        for i in range(chance.randint(0, 40))
    ]
    retention = Retention(*(data.draw(st.integers(0, 5)) for _ in range(4)))
    verdicts = judge(records, retention)
    stay = {v.record.name for v in verdicts if v.keep}
    assert len(verdicts) == len(records)
    assert {r.name for r in records if r.hold} <= stay
    proven = [r for r in records if r.proven]
    if proven:
        assert max(proven, key=lambda r: (r.at, r.name)).name in stay
    assert len(stay) >= min(retention.last, len(records))


def test_the_objective() -> None:
    assert rpo_warning(None, 60, NOON) == "there is no backup of the database"
    unproven = NewestBackup("x", NOON - 300, False)
    assert "no backup is proven; the newest is x, 5 min old" in rpo_warning(unproven, 60, NOON)
    assert rpo_warning(NewestBackup("x", NOON, False, NOON - 3500), 60, NOON) == ""
    assert "check the clocks" in rpo_warning(NewestBackup("x", NOON, True, NOON + 7300), 60, NOON)
    late = rpo_warning(NewestBackup("x", NOON, False, NOON - 7300), 60, NOON)
    assert late == "the newest proven backup is 2 h old, the objective is 1 h"


def test_newest_of_skips_what_cannot_be_used() -> None:
    records = [record(NOON, problem="damaged"), record(NOON - 60), record(NOON - 120, proven=True)]
    assert newest_of(records) == NewestBackup(record(NOON - 60).name, NOON - 60, False, NOON - 120)
    assert newest_of([]) is None


def test_ages() -> None:
    assert [age(s) for s in (0, 59, 60, 7300, 90_000, 200_000)] == ["0 s", "59 s", "1 min", "2 h", "25 h", "2 d"]
