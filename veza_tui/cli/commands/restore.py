"""`veza-tui restore ENV [BACKUP]`: the guided restore without a screen, the same steps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options, without_cluster_option

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
    help="Propose the right backup: when did it happen? 14:05, 14:05 UTC, yesterday 14:05, 2h ago,"
    " 2026-01-31 14:05, `deploy N` for before release N, or `last deploy`.",
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
    "--drain",
    type=click.Choice(["none", "scale"]),
    default=None,
    help="scale: services to zero around the swap (default: data.backup.drain).",
)
@click.option(
    "--flush-cache/--keep-cache",
    "flush",
    default=None,
    help="Empty the cache after the swap (default: asked; kept, and told, without a terminal).",
)
@click.option("--owners/--no-owners", default=True, help="Leave owners and grants out: all belongs to our user.")
@click.option(
    "--no-safety", is_flag=True, help="No backup of the present state first: for one that can no longer be read."
)
@click.option("--drill", is_flag=True, help="Prove it in a scratch database; nothing live is touched.")
@click.option(
    "--identity", type=click.Path(dir_okay=False, exists=True), help="age identity file of an encrypted backup."
)
@without_cluster_option
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
    drain: str | None,
    flush: bool | None,
    owners: bool,
    no_safety: bool,
    drill: bool,
    identity: str | None,
    **flags: Any,
) -> int:
    """Restore ENVIRONMENT from BACKUP (a name of the catalogue); undo it by `veza-tui undo-restore`."""
    from veza_tui.model.restore import Part
    from veza_tui.operations.restore.choose import choose, moment_of
    from veza_tui.operations.restore.plan import restore_planner
    from veza_tui.operations.restore.request import RestoreRequest

    async def planner(context: PlanContext) -> Plan:
        moment = await moment_of(context, before) if before else None
        name, instead, older = backup, "", 0.0
        if not backup:
            name, instead, older = await choose(context, moment, from_environment=from_environment)
        chosen = {Part(p) for p in parts} or {Part.DATABASE}
        if tables:
            chosen.add(Part.DATABASE)  # tables are of it, whether it was named or not
        request = RestoreRequest(
            backup=name,
            parts=frozenset(chosen),
            tables=tuple(t if "." in t else f"public.{t}" for t in tables),
            drain=drain or "",
            flush_cache=await _flush(flush, name, tuple(chosen), drill=drill, dry_run=bool(flags.get("dry_run"))),
            from_environment=from_environment,
            drill=drill,
            owners=owners,
            safety=not no_safety,
            moment=moment,
            instead=instead,
            instead_older=older,
        )
        path = str(Path(identity).absolute()) if identity else ""
        return await restore_planner(request, identity=path)(context)

    return launch(options, environment, planner, **flags)


async def _flush(asked: bool | None, backup: str, parts: tuple[str, ...], *, drill: bool, dry_run: bool) -> bool:
    """The cache: as the option says, else asked on a terminal; kept (and told so by the plan) without one."""
    import asyncio
    import sys

    database = "database" in parts
    if asked is not None or drill or dry_run or not database or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return bool(asked)
    question = f"Empty the cache after restoring {backup}? It may hold what the restored data contradicts"
    return await asyncio.to_thread(click.confirm, question, default=False, err=True)
