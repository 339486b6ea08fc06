"""`veza-tui switch-back ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("switch-back")
@click.argument("environment")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, **flags: Any) -> int:
    """Return all traffic, at once, to the pods from before the last switch."""
    from veza_tui.operations.deploy.switchback import switch_back_plan

    return launch(options, environment, switch_back_plan, **flags)
