"""`veza-tui agent ENV`: deploys every new commit of the workspace where the policy allows it."""

from __future__ import annotations

import asyncio
import contextlib
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
    from veza_tui.operations.deploy.agent import PolicyError, decide, newest_release, require_auto_deploy

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    codes: list[int] = []

    def end(code: int) -> None:
        codes.append(code)
        stop.set()

    for number, code in ((signal.SIGTERM, 0), (signal.SIGINT, Exit.INTERRUPTED), (signal.SIGHUP, 0)):
        loop.add_signal_handler(number, end, code)
    async with operations_service(options) as service:
        world = service.world
        require_auto_deploy(world.environment(name), read_only=world.read_only)
        # Without git there is nothing to watch: that is said at once. Later it may be away for a moment (a rebase).
        await head_of(service, name)
        handled, said, trouble = "", "", ""

        def say(text: str, **data: object) -> None:
            nonlocal said, trouble
            if text != said:  # every few seconds the same word is no news
                said, trouble = text, ""
                _say(text, as_json, **data)

        while not stop.is_set():
            outcome: int = Exit.DONE
            try:
                environment = world.environment(name)
                require_auto_deploy(environment, read_only=world.read_only)
                head, dirty = await head_of(service, name)
                newest, unpinned, left = await newest_release(world.cluster(environment), environment)
                decision = decide(head, newest, unpinned=unpinned, handled=handled, left=left)
                if decision.deploy and dirty:
                    say(f"{head[:12]} is not deployed: the files are not those of the commit ({dirty})",
                        commit=head, deploy=False, pinned=False)  # fmt: skip
                    outcome = Exit.REFUSED
                else:
                    say(decision.why, commit=head, deploy=decision.deploy, pinned=decision.pinned)
                    if decision.deploy:
                        outcome = await _deploy(service, name, head, stop, as_json)
                        handled, said = head, ""
            except VezaError as error:
                # A cluster that is away, a lock that is held, a commit that is broken: none of them ends an agent.
                if once or isinstance(error, PolicyError):
                    raise
                if str(error) != trouble:
                    trouble = str(error)
                    _say(trouble, as_json, error=True)
            if once:
                return outcome
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), interval)
    return codes[0] if codes else Exit.DONE


async def head_of(service: OperationsService, name: str) -> tuple[str, str]:
    """The workspace's commit, and which of the files that a deploy reads differ from it (empty: none).

    Raises:
        ConfigError: git is not there, or this is no repository with a commit.
    """
    world = service.world
    commands = world.service(world.environment(name), "commands")

    async def git(*words: str) -> tuple[int, list[str]]:
        lines: list[str] = []
        code = await commands.run(["git", *words], directory=world.directory, on_line=lines.append)
        return code, lines

    code, lines = await git("rev-parse", "--verify", "HEAD^{commit}")
    if code or not lines or len(lines[-1].strip()) < 40:
        why = f": {lines[-1][:200]}" if lines else ""
        raise ConfigError(f"the workspace is no git repository with a commit{why}", hint="git init and commit there")
    # Only what a deploy reads: a backup or a log beside it holds up nothing.
    code, changed = await git("status", "--porcelain", "--untracked-files=all", "--", "environments", f"k8s/{name}")
    if code:
        raise ConfigError(f"git status failed: {changed[-1][:200] if changed else code}")
    names = [line[3:].strip() for line in changed if len(line) > 3]
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return lines[-1].strip(), f"{', '.join(names[:3])}{more}" if names else ""


async def _deploy(service: OperationsService, name: str, head: str, stop: asyncio.Event, as_json: bool) -> int:
    from veza_tui.operations.deploy.plan import deploy_planner

    preview = await service.plan(name, deploy_planner())
    if not preview.plan.steps:
        _say(f"{head[:12]} changes nothing in {name}", as_json, commit=head)
        return Exit.DONE
    if await head_of(service, name) != (head, ""):
        raise ConfigError(f"the workspace changed while {head[:12]} was planned: it is looked at again")
    operation = await service.start(preview, confirmed="policy auto_deploy", reason=f"agent: commit {head[:12]}")
    codes = [int(Exit.FAILED)]

    async def follow() -> None:
        state = ""
        async for status in service.watch(operation):
            if status.state != state:
                state = str(status.state)
                _say(f"{operation} {state} {status.reason}".rstrip(), as_json, operation=operation, state=state)
            if status.exit is not None:
                codes.append(status.exit)

    # An agent that is ended leaves its deploy to the runner, which goes on by itself.
    following, stopping = asyncio.ensure_future(follow()), asyncio.ensure_future(stop.wait())
    done, _ = await asyncio.wait({following, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (following, stopping):
        task.cancel()
    if following in done:
        following.result()
    else:
        _say(f"{operation} goes on by itself", as_json, operation=operation)
    return codes[-1]


def _say(text: str, as_json: bool, **data: object) -> None:
    if as_json:
        click.echo(json.dumps({"text": printable(text), **data}, ensure_ascii=False))
    else:
        click.echo(printable(text))
