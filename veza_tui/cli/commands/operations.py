"""`veza-tui operations`: what ran, runs and waits; attach, cancel, resume, undo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import confirm_preview, operations_service, start_and_follow
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.model.journal import OperationStatus
    from veza_tui.operations.service import OperationsService


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> int | None:
    """Operations of this user on this machine. An ID may be shortened to its first characters."""
    if ctx.invoked_subcommand is None:
        return _list(as_json, "", 0)
    return None


@command.result_callback()
def _result(value: object, **_: object) -> object:
    return value


@command.command("list")
@click.argument("environment", required=False, default="")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-n", "count", type=click.IntRange(min=1), help="Only the newest N.")
def list_(environment: str, as_json: bool, count: int | None) -> int:
    """Newest first."""
    return _list(as_json, environment, count or 0)


@command.command()
@click.argument("operation")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--step", metavar="STEP", default="", help="Print everything that this step said, and nothing else.")
def show(operation: str, as_json: bool, step: str) -> int:
    """One operation with its steps and its last lines of output."""
    from veza_tui.operations.fold import status_json

    store = _store()
    files = store.find(operation)
    status = store.status(files)
    if step:
        return _show_step(files, [s.id for s in status.steps], step, as_json)
    if as_json:
        click.echo(json.dumps(status_json(status, tail=True), ensure_ascii=False))
        return Exit.DONE
    for line in show_lines(status):
        click.echo(line)
    click.echo(f"  files {store.find(operation).directory}")
    return Exit.DONE


@command.command()
@click.argument("operation")
@click.option("--json", "as_json", is_flag=True, help="Print the final status as JSON.")
@click.pass_obj
def attach(options: Options, operation: str, as_json: bool) -> int:
    """Follow an operation to its end; exit with its outcome's code. Ctrl-C cancels it, TERM only leaves."""
    from veza_tui.cli.follow import Signals, follow

    async def work(service: OperationsService) -> int:
        found = service.store.find(operation).id
        with Signals(service) as signals:
            signals.attach(found)
            return await follow(service, found, signals, as_json=as_json)

    return _with_service(options, work)


@command.command()
@click.argument("operation")
@click.option("--force", is_flag=True, help="Cut the running step off where it is.")
@click.pass_obj
def cancel(options: Options, operation: str, force: bool) -> int:
    """Stop it at its next safe point. A second time, or with --force, cut off the running step."""

    async def work(service: OperationsService) -> int:
        from veza_tui.model.journal import OperationState

        status = service.show(operation)
        again = force or status.state is OperationState.CANCELLING
        service.cancel(status.id, force=again)
        async for now in service.watch(status.id):
            if now.state.ended or now.state is OperationState.CANCELLING:
                words = now.reason if now.state.ended or again else f"stops {now.safe_point}"
                click.echo(f"{now.id} {now.state}: {printable(words)}", err=True)
                if now.state.ended or not again:
                    break
        return Exit.DONE

    return _with_service(options, work)


_AGAIN = (
    click.argument("operation"),
    click.option("--yes", is_flag=True, help="Do not ask (development only)."),
    click.option(
        "--confirm", metavar="TEXT", default="", help="Confirm by the environment's name, without a question."
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the final status as JSON."),
    click.option("--detach", is_flag=True, help="Start it and return at once."),
    click.option("--break-glass", metavar="REASON", default="", help="Go ahead without the approvers; audited loudly."),
    click.option("--take-over", is_flag=True, help="Take over a lock whose holder is dead; audited."),
    click.pass_obj,
)


def _again_options(function: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(_AGAIN):
        function = option(function)
    return function


@command.command()
@_again_options
def resume(options: Options, operation: str, **flags: Any) -> int:
    """Go on from its last finished step."""
    return _again(options, operation, "resume", **flags)


@command.command()
@_again_options
def undo(options: Options, operation: str, **flags: Any) -> int:
    """Take back what its finished steps changed, in reverse order."""
    return _again(options, operation, "undo", **flags)


def _again(
    options: Options,
    operation: str,
    mode: str,
    *,
    yes: bool,
    confirm: str,
    as_json: bool,
    detach: bool,
    break_glass: str,
    take_over: bool,
) -> int:
    async def work(service: OperationsService) -> int:
        files = service.store.find(operation)
        click.echo(f"{mode} {files.id}: {printable(service.store.status(files).reason)}", err=True)
        preview = await service.preview(files.plan())
        await confirm_preview(service, preview, yes=yes, confirm=confirm)
        start = service.resume if mode == "resume" else service.undo
        again = start(files.id, break_glass=break_glass, take_over=take_over)
        return await start_and_follow(service, again, detach=detach, as_json=as_json)

    return _with_service(options, work)


def _show_step(files: Any, steps: list[str], step: str, as_json: bool) -> int:
    from veza_tui.model.errors import ConfigError
    from veza_tui.operations.outputs import step_output

    if step not in steps:
        raise ConfigError(f"operation {files.id} has no step {step[:60]!r}", hint=f"its steps: {', '.join(steps)}")
    lines = step_output(files, step)
    if as_json:
        click.echo(json.dumps({"id": files.id, "step": step, "output": lines}, ensure_ascii=False))
    else:
        for line in lines:
            click.echo(line)
    return Exit.DONE


def show_lines(status: OperationStatus) -> list[str]:
    """An operation for people."""
    lines = [
        f"{status.id} {status.state} · {printable(status.title)}",
        f"  {printable(status.kind)} {printable(status.environment)} by {printable(status.user)}, "
        f"{_when(status.started)} – {_when(status.ended)}",
    ]
    if status.reason:
        lines.append(f"  {printable(status.reason)}")
    lines += [f"  left: {printable(line)}" for line in status.left]
    for step in status.steps:
        took = "" if step.took is None else f" {step.took:.1f} s"
        detail = f" · {printable(step.detail)}" if step.detail else ""
        lines.append(f"  {step.state:<8} {printable(step.title)}{took}{detail}")
    lines += [f"  │ {line}" for line in status.tail[-20:]]
    return lines


def _list(as_json: bool, environment: str, count: int) -> int:
    from veza_tui.operations.fold import status_json

    statuses = list(_store().list(environment))
    if count:
        statuses = statuses[:count]
    if as_json:
        click.echo(json.dumps([status_json(s) for s in statuses], ensure_ascii=False))
        return Exit.DONE
    for s in statuses:
        reason = f"  {printable(s.reason, limit=100)}" if s.reason and s.state != "done" else ""
        kind, place = printable(s.kind), printable(s.environment)
        click.echo(f"{s.id}  {s.state:<11} {kind:<10} {place:<12} {printable(s.user):<10} {_when(s.started)}{reason}")
    if not statuses:
        click.echo("no operations yet", err=True)
    return Exit.DONE


def _store() -> Any:
    """Reading needs no workspace."""
    from veza_tui import wiring

    return wiring.operation_store()


def _with_service(options: Options, work: Callable[[OperationsService], Coroutine[Any, Any, int]]) -> int:
    async def main() -> int:
        async with operations_service(options) as service:
            return await work(service)

    return asyncio.run(main())


def _when(at: float | None) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else "…"
