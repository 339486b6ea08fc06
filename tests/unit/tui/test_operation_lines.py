"""A running deploy as lines: bars, pods as they appear, the output that is left room for."""

from __future__ import annotations

from typing import Any

from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.operation import operation_lines
from veza_tui.tui.presentation.spans import Line, line_width, plain


def pods(count: int, status: str, ready: str = "0/1") -> list[dict[str, Any]]:
    return [{"name": f"api-{status.lower()}-{i}", "status": status, "ready": ready} for i in range(count)]


def running(found: list[dict[str, Any]], **more: Any) -> OperationStatus:
    entry = {"name": "api", "desired": 6, "old": 2, "new": 5, "ready": 1, "reason": "", "pods": found}
    step = StepStatus("wait", "Wait for api", StepState.RUNNING, 4.0, progress=0.2, data={"deployments": [entry]})
    after = StepStatus("record", "Record the release", StepState.PENDING)
    return OperationStatus("op", "deploy", "staging", OperationState.RUNNING, "alice", "Deploy staging", 1.0, None,
                           (step, after), **more)  # fmt: skip


def page(status: OperationStatus, rows: int, *tail: str) -> list[Line]:
    lines = operation_lines(status, tail, 16.0, 78, rows, UNICODE)
    assert all(line_width(line) <= 78 for line in lines)
    return lines


def test_a_bar_says_old_new_ready_and_how_long() -> None:
    text = "\n".join(map(plain, page(running([]), 22, "the output")))
    for word in ("1/6 ready", "5 new", "2 old", "20 %", "12 s", "running", "15 s", "alice", "the output"):
        assert word in text


def test_on_a_low_screen_the_pods_of_one_state_are_one_line_and_the_output_is_in_sight() -> None:
    found = [
        *pods(4, "ContainerCreating"),
        *pods(1, "CrashLoopBackOff"),
        *pods(1, "Running"),
        *pods(2, "Running", "1/1"),
    ]
    low = page(running(found), 22, *(f"line {i}" for i in range(30)))
    text = [plain(line) for line in low]
    assert any("api-containercreating-0 and 3 more  ContainerCreating" in line for line in text)
    assert any("api-running-0  Running, not ready" in line for line in text)
    assert len(low) <= 22 and "line 29" in text[-1] and any("Record the release" in line for line in text)
    wrong = next(line for line in low if "CrashLoopBackOff" in plain(line))
    assert any(span.role == "bad" for span in wrong)
    high = [plain(line) for line in page(running(found), 48)]
    assert sum("ContainerCreating" in line for line in high) == 4


def test_the_step_that_failed_is_told_from_those_taken_back() -> None:
    steps = tuple(StepStatus(i, t, StepState.UNDONE, 1.0, 2.0) for i, t in (("a", "Apply"), ("w", "Wait for api")))
    status = OperationStatus("op", "deploy", "staging", OperationState.ROLLED_BACK, "alice", "Deploy staging", 1.0, 9.0,
                             steps, reason="Wait for api: api-1: exit 1")  # fmt: skip
    text = [plain(line) for line in page(status, 22)]
    assert text[1].strip() == "api-1: exit 1"
    assert next(line for line in text if "Apply" in line).rstrip().endswith("taken back")
    culprit = next(line for line in text if "Wait for api" in line)
    assert UNICODE.failed in culprit and culprit.rstrip().endswith("failed")
