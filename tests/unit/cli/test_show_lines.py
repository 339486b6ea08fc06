"""`operations show` in words."""

from __future__ import annotations

from veza_tui.cli.commands.operations import show_lines
from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus


def test_a_step_taken_back_has_no_duration_of_its_own() -> None:
    """Its end is the end of the way back: 7 s for a validation that took none would be told."""
    steps = (
        StepStatus("a", "Validate staging", StepState.UNDONE, started=10.0, ended=17.1),
        StepStatus("b", "Apply", StepState.DONE, started=10.0, ended=10.2),
        StepStatus("c", "Wait", StepState.RUNNING, started=10.2),
    )
    lines = show_lines(
        OperationStatus("id", "deploy", "staging", OperationState.ROLLED_BACK, "root", "Deploy", 10.0, 17.1, steps)
    )
    assert "  undone   Validate staging" in lines
    assert "  done     Apply 0.2 s" in lines
    assert "  running  Wait" in lines
