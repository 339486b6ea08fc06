"""`veza-tui unpin ENV`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("unpin")
@click.argument("environment")
@click.pass_obj
def command(options: Options, /, environment: str) -> int:
    """Let the agent try again the commit that was rolled back or failed."""
    return asyncio.run(_main(options, environment))


async def _main(options: Options, name: str) -> int:
    from veza_tui.cli.launch import operations_service
    from veza_tui.operations.deploy.agent import unpin
    from veza_tui.operations.policy import refuse_when_read_only

    async with operations_service(options) as service:
        environment = service.world.environment(name)
        refuse_when_read_only(environment, service.world.read_only)
        click.echo(f"unpinned: {await unpin(service.world.cluster(environment), environment)}", err=True)
    return 0
