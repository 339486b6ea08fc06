"""`veza-tui approve`: say yes or no to somebody else's operation."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import click

from veza_tui.cli.launch import operations_service
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command()
@click.argument("operation", required=False, default="")
@click.option("--deny", is_flag=True, help="Refuse it.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(options: Options, operation: str, deny: bool, yes: bool, as_json: bool) -> int:
    """Approve the plan of an operation that waits; without an ID list those that do. Never one's own."""

    async def main() -> int:
        from veza_tui.model.errors import ConfigError
        from veza_tui.model.plan import plan_from_json
        from veza_tui.operations.approving import find_ask
        from veza_tui.operations.preview import plan_lines

        async with operations_service(options) as service:
            asks = await service.waiting()
            if not operation:
                if as_json:
                    click.echo(json.dumps([a.to_json() for a in asks], ensure_ascii=False))
                for ask in asks if not as_json else ():
                    title = printable(str(ask.plan.get("title", "")))
                    click.echo(f"{ask.id}  {title}  by {ask.starter.label}, plan {ask.plan_hash[:12]}")
                return Exit.DONE
            ask = find_ask(asks, operation)
            for line in plan_lines(plan_from_json(ask.plan)):
                click.echo(line, err=True)
            click.echo(f"asked by {ask.starter.label}: {ask.reason or 'no reason given'}", err=True)
            if not yes:
                if not sys.stdin.isatty():
                    raise ConfigError("there is no terminal to confirm on", hint="give --yes")
                question = "Deny it?" if deny else "Approve exactly this plan?"
                click.confirm(question, abort=True, err=True)
            grant = await service.approve(ask, yes=not deny)
            if as_json:
                click.echo(json.dumps({"id": ask.id, "approved": grant.yes, "as": grant.label}, ensure_ascii=False))
            click.echo(f"{ask.id} {'denied' if deny else 'approved'} as {printable(grant.label)}", err=True)
            return Exit.DONE

    return asyncio.run(main())
