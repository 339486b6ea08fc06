"""`veza-tui set-aside ENV [--drop NAME]`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options, without_cluster_option
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options

_KINDS = {
    "before": "from before the restore of",
    "tables": "rows from before the restore of",
    "undone": "taken away by an undo, restored",
    "scratch": "scratch of a restore begun",
}


@click.command("set-aside")
@click.argument("environment")
@click.option(
    "--drop", metavar="NAME", default="", help="Drop this set-aside database: its restore cannot be undone then."
)
@without_cluster_option
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, drop: str, **flags: Any) -> int:
    """List what restores left on the server, with sizes and how long it is to be kept; or drop one."""
    from veza_tui.operations.restore.plan import drop_aside_planner

    if drop:
        return launch(options, environment, drop_aside_planner(drop), **flags)
    return asyncio.run(_list(options, environment, as_json=bool(flags.get("as_json"))))


async def _list(options: Options, environment: str, *, as_json: bool) -> int:
    from dataclasses import asdict

    from veza_tui import wiring

    world = wiring.open_world(options.workspace, read_only=True)
    try:
        env = world.environment(environment)
        hours = env.backup.keep_set_aside_hours
        found = await world.service(env, "restore").set_aside()
    finally:
        await world.close()
    if as_json:
        listed = [{**asdict(s), "undoable": s.undoable, "keep_until": s.at + hours * 3600} for s in found]
        click.echo(json.dumps(listed))
        return 0
    for kept in found:
        when = datetime.fromtimestamp(kept.at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        until = datetime.fromtimestamp(kept.at + hours * 3600).strftime("%Y-%m-%d %H:%M")
        keep = f"keep until {until}, then --drop it" if kept.undoable else "may be dropped"
        click.echo(printable(f"{kept.name}  {_KINDS[kept.kind]} {when}  {kept.size:,} bytes  {keep}"))
    if not found:
        click.echo(f"no restore of {environment} can be undone: nothing is set aside", err=True)
    return 0
