"""The deploy inside a pipeline: cancels reach it, a resumed pipeline goes on with it or starts a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from veza_tui.model.exits import Exit
from veza_tui.model.plan import Step
from veza_tui.operations.context import Cancelled
from veza_tui.operations.pipeline.steps import StepFailed, deploy

OLD, NEW = "20261123t150531909-8b1435", "20261123t160531909-8b1436"
STEP = Step("deploy_to_staging", "Deploy to staging", "pipeline.deploy", {"environment": "staging", "tag": "v9"})


class Commands:
    """veza-tui itself, as far as the step calls it."""

    def __init__(self, state: str = "", code: int = 0, *, hangs: bool = False) -> None:
        self.calls: list[str] = []
        self.state, self.code, self.chosen = state, code, ""
        self.ended = asyncio.Event()
        self.attached = asyncio.Event()
        if not hangs:
            self.ended.set()

    def veza(self) -> list[str]:
        return ["veza-tui"]

    async def run(self, argv: Sequence[str], *, directory: Path, on_line: Callable[[str], None], **_: Any) -> int:
        words = list(argv[3:])
        if "--operation-id" in words:
            at = words.index("--operation-id")
            self.chosen = words[at + 1]
            del words[at : at + 2]
            assert words[at : at + 2] == ["--part-of", "op"]
            del words[at : at + 2]
        self.calls.append(" ".join(w for w in words if not w.startswith("--reason") and "pipeline" not in w))
        match words[:2]:
            case ["deploy", _]:
                on_line(NEW)
            case ["operations", "show"] if not self.state:
                return 2
            case ["operations", "show"]:
                on_line(f"{words[2]} {self.state} · Deploy staging")
                on_line(f"  deploy staging by root, {'x' * 90}")
            case ["operations", "attach"]:
                self.attached.set()
                await self.ended.wait()
                on_line("its last word")
                return self.code
            case ["operations", "cancel"]:
                self.code = Exit.INTERRUPTED
                self.ended.set()
        return 0


def context(commands: Commands, known: str = "") -> Any:
    asked = SimpleNamespace(cancel=False)
    notes = [{"operation": known}] if known else [{"baseline": {}}]
    return SimpleNamespace(
        asked=asked, clock=SimpleNamespace(now=lambda: 1_795_445_131.909),
        service=lambda name: commands,
        environment=SimpleNamespace(name="production"),
        directory="/w", operation_id="op",
        notes=lambda step: notes,
        report=SimpleNamespace(output=lambda line: None, note=lambda text, **data: notes.append(data)),
        cancelled=lambda: asked.cancel,
        plan=SimpleNamespace(steps=[STEP]),
    )  # fmt: skip


async def test_it_starts_a_deploy_and_follows_it_to_its_end() -> None:
    commands = Commands()
    assert await deploy(context(commands), STEP) == {"operation": NEW}
    assert commands.calls == ["deploy staging --confirm staging --detach", f"operations attach {NEW}"]


async def test_a_cancel_of_the_pipeline_is_one_of_its_deploy() -> None:
    commands = Commands(hangs=True)
    at = context(commands)
    task = asyncio.ensure_future(deploy(at, STEP))
    await commands.attached.wait()
    at.asked.cancel = True
    with pytest.raises(Cancelled):
        await task
    assert commands.calls.count(f"operations cancel {NEW}") == 1


async def test_what_is_cut_off_cuts_off_its_deploy() -> None:
    commands = Commands(hangs=True)
    task = asyncio.ensure_future(deploy(context(commands), STEP))
    await commands.attached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert commands.calls[-1] == f"operations cancel {NEW} --force"


async def test_a_deploy_that_fails_says_how_to_go_on_with_the_same_images() -> None:
    with pytest.raises(StepFailed, match=f"its last word.*show {NEW}.*--from deploy_to_staging --tag v9") as failed:
        await deploy(context(Commands(code=7)), STEP)
    assert failed.value.exit == 7


@pytest.mark.parametrize(
    ("state", "calls"),
    [
        ("running", [f"operations attach {OLD}"]),
        ("done", [f"operations attach {OLD}"]),
        ("interrupted", [f"operations resume {OLD} --confirm staging --detach", f"operations attach {OLD}"]),
        ("cancelled", ["deploy staging --confirm staging --detach", f"operations attach {NEW}"]),
        ("rolled-back", ["deploy staging --confirm staging --detach", f"operations attach {NEW}"]),
    ],
)
async def test_a_resumed_pipeline_goes_on_with_its_deploy_or_starts_anew(state: str, calls: list[str]) -> None:
    commands = Commands(state)
    await deploy(context(commands, OLD), STEP)
    assert commands.calls == [f"operations show {OLD}", *calls]


async def test_the_id_is_written_down_before_anything_starts_and_used_again_when_nothing_did() -> None:
    commands = Commands()
    at = context(commands)
    await deploy(at, STEP)
    assert at.notes("x")[1] == {"operation": commands.chosen}, "killed here, a resume asks for this one"
    commands = Commands(state="")  # killed before it was started
    await deploy(context(commands, OLD), STEP)
    assert commands.chosen == OLD
