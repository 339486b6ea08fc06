"""The pipeline's picture."""

from __future__ import annotations

from veza_tui.model.journal import StepState, StepStatus
from veza_tui.tui.presentation.glyphs import ASCII, UNICODE
from veza_tui.tui.presentation.pipeline import pipeline_lines
from veza_tui.tui.presentation.spans import line_width, plain

STAGES = (("build", ("build_images", "push_images")), ("deploy", ("deploy_to_staging",)))


def picture(cells: int, steps: dict[str, StepStatus], **more: bool) -> str:
    lines = pipeline_lines(STAGES, steps, {"build_images": False, **more}, "push_images", 10.0, cells, UNICODE)
    assert all(line_width(line) <= cells for line in lines)
    return "\n".join(plain(line) for line in lines)


def test_what_has_no_command_never_looks_passed() -> None:
    assert "not configured" in picture(80, {})
    skipped = StepStatus("build_images", "Build", StepState.SKIPPED, 1.0, 1.0, detail="not configured")
    text = picture(80, {"build_images": skipped})
    assert "not configured" in text and UNICODE.ok not in text and "not in this run" in text


def test_a_running_step_has_its_time_and_bar() -> None:
    running = StepStatus("deploy_to_staging", "Deploy", StepState.RUNNING, 4.0, progress=0.5)
    assert "50 %" in picture(80, {"deploy_to_staging": running})
    failed = StepStatus("push_images", "Push", StepState.FAILED, 4.0, 6.5)
    text = picture(60, {"push_images": failed})
    assert "2.5 s" in text and UNICODE.failed in text


def test_ascii_and_a_narrow_screen() -> None:
    lines = pipeline_lines(STAGES, {}, {}, "push_images", 0.0, 40, ASCII)
    assert all(plain(line).isascii() or "…" in plain(line) for line in lines)
