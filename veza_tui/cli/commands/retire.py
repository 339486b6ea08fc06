"""`veza-tui retire ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

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

    return launch(options, environment, retire_planner(when_due=when_due), **flags)
