"""The pipeline's screen, driven by keys: stages, the step one asks about, its output, going on from it, cancel."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import fake_operations
import pytest
from fake_operations import Operations
from textual.pilot import Pilot

from tests.tools.screen import foot, shown, until, until_shown
from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.operations.confirm import Tier
from veza_tui.operations.service import Preview
from veza_tui.resources import shipped
from veza_tui.tui.app import VezaApp
from veza_tui.tui.dialogs.confirm import ConfirmScreen
from veza_tui.tui.screens import pipeline as screen_module
from veza_tui.tui.screens import step_output as output_module
from veza_tui.tui.screens.pipeline import next_step
from veza_tui.workspace.load import load_workspace

NOW = 1_700_000_000.0
D, F, R, S, P = StepState.DONE, StepState.FAILED, StepState.RUNNING, StepState.SKIPPED, StepState.PENDING


def run(state: OperationState, **steps: StepState | tuple[StepState, str]) -> OperationStatus:
    made = []
    for name, found in steps.items():
        step, detail = found if isinstance(found, tuple) else (found, "")
        begun = NOW - 9 if step not in (P,) else None
        made.append(StepStatus(name, name, step, begun, NOW - 4 if step in (D, F, S) else None, detail=detail))
    return OperationStatus(f"run-{state}", "pipeline", "staging", state, "alice", "Pipeline to staging", NOW - 30,
                           NOW if state.ended else None, tuple(made))  # fmt: skip


FAILED = run(OperationState.FAILED, run_tests=D, build_images=(S, "not configured"), deploy_to_staging=(F, "exit 7"),
             health_checks=P)  # fmt: skip


class Pipelines(Operations):
    """The service as the screen sees it; the workspace is the shipped one."""

    def __init__(self, *past: OperationStatus) -> None:
        super().__init__()
        self.past = list(past)
        self.begun: list[tuple[str, str]] = []
        self.workspace = load_workspace(shipped("environments").parent)
        plan = SimpleNamespace(options={"tag": "v7"})
        self.store = SimpleNamespace(open=lambda operation: SimpleNamespace(id=operation, plan=lambda: plan))

    def environments(self) -> Sequence[str]:
        return ("development", "staging", "production")

    async def plan(self, environment: str, planner: Any, **_: Any) -> Preview:
        cells = dict(zip(planner.__code__.co_freevars, planner.__closure__, strict=True))
        self.begun.append((cells["from_step"].cell_contents, cells["tag"].cell_contents))
        plan = Plan("pipeline", Target(environment, "ns", "s", "u"), "Pipeline to staging", (Step("a", "A", "x", {}),))
        return Preview(plan, self.environment(environment), Tier.YES_NO, "", (), "", self.approvers)

    async def start(self, preview: Preview, **how: Any) -> str:
        await super().start(preview, **how)
        self.past.insert(0, run(OperationState.RUNNING, deploy_to_staging=R))
        return self.past[0].id


pytestmark = pytest.mark.usefixtures("at_once")


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (screen_module, output_module):
        monkeypatch.setattr(
            module, "step_output", lambda files, step: [f"{files.id} {step} says {i}" for i in range(40)]
        )


@asynccontextmanager
async def at(operations: Pipelines, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[VezaApp, Pilot[int]]]:
    async with fake_operations.at(operations, "P", size=size, tab="2") as (app, pilot):
        await until_shown(pilot, app, "PIPELINE")
        yield app, pilot


async def test_before_the_first_run_it_shows_what_would_run() -> None:
    async with at(Pipelines(), (160, 50)) as (app, pilot):
        text = await until_shown(pilot, app, "It has not run yet")
        for word in ("VALIDATION", "BUILD", "DEPLOY", "VERIFICATION", "not configured", "security scan",
                     "monitoring verification", "n run"):  # fmt: skip
            assert word in text, word
        assert "deploy to production" not in text, "beyond staging"


async def test_a_failed_run_is_gone_on_with_from_its_step_and_its_images() -> None:
    operations = Pipelines(FAILED)
    async with at(operations) as (app, pilot):
        text = await until_shown(pilot, app, "FAILED", "exit 7")
        assert "deploy_to_staging says 39" in text and "not configured" in text
        assert "x cancel" not in foot(app) and "r from this step" in foot(app)
        await pilot.press("enter")
        await until_shown(pilot, app, "OUTPUT", "deploy_to_staging says 0")
        await pilot.press("escape")
        await until_shown(pilot, app, "PIPELINE")
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.answers_since is not None)
        assert operations.begun == [("deploy_to_staging", "v7")]
        await pilot.press("y")
        await until_shown(pilot, app, "run-running", "running")
        assert "x cancel" in foot(app) and "n run" not in foot(app)
        await pilot.press("x")
        await until(pilot, lambda: operations.cancelled == [False])


async def test_whoever_runs_a_pipeline_that_others_approve_may_say_why() -> None:
    operations = Pipelines()
    operations.approvers = 1
    async with at(operations) as (app, pilot):
        await pilot.press("n")
        await fake_operations.asked(pilot, app)
        await pilot.press("y")
        await until_shown(pilot, app, "Whoever approves it reads this")
        await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)
        assert operations.started == []
        await pilot.press(*"release 2", "enter")
        await until(pilot, lambda: operations.reasons == ["release 2"])
        await until_shown(pilot, app, "PIPELINE", "run-running")


async def test_the_steps_are_walked_and_each_shows_its_output() -> None:
    operations = Pipelines(FAILED)
    async with at(operations, (160, 50)) as (app, pilot):
        await until_shown(pilot, app, "exit 7")
        await pilot.press("g")
        await until_shown(pilot, app, "validate_configuration says 3")
        await pilot.press("j")
        await until_shown(pilot, app, "run_tests says 3")
        await pilot.press("G")
        await until_shown(pilot, app, "monitoring_verification says 3")
        operations.past.insert(0, run(OperationState.DONE, run_tests=D))
        await pilot.press("ctrl+r")
        await until_shown(pilot, app, "run-done")
        assert "FAILED" not in shown(app)


def test_the_step_that_one_asks_about() -> None:
    assert next_step(FAILED) == "deploy_to_staging"
    stopped = (S, "stopped at a safe point of its own (with op)")
    cancelled = run(OperationState.CANCELLED, run_tests=D, build_images=(S, "not configured"),
                    deploy_to_staging=stopped, health_checks=P)  # fmt: skip
    assert next_step(cancelled) == "deploy_to_staging"
    assert next_step(run(OperationState.CANCELLED, run_tests=D, security_scan=P)) == "security_scan"
    assert next_step(run(OperationState.RUNNING, run_tests=D, security_scan=R, build_images=P)) == "security_scan"
    assert next_step(run(OperationState.DONE, run_tests=D)) == ""
