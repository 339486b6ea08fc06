"""Steps of the pipeline that start something: commands of the workspace, and deploys as operations of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.journal import OperationState
from veza_tui.model.plan import Step
from veza_tui.operations.context import Cancelled, Context, Result, action
from veza_tui.operations.ids import is_id, new_id
from veza_tui.operations.pipeline.plan import NOT_CONFIGURED
from veza_tui.operations.pipeline.probe import baseline


class StepFailed(VezaError):
    """A command or a deploy of the pipeline failed; its exit code becomes ours."""

    def __init__(self, message: str, exit_code: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit = Exit(exit_code) if exit_code in set(Exit) and exit_code else Exit.FAILED


@action("pipeline.not_configured")
async def not_configured(context: Context, step: Step) -> Result:
    """Nothing runs, and nothing claims that it passed."""
    return {"skipped": NOT_CONFIGURED}


@action("pipeline.command", retry=False)
async def run_command(context: Context, step: Step) -> Result:
    """Run the workspace's own command; its whole output is kept under the operation."""
    return await run(context, step, list(step.args["command"]))


async def run(context: Context, step: Step, argv: Sequence[str]) -> Result:
    """Run ``argv`` in the workspace with VEZA_ENVIRONMENT and VEZA_OPERATION set.

    Raises:
        StepFailed: it exits with another code than 0.
    """
    log = Path(context.evidence) / f"{step.id}.log"
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    code = await context.service("commands").run(
        argv,
        directory=Path(context.directory),
        on_line=context.report.output,
        environment={"VEZA_ENVIRONMENT": context.environment.name, "VEZA_OPERATION": context.operation_id},
        log=log,
    )
    if code:
        raise StepFailed(f"{argv[0]} ended with exit code {code}", Exit.FAILED, f"its output: {log}")
    return {"log": log.name, "exit": code}


@action("pipeline.validate_configuration")
async def validate_configuration(context: Context, step: Step) -> Result:
    """`veza-tui validate` of the environment, and the baseline that performance_tests compares with."""
    from veza_tui.operations.deploy.steps import first_error

    for name in step.args.get("environments") or [context.environment.name]:
        problem = first_error(context.workspace, str(name))
        if problem:
            raise RefusedError(problem, hint=f"veza-tui validate {name}")
    await note_baseline(context, step)
    return {}


async def note_baseline(context: Context, step: Step) -> None:
    """Measure how it is before the deploy, once; a pipeline that starts later does it when it deploys."""
    if not any("baseline" in note for s in context.plan.steps for note in context.notes(s.id)):
        context.report.note("measured before the deploy", baseline=await baseline(context))


@action("pipeline.deploy", retry=False)
async def deploy(context: Context, step: Step) -> Result:
    """Start (or, after a crash, find again) the deploy of an environment and follow it to its end."""
    environment = str(step.args["environment"])
    base = [*context.service("commands").veza(), "-C", str(context.directory)]
    known = next((str(n["operation"]) for n in reversed(context.notes(step.id)) if n.get("operation")), "")
    chosen = known
    known, free = await _found_again(context, base, known, environment) if known else ("", False)
    if not known:
        if environment == context.environment.name:
            await note_baseline(context, step)
        # The id is chosen, and written down, before anything starts: killed right after the start, a resume finds it.
        if not free:
            chosen = new_id(context.clock.now())
            context.report.note("chosen", operation=chosen)
        # Confirmed with the pipeline itself: the person typed the last environment's name, and sees each deploy there.
        argv = [*base, "deploy", environment, "--confirm", environment, "--detach", "--operation-id", chosen,
                "--part-of", context.operation_id, "--reason", f"pipeline {context.operation_id}"]  # fmt: skip
        code, lines = await _heard(context, argv)
        known = next((line for line in lines if is_id(line)), "")
        if code:
            raise StepFailed(f"deploy {environment}: {_last_word(lines)}", code)
        if not known:
            return {"nothing_to_do": True}
        context.report.note("started", operation=known)
    code, lines = await _followed(context, base, known)
    if code == Exit.INTERRUPTED and context.cancelled():
        raise Cancelled(f"(with {known})")
    if code:
        tag = f" --tag {step.args['tag']}" if step.args.get("tag") else ""
        again = f"veza-tui pipeline {context.environment.name} --from {step.id}{tag}"
        hint = f"veza-tui operations show {known}; then {again}"
        raise StepFailed(f"deploy {environment}: {_last_word(lines)}", code, hint)
    return {"operation": known}


async def _found_again(context: Context, base: Sequence[str], known: str, environment: str) -> tuple[str, bool]:
    """The deploy that this step started before: gone on with, or empty where a new one has to be started.

    And whether its id is free still: it was chosen, and nothing started under it.
    """
    lines: list[str] = []
    # As text: "ID STATE · title" is short, and a line of JSON is longer than a line that we are given may be.
    argv = [*base, "operations", "show", known]
    code = await context.service("commands").run(argv, directory=Path(context.directory), on_line=lines.append)
    words = next((line.split() for line in lines if line.startswith(known)), [])
    state = words[1] if len(words) > 1 and not code else ""
    if state == OperationState.INTERRUPTED:
        # It holds its environment's lock still: nobody but itself goes on.
        code, said = await _heard(context, [*base, "operations", "resume", known, "--confirm", environment, "--detach"])
        if code:
            raise StepFailed(f"deploy {environment}: {_last_word(said)}", code, f"veza-tui operations show {known}")
        return known, False
    # One that was stopped, or failed, is not waited for once more: the present is looked at anew.
    goes_on = state in (
        OperationState.RUNNING,
        OperationState.WAITING,
        OperationState.CANCELLING,
        OperationState.DONE,
    )
    return known if goes_on else "", bool(code)


async def _followed(context: Context, base: Sequence[str], known: str) -> tuple[int, list[str]]:
    """Attached to its end. A cancel of the pipeline is one of the deploy in it, which knows its own safe points."""
    following = asyncio.ensure_future(_heard(context, [*base, "operations", "attach", known]))
    told = False
    try:
        while not following.done():
            await asyncio.wait({following}, timeout=0.5)
            if context.cancelled() and not told and not following.done():
                told = True
                await _heard(context, [*base, "operations", "cancel", known])
    except asyncio.CancelledError:
        # The second cancel, or the time is over: this step is cut off where it is, and so is what it started.
        following.cancel()
        await _heard(context, [*base, "operations", "cancel", known, "--force"])
        raise
    return following.result()


async def _heard(context: Context, argv: Sequence[str]) -> tuple[int, list[str]]:
    """Run one of our own commands; what it says goes into the journal too."""
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)
        context.report.output(line)

    code = await context.service("commands").run(argv, directory=Path(context.directory), on_line=heard)
    return code, lines


def _last_word(lines: Sequence[str]) -> str:
    return next((line for line in reversed(lines) if line), "it did not start")
