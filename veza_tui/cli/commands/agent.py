"""`veza-tui agent ENV`: deploys every new commit of the workspace where the policy allows it."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import TYPE_CHECKING

import click

from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.operations.service import OperationsService


@click.command("agent")
@click.argument("environment")
@click.option("--interval", type=click.FloatRange(0.2, 3600), default=5.0, help="Seconds between two looks at HEAD.")
@click.option("--once", is_flag=True, help="Look once, deploy if that is due, and end with that outcome.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(options: Options, /, environment: str, interval: float, once: bool, as_json: bool) -> int:
    """Watch the workspace's git HEAD and deploy ENVIRONMENT without a prompt (policy auto_deploy: true)."""
    return asyncio.run(_main(options, environment, interval, once=once, as_json=as_json))


async def _main(options: Options, name: str, interval: float, *, once: bool, as_json: bool) -> int:
    from veza_tui.cli.launch import operations_service
    from veza_tui.operations.deploy.agent import decide, newest_release, require_auto_deploy

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        stop.set()

    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, Exit.INTERRUPTED), (signal.SIGHUP, 0)):
        loop.add_signal_handler(number, end, code)
    async with operations_service(options) as service:
        require_auto_deploy(service.world.environment(name))
        handled, said = "", ""
        while not stop.is_set():
            outcome: int = Exit.DONE
            try:
                environment = service.world.environment(name)
                require_auto_deploy(environment)
                head = await _head(service)
                newest, unpinned = await newest_release(service.world.cluster(environment), environment)
                decision = decide(head, newest, unpinned=unpinned, handled=handled)
                if decision.why != said:
                    said = decision.why
                    _say(said, as_json, commit=head, deploy=decision.deploy, pinned=decision.pinned)
                if decision.deploy:
                    outcome = await _deploy(service, name, head, as_json)
                    handled = head
            except VezaError as error:
                # A cluster that is away for a while does not end an agent; a policy that changed does.
                if once or error.exit in (Exit.REFUSED, Exit.USAGE):
                    raise
                _say(str(error), as_json, error=True)
            if once:
                return outcome
            try:
                await asyncio.wait_for(stop.wait(), interval)
            except TimeoutError:
                continue
    return codes[0] if codes else Exit.DONE


async def _head(service: OperationsService) -> str:
    commands = service.world.service(service.world.environment(service.world.environments()[0]), "commands")
    lines: list[str] = []
    code = await commands.run(["git", "rev-parse", "HEAD"], directory=service.world.directory, on_line=lines.append)
    if code or not lines or len(lines[0]) < 40:
        raise ConfigError("the workspace is no git repository with a commit", hint="git init and commit there")
    return lines[0].strip()


async def _deploy(service: OperationsService, name: str, head: str, as_json: bool) -> int:
    from veza_tui.operations.deploy.plan import deploy_planner

    preview = await service.plan(name, deploy_planner())
    if not preview.plan.steps:
        _say(f"{head[:12]} changes nothing in {name}", as_json, commit=head)
        return Exit.DONE
    operation = await service.start(preview, confirmed="policy auto_deploy", reason=f"agent: commit {head[:12]}")
    state, code = "", int(Exit.FAILED)
    async for status in service.watch(operation):
        if status.state != state:
            state = str(status.state)
            _say(f"{operation} {state} {status.reason}".rstrip(), as_json, operation=operation, state=state)
        if status.exit is not None:
            code = status.exit
    return code


def _say(text: str, as_json: bool, **data: object) -> None:
    if as_json:
        click.echo(json.dumps({"text": printable(text), **data}, ensure_ascii=False))
    else:
        click.echo(printable(text))
