"""Handlers of the pipeline, the releases and the approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.tui.actions import Situation
from veza_tui.tui.dialogs.confirm import Question, confirm, shown_steps
from veza_tui.tui.operate import begin, operations, run
from veza_tui.tui.screens.approvals import ApprovalsScreen
from veza_tui.tui.screens.pipeline import PipelineScreen
from veza_tui.tui.screens.releases import ReleasesScreen

if TYPE_CHECKING:
    from veza_tui.operations.approval import Ask
    from veza_tui.tui.app import VezaApp


async def open_pipeline(app: VezaApp, at: Situation) -> None:
    """``P``."""
    if at.environment is not None:
        app.push_screen(PipelineScreen(operations(app), at.environment))


async def run_pipeline(app: VezaApp, at: Situation) -> None:
    """``n``: from its first step."""
    await _start(app, "", "")


async def retry_pipeline(app: VezaApp, at: Situation) -> None:
    """``r``: from the chosen step."""
    if isinstance(app.veza_screen, PipelineScreen):
        await _start(app, app.veza_screen.selected, await app.veza_screen.tag())


async def _start(app: VezaApp, from_step: str, tag: str) -> None:
    from veza_tui.operations.pipeline.plan import pipeline_planner

    screen = app.veza_screen
    if isinstance(screen, PipelineScreen):
        started = await begin(app, screen.environment, pipeline_planner(from_step, tag), verb="Run")
        if started:
            screen.follow(started)


async def open_releases(app: VezaApp, at: Situation) -> None:
    """``v``."""
    if at.environment is not None:
        app.push_screen(ReleasesScreen(operations(app), at.environment))


async def back_to_release(app: VezaApp, at: Situation) -> None:
    """``u``: the release under the cursor."""
    from veza_tui.operations.deploy.rollback import rollback_planner

    screen = app.veza_screen
    if isinstance(screen, ReleasesScreen) and screen.chosen is not None:
        await run(app, at, rollback_planner(str(screen.chosen.number)), verb="Roll back")


async def mark_release(app: VezaApp, at: Situation) -> None:
    """Space: what is under the cursor is compared with this one from now on."""
    if isinstance(app.veza_screen, ReleasesScreen):
        app.veza_screen.mark()


async def open_approvals(app: VezaApp, at: Situation) -> None:
    """``A``."""
    if not isinstance(app.veza_screen, ApprovalsScreen):
        app.push_screen(ApprovalsScreen(operations(app)))


async def approve(app: VezaApp, ask: Ask) -> None:
    """Enter on the approvals: the plan as it was asked for, and one's word on exactly that."""
    await _word(app, ask, yes=True)


async def deny(app: VezaApp, at: Situation) -> None:
    """``x``."""
    screen = app.veza_screen
    if isinstance(screen, ApprovalsScreen) and screen.chosen is not None:
        await _word(app, screen.chosen, yes=False)


async def _word(app: VezaApp, ask: Ask, *, yes: bool) -> None:
    from veza_tui.operations.approving import plan_of

    plan = plan_of(ask)
    verb = "Approve" if yes else "Deny"
    question = Question(
        title=f"{verb}: {plan.title}",
        lines=(
            f"{ask.starter.label} asks: {ask.reason or 'no reason given'}",
            f"plan {ask.plan_hash[:12]}",
            *plan.notes,
        ),
        changes=plan.changes,
        steps=shown_steps([s.title for s in plan.steps]),
        yes=verb,
        danger=yes,
    )
    if not await confirm(app, question):
        return
    await operations(app).approve(ask, yes=yes)
    app.tell(f"{ask.id} {'approved' if yes else 'denied'}")
    if isinstance(app.veza_screen, ApprovalsScreen):
        app.veza_screen.load()
