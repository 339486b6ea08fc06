"""`veza-tui set-aside ENV [--drop NAME]`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("set-aside")
@click.argument("environment")
@click.option(
    "--drop", metavar="NAME", default="", help="Drop this set-aside database: its restore cannot be undone then."
)
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, drop: str, **flags: Any) -> int:
    """List the databases that restores set aside, with their sizes; or drop one."""
    from veza_tui.operations.restore.plan import drop_aside_planner

    if drop:
        return launch(options, environment, drop_aside_planner(drop), **flags)
    return asyncio.run(_list(options, environment, as_json=bool(flags.get("as_json"))))


async def _list(options: Options, environment: str, *, as_json: bool) -> int:
    from dataclasses import asdict

    from veza_tui import wiring

    world = wiring.open_world(options.workspace, read_only=True)
    try:
        found = await world.service(world.environment(environment), "restore").set_aside()
    finally:
        await world.close()
    if as_json:
        click.echo(json.dumps([asdict(s) for s in found]))
        return 0
    for kept in found:
        when = datetime.fromtimestamp(kept.at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        click.echo(printable(f"{kept.name}  set aside {when}  {kept.size:,} bytes"))
    if not found:
        click.echo(f"no restore of {environment} can be undone: nothing is set aside", err=True)
    return 0
