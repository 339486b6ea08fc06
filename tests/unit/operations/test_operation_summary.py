"""Lists of many operations are cheap, and old finished ones go in time, unfinished ones never."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.tools.clocks import FakeClock
from tests.tools.clusters import MemoryCluster
from tests.unit.operations.worlds import PLAIN, FakeRunners, FakeWorld
from veza_tui.model.errors import ConfigError
from veza_tui.model.journal import JournalEvent, OperationStatus
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.operations.ids import new_id
from veza_tui.operations.journal import Journal
from veza_tui.operations.request import Request
from veza_tui.operations.service import OperationsService
from veza_tui.operations.store import OperationFiles, OperationStore
from veza_tui.operations.summary import kept_limit, old_ones
from veza_tui.operations.who import current_person

PLAN = Plan(kind="deploy", target=Target("staging", "ns", "s", "u"), title="Deploy", steps=(Step("a", "A", "x.a"),))
NOW = 1_700_000_000.0


def operation(store: OperationStore, at: float, state: str = "", lines: int = 0) -> OperationFiles:
    request = Request(new_id(at), current_person(), "/w", at, confirmed="yes")
    files = store.create(PLAN, request)
    journal = Journal(files.journal)
    journal.append(JournalEvent("start", at, data={"pid": 1, "host": "h"}))
    journal.append(JournalEvent("step", at + 1, "a", {"state": "running"}))
    for number in range(lines):
        journal.append(JournalEvent("output", at + 2, "a", {"line": f"line {number}"}))
        journal.append(JournalEvent("progress", at + 2, "a", {"fraction": 0.5, "detail": f"at {number}"}))
    if state:
        journal.append(JournalEvent("step", at + 3, "a", {"state": "done"}))
        journal.append(JournalEvent("end", at + 3, data={"state": state, "exit": 0, "reason": "r"}))
    journal.close()
    return files


def test_the_list_says_what_the_journal_says_and_reads_it_no_more(tmp_path: Path) -> None:
    store = OperationStore(tmp_path, FakeRunners())
    files = operation(store, NOW, "done", lines=500)
    (listed,) = store.list()
    whole = store.status(files)
    assert listed == whole
    files.journal.write_bytes(b" " * files.journal.stat().st_size)  # as long as before, and nothing in it
    (again,) = store.list()
    assert again == replace(whole, tail=())
    assert (files.directory / "summary.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_limited_history_opens_no_journal_beyond_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = OperationsService(FakeWorld(PLAIN, MemoryCluster(), FakeClock(), tmp_path), FakeRunners(), state=tmp_path)
    made = [operation(one.store, NOW + i * 60, "done").id for i in range(5)]
    opened: list[str] = []
    glance = OperationStore.glance

    def counted(self: OperationStore, files: OperationFiles) -> OperationStatus:
        opened.append(files.id)
        return glance(self, files)

    monkeypatch.setattr(OperationStore, "glance", counted)
    assert [s.id for s in one.history(limit=2)] == made[:2:-1] == opened
    assert [s.id for s in one.history("staging")] == made[::-1]


def test_a_journal_that_goes_on_makes_its_summary_void(tmp_path: Path) -> None:
    store = OperationStore(tmp_path, FakeRunners())
    files = operation(store, NOW, "failed")
    assert [s.state for s in store.list()] == ["failed"]
    journal = Journal(files.journal)
    journal.append(JournalEvent("start", NOW + 9, data={"pid": 1, "host": "h", "mode": "resume"}))
    journal.close()
    assert [s.state for s in store.list()] != ["failed"]


def test_finished_ones_beyond_the_limit_go_and_unfinished_never(tmp_path: Path) -> None:
    store = OperationStore(tmp_path, FakeRunners(alive=False))
    old = [operation(store, NOW + n, state).id for n, state in enumerate(("", "done", "failed", "rolled-back"))]
    new = operation(store, NOW + 50, "done").id
    young = operation(store, 4_000_000_000.0, "failed").id  # not ended long enough ago
    gone = store.prune({"VEZA_KEEP_OPERATIONS": "1"})
    assert gone == [*old[1:], new] and store.ids() == [old[0], young]
    assert store.prune({"VEZA_KEEP_OPERATIONS": "all"}) == []


def test_the_limit_is_a_number_days_or_all() -> None:
    ids = [new_id(NOW + 86400 * day) for day in range(5)]
    assert old_ones(ids, kept_limit({"VEZA_KEEP_OPERATIONS": "2d"}), NOW + 86400 * 4 + 1) == ids[:3]
    assert old_ones(ids, kept_limit({"VEZA_KEEP_OPERATIONS": "3"}), NOW) == ids[:2]
    assert old_ones(ids, kept_limit({}), NOW) == old_ones(ids, kept_limit({"VEZA_KEEP_OPERATIONS": "all"}), NOW) == []
    with pytest.raises(ConfigError, match="a number of operations"):
        kept_limit({"VEZA_KEEP_OPERATIONS": "-1"})
