"""`veza-tui retire ENV`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options, operations_service

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("retire")
@click.argument("environment")
@click.option("--when-due", is_flag=True, help="Wait until their time is over; nothing happens if they go live again.")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, when_due: bool, **flags: Any) -> int:
    """Scale the old pods that a blue-green deploy kept to zero."""
    from veza_tui.operations.deploy.kept import retire_planner

    if when_due and (waits := asyncio.run(_waits(options, environment))):
        click.echo(waits)
        click.echo("it waits already", err=True)
        return 0
    return launch(options, environment, retire_planner(when_due=when_due), **flags)


async def _waits(options: Options, environment: str) -> str:
    """The operation that waits for this environment's old pods already, empty for none."""
    from veza_tui.model.journal import OperationState, StepState

    async with operations_service(options) as service:
        for status in service.history(environment):
            # One that is retiring already, or being cancelled, waits for nothing new.
            waits = status.state is OperationState.RUNNING and any(
                s.id == "wait" and s.state in (StepState.RUNNING, StepState.PENDING) for s in status.steps
            )
            if status.kind == "retire" and waits:
                return status.id
    return ""
