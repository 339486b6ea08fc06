"""Steps of the pipeline that start something: commands of the workspace, and deploys as operations of their own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.plan import Step
from veza_tui.operations.context import Context, Result, action
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

    problem = first_error(context.workspace, context.environment.name)
    if problem:
        raise RefusedError(problem, hint=f"veza-tui validate {context.environment.name}")
    if not context.notes(step.id):
        context.report.note("baseline", baseline=await baseline(context))
    return {}


@action("pipeline.deploy", retry=False)
async def deploy(context: Context, step: Step) -> Result:
    """Start (or, after a crash, find again) the deploy of an environment and follow it to its end."""
    commands = context.service("commands")
    environment = str(step.args["environment"])
    base = [*commands.veza(), "-C", str(context.directory)]
    known = next((str(n["operation"]) for n in context.notes(step.id) if n.get("operation")), "")
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)
        if not line.startswith("{"):
            context.report.output(line)

    if not known:
        # Confirmed with the pipeline itself: the person typed the last environment's name, and sees each deploy there.
        argv = [*base, "deploy", environment, "--confirm", environment, "--detach", "--json",
                "--reason", f"pipeline {context.operation_id}"]  # fmt: skip
        code = await commands.run(argv, directory=Path(context.directory), on_line=heard)
        started = _last_json(lines)
        if code or not started:
            raise StepFailed(f"deploy {environment}: {_last_word(lines)}", code)
        known = str(started.get("id") or "")
        if not known:
            return {"nothing_to_do": True}
        context.report.note("started", operation=known)
    code = await commands.run([*base, "operations", "attach", known], directory=Path(context.directory), on_line=heard)
    if code:
        raise StepFailed(f"deploy {environment}: {_last_word(lines)}", code, f"veza-tui operations show {known}")
    return {"operation": known}


def _last_json(lines: Sequence[str]) -> dict[str, object]:
    for line in reversed(lines):
        if line.startswith("{"):
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                return found
    return {}


def _last_word(lines: Sequence[str]) -> str:
    return next((line for line in reversed(lines) if line and not line.startswith("{")), "it did not start")
