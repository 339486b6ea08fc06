"""Handlers of the actions that change something: plan, show, confirm, start, watch. Nothing runs in this process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError
from veza_tui.model.journal import OperationState, StepState
from veza_tui.model.view import Link
from veza_tui.operations.confirm import Tier
from veza_tui.operations.service import OperationsService, Preview
from veza_tui.tui.actions import Situation
from veza_tui.tui.dialogs.ask import ask
from veza_tui.tui.dialogs.confirm import Question, confirm, shown_steps
from veza_tui.tui.presentation.spans import counted
from veza_tui.tui.screens.operation import OperationScreen
from veza_tui.tui.screens.operations import OperationsScreen

if TYPE_CHECKING:
    from veza_tui.operations.context import Planner
    from veza_tui.tui.app import VezaApp
    from veza_tui.tui.state import EnvironmentTab


def operations(app: VezaApp) -> OperationsService:
    """The service that wiring provides."""
    service: OperationsService = app.services.service("operations")
    return service


async def run(
    app: VezaApp,
    at: Situation,
    planner: Planner,
    *,
    verb: str,
    danger: bool | None = None,
    without_cluster: bool = False,
) -> str:
    """``begin``, and open the operation's page; returns its id, empty when nothing ran."""
    if at.environment is None:
        return ""
    started = await begin(app, at.environment, planner, verb=verb, danger=danger, without_cluster=without_cluster)
    if started:
        app.push_screen(OperationScreen(operations(app), started))
    return started


async def begin(
    app: VezaApp,
    environment: Environment,
    planner: Planner,
    *,
    verb: str,
    danger: bool | None = None,
    without_cluster: bool = False,
) -> str:
    """Make the plan, ask, start the runner; returns the operation's id, empty when the person said no.

    Raises:
        VezaError: planning or starting was refused; the line is shown.
    """
    service = operations(app)
    preview = await service.plan(environment.name, planner, without_cluster=without_cluster, meant=verb.lower())
    if preview.refusal:
        await service.deny(preview.plan, preview.refusal)
        raise RefusedError(preview.refusal, hint="nothing was changed")
    if not preview.plan.steps:
        app.tell(f"{preview.plan.title}: nothing to do")
        return ""
    if not await confirm(app, question_of(preview, verb, danger=danger)):
        app.tell("cancelled: nothing was changed")
        return ""
    confirmed = "typed in the screen" if preview.tier is Tier.TYPE else "confirmed in the screen"
    reason = ""
    if preview.approvers:
        reason = await ask(app, "Why? Whoever approves it reads this.", "escape: without a reason")
    return await service.start(preview, confirmed=confirmed, reason=reason)


def cluster_is_down(app: VezaApp, environment: Environment) -> bool:
    """Whether work on the database has to do without it: then the plan says so, and it is typed for."""
    views = [tab.view for tab in app.tabs if tab.environment.name == environment.name]
    return any(view.link is Link.DOWN for view in views)


def question_of(preview: Preview, verb: str, *, danger: bool | None = None) -> Question:
    """The plan as the confirmation shows it."""
    plan = preview.plan
    lines = list(plan.notes)
    if preview.approvers:
        others = counted(preview.approvers, "other person", "other people")
        lines.append(f"{others} must approve it: with A on their screen, or veza-tui approve ID.")
    return Question(
        title=plan.title,
        lines=tuple(lines),
        changes=plan.changes,
        steps=shown_steps([s.title for s in plan.steps]),
        yes=verb,
        typed=preview.typed if preview.tier is Tier.TYPE else "",
        danger=preview.environment.production if danger is None else danger,
    )


async def deploy(app: VezaApp, at: Situation) -> None:
    """``D``."""
    from veza_tui.operations.deploy.plan import deploy_planner

    await run(app, at, deploy_planner(), verb="Deploy")


async def undo_rollout(app: VezaApp, at: Situation) -> None:
    """``u``: back to the last good release."""
    from veza_tui.operations.deploy.rollback import rollback_planner

    await run(app, at, rollback_planner(), verb="Roll back")


async def switch_back(app: VezaApp, at: Situation) -> None:
    """Blue-green: traffic back to the pods from before the last switch."""
    from veza_tui.operations.deploy.switchback import switch_back_plan

    await run(app, at, switch_back_plan, verb="Switch back")


async def backup(app: VezaApp, at: Situation) -> None:
    """``B``: a backup, proven by a load into a scratch database."""
    from veza_tui.operations.backup.plan import BackupRequest, backup_planner

    down = at.environment is not None and cluster_is_down(app, at.environment)
    planner = backup_planner(BackupRequest(verify=True, guided=True))
    await run(app, at, planner, verb="Back up", danger=False, without_cluster=down)


async def undo_restore(app: VezaApp, at: Situation) -> None:
    """Swap back the database that the last restore set aside."""
    from veza_tui.operations.restore.plan import undo_plan

    down = at.environment is not None and cluster_is_down(app, at.environment)
    await run(app, at, undo_plan, verb="Undo the restore", without_cluster=down)


async def open_operations(app: VezaApp, at: Situation) -> None:
    """``O``."""
    if not isinstance(app.veza_screen, OperationsScreen):
        app.push_screen(OperationsScreen(operations(app)))


async def cancel(app: VezaApp, at: Situation) -> None:
    """``x`` on an operation's page, or on the pipeline's."""
    from veza_tui.tui.screens.pipeline import PipelineScreen

    if isinstance(app.veza_screen, OperationScreen | PipelineScreen):
        app.veza_screen.cancel()


async def resume_operation(app: VezaApp, at: Situation) -> None:
    """``r`` on an interrupted operation: from its last finished step."""
    screen = app.veza_screen
    if isinstance(screen, OperationScreen) and await _again(app, screen, "Resume", _LEFT):
        await operations(app).resume(screen.operation_id)
        screen.follow()


_LEFT = (StepState.PENDING, StepState.RUNNING, StepState.FAILED, StepState.UNDONE)
_BEGUN = (StepState.DONE, StepState.RUNNING, StepState.FAILED)


async def _again(app: VezaApp, screen: OperationScreen, verb: str, states: tuple[StepState, ...]) -> bool:
    """Ask as hard as its plan was asked about; shown are the steps in ``states``, the last first for a way back.

    Raises:
        VezaError: read-only or a missing permission; the line is shown.
    """
    service = operations(app)
    preview = await service.preview(service.store.find(screen.operation_id).plan())
    if preview.refusal:
        await service.deny(preview.plan, preview.refusal)
        raise RefusedError(preview.refusal, hint="nothing was changed")
    status = service.show(screen.operation_id)
    steps = [step.title for step in status.steps if step.state in states]
    back = states is _BEGUN
    question = replace(
        question_of(preview, verb, danger=True),
        title=f"{verb}: {preview.plan.title}",
        lines=(status.reason,) if status.reason else (),
        changes=() if back else preview.plan.changes,
        steps=shown_steps(steps[::-1] if back else steps),
    )
    return await confirm(app, question)


async def undo_operation(app: VezaApp, at: Situation) -> None:
    """``u`` on an interrupted operation: take back what it did."""
    screen = app.veza_screen
    status = screen.status if isinstance(screen, OperationScreen) else None
    if status is not None and status.kind == "restore" and status.state is OperationState.DONE:
        # A finished restore is taken back by a swap of its own, which keeps what was restored.
        environment = operations(app).world.environment(status.environment)
        await undo_restore(app, replace(at, environment=environment))
    elif isinstance(screen, OperationScreen) and await _again(app, screen, "Take back", _BEGUN):
        await operations(app).undo(screen.operation_id)
        screen.follow()


async def offer_interrupted(app: VezaApp) -> None:
    """At the start: an operation whose runner died is offered at once."""
    import asyncio

    service = operations(app)
    app.spawn(look_at_rights(app))
    found = await asyncio.to_thread(service.interrupted)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        app.tell(f"{found[0].title} was interrupted{more}: O opens it, resume or undo it there", bad=True)


async def look_at_rights(app: VezaApp) -> None:
    """Ask each API server, once, what this user may do there: what he may not is greyed, with the reason."""
    import asyncio
    import contextlib

    from veza_tui.model.errors import VezaError
    from veza_tui.model.plan import Need
    from veza_tui.operations.checks import need_text, stream_needs

    async def ask(tab: EnvironmentTab) -> None:
        namespace = tab.environment.kubernetes.namespace
        shell, forward = (stream_needs(namespace, what) for what in ("exec", "portforward"))
        needs = [Need("patch", "deployments", "apps", namespace=namespace),
                 Need("create", "leases", "coordination.k8s.io", namespace=namespace)]  # fmt: skip
        try:
            missing = await operations(app).missing(tab.name, [*needs, *shell, *forward])
        except VezaError:
            return  # not reachable now: the plan itself will say so
        said = {need: f"you may not {need_text(need)}" for need in missing}
        tab.denied, tab.denied_shell, tab.denied_forward = (
            next((said[need] for need in several if need in said), "") for several in (needs, shell, forward)
        )
        tab.denied_operation = said.get(needs[1], "")
        with contextlib.suppress(VezaError):  # who may not read Leases keeps the key
            tab.unchanged = await operations(app).untouched(tab.name)

    await asyncio.gather(*(ask(tab) for tab in app.tabs))
    app.paint_hints()
