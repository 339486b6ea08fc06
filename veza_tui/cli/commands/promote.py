"""`veza-tui promote FROM TO`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("promote")
@click.argument("source")
@click.argument("target")
@mutating_options
@click.pass_obj
def command(options: Options, /, source: str, target: str, **flags: Any) -> int:
    """Deploy TARGET with exactly the images that run in SOURCE."""
    from veza_tui.operations.deploy.by_image import promote_planner

    return launch(options, target, promote_planner(source), **flags)
