"""The one way from a mutating command to a running operation: plan, show, check, confirm, start, follow.

A command looks like this::

    @click.command()
    @click.argument("environment")
    @mutating_options
    @click.pass_obj
    def command(options, environment, **flags):
        async def planner(context: PlanContext) -> Plan: ...
        return launch(options, environment, planner, **flags)
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.operations.context import Planner
    from veza_tui.operations.service import OperationsService, Preview

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = (
    click.option("--dry-run", is_flag=True, help="Show the plan and change nothing."),
    click.option("--yes", is_flag=True, help="Do not ask (development; a drill anywhere)."),
    click.option(
        "--confirm", metavar="TEXT", default="", help="Confirm by the environment's name, without a question."
    ),
    click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Give up after this time."),
    click.option("--json", "as_json", is_flag=True, help="Print the plan or the final status as JSON."),
    click.option("--detach", is_flag=True, help="Start it and return at once."),
    click.option("--reason", metavar="TEXT", default="", help="Why; goes into the audit log."),
    click.option("--break-glass", metavar="REASON", default="", help="Go ahead without the approvers; audited loudly."),
    click.option("--take-over", is_flag=True, help="Take over a lock whose holder is dead; audited."),
)


without_cluster_option = click.option(
    "--without-cluster",
    is_flag=True,
    help="The cluster is down: work on the database alone, without the cluster's lock; audited loudly.",
)


def mutating_options(function: F) -> F:
    """The options that every mutating command has; they are the keyword arguments of ``launch``."""
    for option in reversed(_FLAGS):
        function = option(function)
    return function


def launch(
    options: Options,
    environment: str,
    planner: Planner,
    *,
    dry_run: bool = False,
    yes: bool = False,
    confirm: str = "",
    timeout: float | None = None,
    as_json: bool = False,
    detach: bool = False,
    reason: str = "",
    break_glass: str = "",
    take_over: bool = False,
    without_cluster: bool | None = None,
    operation_id: str = "",
    part_of: str = "",
) -> int:
    """Run a command's plan as an operation; returns the exit code of its outcome. Raises VezaError when refused."""

    async def main() -> int:
        async with operations_service(options) as service:
            if (yes or confirm) and not dry_run and not options.read_only:
                service.prepare()
            try:
                return await work(service)
            finally:
                service.dismiss()

    async def work(service: OperationsService) -> int:
        context = click.get_current_context(silent=True)
        meant = "" if dry_run else str(context.info_name if context else "operation")
        preview = await _plan(service, environment, planner, without_cluster, meant)
        if timeout is not None:
            preview = replace(preview, plan=replace(preview.plan, timeout=timeout))
        if dry_run:
            return show_dry_run(preview, as_json=as_json)
        if not preview.plan.steps:
            return _nothing_to_do(preview, as_json=as_json)
        confirmed = await confirm_preview(service, preview, yes=yes, confirm=confirm)
        start = service.start(
            preview, confirmed=confirmed, reason=reason, break_glass=break_glass, take_over=take_over,
            operation_id=operation_id, part_of=part_of,
        )  # fmt: skip
        return await start_and_follow(service, start, detach=detach, as_json=as_json)

    return asyncio.run(main())


async def _plan(
    service: OperationsService, environment: str, planner: Planner, without_cluster: bool | None, meant: str
) -> Preview:
    """``without_cluster`` None: the command has no such option."""
    from veza_tui.ports.cluster import ClusterError

    try:
        return await service.plan(environment, planner, without_cluster=bool(without_cluster), meant=meant)
    except ClusterError as error:
        if without_cluster is False and error.exit is Exit.UNREACHABLE:
            error.hint = "for work on the database while the cluster is down: --without-cluster"
        raise


@contextlib.asynccontextmanager
async def operations_service(options: Options) -> AsyncIterator[OperationsService]:
    """The service on the workspace that the options name."""
    from veza_tui import wiring

    world = wiring.open_world(options.workspace, read_only=options.read_only)
    try:
        yield wiring.operations_service(world)
    finally:
        await world.close()


async def start_and_follow(
    service: OperationsService, start: Coroutine[Any, Any, str], *, detach: bool, as_json: bool
) -> int:
    """Start an operation and follow it, or say where it goes on."""
    from veza_tui.cli.follow import Signals, follow
    from veza_tui.operations.fold import status_json

    with Signals(service) as signals:
        operation = await start
        signals.attach(operation)
        if not detach:
            return await follow(service, operation, signals, as_json=as_json)
    if as_json:
        click.echo(json.dumps(status_json(service.show(operation)), ensure_ascii=False))
    else:
        click.echo(operation)
    click.echo(f"it goes on by itself; watch it with: veza-tui operations attach {operation}", err=True)
    return Exit.DONE


def show_dry_run(preview: Preview, *, as_json: bool) -> int:
    """Print the plan on stdout; exit 6 when the permissions for it are missing."""
    from veza_tui.operations.checks import need_text
    from veza_tui.operations.preview import preview_lines

    if as_json:
        missing = [need_text(n) for n in preview.missing]
        click.echo(json.dumps({**preview.plan.to_json(), "missing": missing}, ensure_ascii=False))
    else:
        for line in preview_lines(preview):
            click.echo(line)
    if preview.missing:
        click.echo("veza-tui: permissions for this plan are missing", err=True)
        return Exit.REFUSED
    return Exit.DONE


async def confirm_preview(service: OperationsService, preview: Preview, *, yes: bool, confirm: str) -> str:
    """Show the plan and get it confirmed; returns how.

    Raises:
        RefusedError: read-only or missing permissions (audited).
        ConfigError: no terminal to ask on, or a wrong answer.
        click.Abort: the person said no.
    """
    from veza_tui.model.errors import RefusedError
    from veza_tui.operations.confirm import Tier, accepted, instruction
    from veza_tui.operations.preview import preview_lines

    for line in preview_lines(preview):
        click.echo(line, err=True)
    if preview.refusal:
        await service.deny(preview.plan, preview.refusal)
        raise RefusedError(preview.refusal, hint="nothing was changed")
    if accepted(preview.tier, preview.text, yes=yes, confirm=confirm):
        return "none needed" if preview.tier is Tier.NONE else ("flag --confirm" if confirm else "flag --yes")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise ConfigError(
            "there is no terminal to confirm on",
            hint=f"give {instruction(preview.tier, preview.text)}; nothing was changed",
        )
    return _ask(preview)


def _ask(preview: Preview) -> str:
    import termios

    from veza_tui.operations.confirm import Tier

    name = printable(preview.typed)
    question = "Go on? [y/N] " if preview.tier is Tier.YES_NO else f"Type {name} to go on (Enter cancels): "
    # Keys typed before the question is on the screen do not answer it.
    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    click.echo(question, err=True, nl=False)
    answer = sys.stdin.readline().strip()
    if preview.tier is Tier.YES_NO:
        if answer.lower() in ("y", "yes"):
            return "typed y"
    elif answer == preview.typed:
        return "typed"
    raise ConfigError("not confirmed", hint="nothing was changed")


def _nothing_to_do(preview: Preview, *, as_json: bool) -> int:
    click.echo(f"{printable(preview.plan.title)}: nothing to do", err=True)
    if as_json:
        click.echo(json.dumps(preview.plan.to_json(), ensure_ascii=False))
    return Exit.DONE
