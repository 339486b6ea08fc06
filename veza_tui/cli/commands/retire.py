"""`veza-tui retire ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("retire")
@click.argument("environment")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, **flags: Any) -> int:
    """Scale the old pods that a blue-green deploy kept to zero."""
    from veza_tui.operations.deploy.bluegreen import retire_plan

    return launch(options, environment, retire_plan, **flags)
