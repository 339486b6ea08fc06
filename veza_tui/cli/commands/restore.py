"""`veza-tui restore ENV [BACKUP]`: the guided restore without a screen, the same steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.model.plan import Plan
    from veza_tui.operations.context import PlanContext


@click.command("restore")
@click.argument("environment")
@click.argument("backup", required=False, default="")
@click.option(
    "--before",
    metavar="TIME",
    default="",
    help="Propose the right backup: when did it happen? 14:05, 2h ago,"
    " 2026-01-31 14:05, or `deploy N` for before release N.",
)
@click.option(
    "--part",
    "parts",
    multiple=True,
    type=click.Choice(["database", "configuration", "secrets"]),
    help="What to put back (default: database); may be given more than once.",
)
@click.option("--table", "tables", multiple=True, metavar="SCHEMA.TABLE", help="Only these tables of the database.")
@click.option("--from-environment", metavar="ENV", default="", help="Allow another environment's backup, by its name.")
@click.option(
    "--drain", type=click.Choice(["none", "scale"]), default="none", help="scale: services to zero around the swap."
)
@click.option("--flush-cache/--keep-cache", "flush", default=False, help="Empty the cache after the swap.")
@click.option("--drill", is_flag=True, help="Prove it in a scratch database; nothing live is touched.")
@click.option(
    "--identity", type=click.Path(dir_okay=False, exists=True), help="age identity file of an encrypted backup."
)
@mutating_options
@click.pass_obj
def command(
    options: Options,
    /,
    environment: str,
    backup: str,
    before: str,
    parts: tuple[str, ...],
    tables: tuple[str, ...],
    from_environment: str,
    drain: str,
    flush: bool,
    drill: bool,
    identity: str | None,
    **flags: Any,
) -> int:
    """Restore ENVIRONMENT from BACKUP (a name of the catalogue); undo it by `veza-tui undo-restore`."""
    from veza_tui.model.restore import Part
    from veza_tui.operations.restore.choose import choose
    from veza_tui.operations.restore.plan import restore_planner
    from veza_tui.operations.restore.request import RestoreRequest

    async def planner(context: PlanContext) -> Plan:
        name = backup or await choose(context, before, from_environment=from_environment)
        request = RestoreRequest(
            backup=name,
            parts=frozenset(Part(p) for p in parts) or frozenset((Part.DATABASE,)),
            tables=tuple(t if "." in t else f"public.{t}" for t in tables),
            drain=drain,
            flush_cache=flush,
            from_environment=from_environment,
            drill=drill,
        )
        path = str(Path(identity).absolute()) if identity else ""
        return await restore_planner(request, identity=path)(context)

    return launch(options, environment, planner, **flags)
