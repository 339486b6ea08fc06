"""The journal: durable, private, tolerant of what a crash leaves, clear about what it cannot read."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from veza_tui.model.errors import ConfigError
from veza_tui.model.journal import JournalEvent, OperationState, StepState
from veza_tui.operations.fold import fold
from veza_tui.operations.ids import is_id, new_id, resolve_id
from veza_tui.operations.journal import Journal, JournalError, JournalReader, decode, encode, read_journal

ID = "20260301t120405123-9f03ac"
PLAN = JournalEvent(
    "plan",
    1.0,
    data={
        "kind": "noop",
        "environment": "staging",
        "title": "T",
        "user": "u",
        "hash": "h",
        "steps": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}],
    },
)


def step(name: str, state: str, at: float, **more: object) -> JournalEvent:
    return JournalEvent("step", at, name, {"state": state, **more})


def test_file_is_private_and_lines_are_readable(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append(PLAN, sync=True)
    journal.append(JournalEvent("output", 2.0, "a", {"line": "déployé ✔"}))
    journal.close()
    assert stat.S_IMODE((tmp_path / "journal.jsonl").stat().st_mode) == 0o600
    lines = (tmp_path / "journal.jsonl").read_text().splitlines()
    assert json.loads(lines[0])["v"] == 1
    assert "déployé ✔" in lines[1]
    assert [e.type for e in read_journal(tmp_path / "journal.jsonl")] == ["plan", "output"]


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_a_torn_last_line_is_tolerated_and_cut_off_on_reopening(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal.jsonl"
    whole = encode(PLAN) + encode(step("a", "done", 2.0))
    path.write_bytes(whole + encode(step("b", "running", 3.0))[:cut])
    assert fold(ID, read_journal(path)).steps[1].state is StepState.PENDING
    journal = Journal(path)
    assert journal.torn == cut
    journal.append(step("b", "running", 4.0), sync=True)
    journal.close()
    assert path.read_bytes() == whole + encode(step("b", "running", 4.0))


def test_reader_takes_a_line_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "j"
    line = encode(PLAN)
    path.write_bytes(line[:10])
    reader = JournalReader(path)
    assert reader.read() == []
    with path.open("ab") as stream:
        stream.write(line[10:])
    assert reader.changed()
    assert [e.type for e in reader.read()] == ["plan"]
    assert not reader.changed()


def test_damaged_lines_are_counted_and_skipped(tmp_path: Path) -> None:
    path = tmp_path / "j"
    path.write_bytes(encode(PLAN) + b"\x00\xff rubbish\n[1]\n" + encode(step("a", "done", 2.0)))
    reader = JournalReader(path)
    assert [e.type for e in reader.read()] == ["plan", "step"]
    assert reader.damaged == [2, 3]


def test_unknown_types_are_skipped_and_newer_versions_refused(tmp_path: Path) -> None:
    status = fold(ID, [PLAN, JournalEvent("from-the-future", 2.0), step("a", "done", 3.0)])
    assert status.steps[0].state is StepState.DONE
    path = tmp_path / "j"
    path.write_bytes(encode(PLAN).replace(b'"v": 1', b'"v": 2'))
    with pytest.raises(JournalError, match="version 2"):
        JournalReader(path).read()


@pytest.mark.parametrize(
    "line", [b"", b"null", b"{}", b'{"v":1,"type":"x"}', b'{"v":"1","at":1,"type":"x"}', b"[" * 9000]
)
def test_what_is_no_event_decodes_to_none(line: bytes) -> None:
    assert decode(line) is None


def test_fold_of_a_run_that_fails_and_is_rolled_back() -> None:
    events = [
        PLAN,
        JournalEvent("start", 2.0, data={"pid": 7, "phase": "run", "host": "h"}),
        step("a", "running", 2.0),
        JournalEvent("progress", 2.5, "a", {"fraction": 0.5, "detail": "half", "rate": 3}),
        step("a", "done", 3.0),
        step("b", "running", 3.0),
        step("b", "failed", 4.0, error="boom"),
        JournalEvent("undo", 4.0, data={"reason": "boom"}),
    ]
    middle = fold(ID, events)
    assert middle.state is OperationState.RUNNING and middle.undoing and middle.pid == 7
    assert middle.steps[1].detail == "boom"
    end = JournalEvent("end", 6.0, data={"state": "rolled-back", "exit": 7, "reason": "boom", "left": []})
    final = fold(ID, [*events, step("b", "undone", 5.0), step("a", "undone", 5.0), end])
    assert (final.state, final.exit, final.undoing) == (OperationState.ROLLED_BACK, 7, False)
    assert {s.state for s in final.steps} == {StepState.UNDONE}
    assert (final.started, final.ended) == (1.0, 6.0)


def test_fold_of_cancelling_says_where_it_stops() -> None:
    status = fold(ID, [PLAN, JournalEvent("cancel", 2.0, data={"safe_point": "after the step “A”"})])
    assert (status.state, status.safe_point) == (OperationState.CANCELLING, "after the step “A”")


def test_resumed_operation_is_running_again() -> None:
    ended = JournalEvent("end", 3.0, data={"state": "cancelled", "exit": 130, "reason": "r"})
    status = fold(ID, [PLAN, ended, JournalEvent("start", 4.0, data={"pid": 8, "phase": "run"})])
    assert (status.state, status.ended, status.exit, status.pid) == (OperationState.RUNNING, None, None, 8)


def test_hostile_output_is_made_printable() -> None:
    status = fold(ID, [PLAN, JournalEvent("output", 2.0, "a", {"line": "\x1b]0;x\x07"})])
    assert "\x1b" not in status.tail[0]


def test_ids_sort_by_time_and_are_valid() -> None:
    ids = [new_id(1_700_000_000 + n * 0.001) for n in range(20)]
    assert [i[:18] for i in ids] == sorted(i[:18] for i in ids)
    assert all(is_id(i) for i in ids)


def test_prefixes_resolve_and_paths_do_not() -> None:
    other = "20260302t120405123-aaaaaa"
    assert resolve_id("20260301", [ID, other]) == ID
    for bad in ("../etc", "/etc", "", "-rf", "a;b", "2" * 300, "20260301/..", "2026\n"):
        with pytest.raises(ConfigError, match="not an operation"):
            resolve_id(bad, [ID])
    with pytest.raises(ConfigError, match="fits 2"):
        resolve_id("2026", [ID, other])
    with pytest.raises(ConfigError, match="no operation"):
        resolve_id("2025", [ID])
