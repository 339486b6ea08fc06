"""`veza-tui scale ENV REPLICAS [SERVICE…]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("scale")
@click.argument("environment")
@click.argument("replicas", type=click.IntRange(0, 1000))
@click.argument("services", nargs=-1, metavar="[SERVICE…]")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, replicas: int, services: tuple[str, ...], **flags: Any) -> int:
    """Scale services to a number of replicas and wait until they are ready."""
    from veza_tui.operations.deploy.touch import touch_planner

    return launch(options, environment, touch_planner("scale", services, replicas=replicas), **flags)
