"""`veza-tui promote FROM TO`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.model.plan import Plan
    from veza_tui.operations.context import PlanContext


@click.command("promote")
@click.argument("source")
@click.argument("target")
@mutating_options
@click.pass_obj
def command(options: Options, /, source: str, target: str, **flags: Any) -> int:
    """Deploy TARGET with exactly the images that run in SOURCE."""
    from veza_tui.operations.deploy.images import running_images
    from veza_tui.operations.deploy.plan import deploy_planner

    async def planner(context: PlanContext) -> Plan:
        images = await running_images(context, source)
        return await deploy_planner(images=images, kind="promote", origin=source)(context)

    return launch(options, target, planner, **flags)
