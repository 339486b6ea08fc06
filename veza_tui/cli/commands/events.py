"""``veza-tui events``: an environment's events, warnings first, equal ones folded."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import click

from veza_tui.cli.main import Options
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.feeds.inspect.events import FoldedEvent


@click.command("events")
@click.argument("name", metavar="ENV")
@click.option("--warnings", is_flag=True, help="Warnings only.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(options: Options, name: str, warnings: bool, as_json: bool) -> int:
    """Print the events of an environment's namespace: warnings first, then the newest."""
    return asyncio.run(_events(options, name, warnings, as_json))


async def _events(options: Options, name: str, warnings: bool, as_json: bool) -> int:
    from veza_tui.feeds.events import project_event
    from veza_tui.feeds.inspect.events import fold
    from veza_tui.ports.cluster import EVENTS
    from veza_tui.wiring import open_world

    world = open_world(options.workspace, read_only=True)
    try:
        environment = world.environment(name)
        selector = "type=Warning" if warnings else ""
        found = await world.cluster(environment).list_all(
            EVENTS, environment.kubernetes.namespace, field_selector=selector
        )
        _print(fold(map(project_event, found)), as_json)
        return Exit.DONE
    finally:
        await world.close()


def _print(found: list[FoldedEvent], as_json: bool) -> None:
    from veza_tui.cli.output import data, data_json, table
    from veza_tui.model.ages import age

    if as_json:
        data_json(
            {
                "events": [
                    {
                        "type": e.row.type,
                        "reason": e.row.reason,
                        "object": f"{e.row.object_kind}/{e.row.object_name}",
                        "count": e.row.count,
                        "first": e.row.first,
                        "last": e.row.last,
                        "source": e.row.source,
                        "message": e.row.message,
                    }
                    for e in found
                ]
            }
        )
        return
    now = time.time()
    rows = [
        (
            age(now - e.row.last),
            f"x{e.row.count}" if e.row.count > 1 else "",
            e.row.type,
            e.row.reason,
            f"{e.row.object_kind.lower()}/{e.row.object_name}",
            " ".join(e.row.message.split()),
        )
        for e in found
    ]
    styles = [("", "", "yellow" if e.warning else "dim") for e in found]
    if rows:
        table(("LAST", "TIMES", "TYPE", "REASON", "OBJECT", "MESSAGE"), rows, styles)  # type: ignore[arg-type]
    else:
        data("no events")
