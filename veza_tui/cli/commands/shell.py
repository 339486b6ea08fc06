"""``veza-tui shell ENV POD [-c CONTAINER] [-- COMMAND…]``: a real terminal in a container, or a command with pipes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from veza_tui.cli.asking import choose, on_terminal, reason_given, yes
from veza_tui.cli.output import progress
from veza_tui.model.errors import RefusedError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.operations.shell.place import Place
    from veza_tui.operations.shell.shells import Shells
    from veza_tui.operations.shell.terminal import Ended
    from veza_tui.ports.cluster import ExecSession


@click.command("shell")
@click.argument("environment", metavar="ENV")
@click.argument("pod", metavar="POD")
@click.argument("words", metavar="[-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@click.option("-c", "--container", default="", metavar="NAME", help="Which of the pod's containers.")
@click.option("--reason", default="", metavar="TEXT", help="Why; goes into the audit log. Production asks for it.")
@click.option("--debug-image", default="", metavar="IMAGE", help="Where the image has no shell: add a debug container.")
@click.pass_obj
def command(
    options: Options, environment: str, pod: str, words: tuple[str, ...], container: str, reason: str, debug_image: str
) -> int:
    """Open a shell (bash, else sh) in a pod's container, or run COMMAND there; the exit code is the process's.

    POD is a pod's name, deployment/NAME, or the name of one of the environment's services. With a terminal the process
    gets one, too; else stdin is streamed to it. Every session is audited with its duration.
    """
    from veza_tui import wiring

    world = wiring.open_world(options.workspace, read_only=options.read_only)

    async def main() -> int:
        try:
            return await _shell(wiring.shells(world), environment, pod, list(words), container, reason, debug_image)
        finally:
            await world.close()

    try:
        return asyncio.run(main())
    except BrokenPipeError:
        # Whoever read our output went away; click would make a plain 1 of it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


async def _shell(
    shells: Shells, name: str, pod: str, words: list[str], container: str, reason: str, debug_image: str
) -> int:
    place = await shells.enter(name, pod)
    if shells.needs_reason(place.environment):
        reason = reason_given(reason, f"a shell in {name}")
    where = place.container(container or place.default or _ask_container(place)).name
    debug = ""
    if not words:
        shell, debug = await _find_shell(shells, place, where, debug_image, reason)
        words = [shell]
        where = debug or where
    try:
        return await _run(shells, place, where, words, reason)
    finally:
        if debug:
            await shells.leave_debug(place, debug)


def _ask_container(place: Place) -> str:
    from veza_tui.operations.shell.place import running_names

    if not on_terminal():
        return ""
    progress(f"pod {place.pod} has several containers:")
    return choose("which one?", running_names(place.containers))


async def _find_shell(shells: Shells, place: Place, container: str, image: str, reason: str) -> tuple[str, str]:
    """(shell, debug container or empty)."""
    from veza_tui.operations.shell.debug import debug_image
    from veza_tui.operations.shell.place import NoShell

    try:
        return await shells.shell(place, container), ""
    except NoShell as none:
        if not await shells.may_debug(place):
            raise RefusedError(
                none.message,
                hint="and no debug container may be added: missing permission patch pods/ephemeralcontainers",
            ) from None
        wanted = debug_image(image)
        if not image:
            if not on_terminal():
                raise NoShell(none.message, hint=f"--debug-image {wanted} adds a debug container beside it") from None
            progress(none.message)
            if not yes(f"Add a debug container ({wanted}) to the pod? It stays listed there until the pod goes."):
                raise NoShell(none.message, hint="nothing was changed") from None
        progress(f"adding a debug container with {wanted} ...")
        return "sh", await shells.debug(place, container, wanted, reason)


async def _run(shells: Shells, place: Place, container: str, words: list[str], reason: str) -> int:
    from veza_tui.operations.shell.terminal import attach_pipes, attach_terminal

    tty = sys.stdin.isatty() and sys.stdout.isatty()
    # A terminal whose output goes to a file has nothing to say to a command.
    stdin = tty or not sys.stdin.isatty()

    async def attach(session: ExecSession) -> Ended:
        if tty:
            return await attach_terminal(session)
        return await attach_pipes(session, 0 if stdin else None)

    ended = await shells.run(place, container, words, attach, tty=tty, stdin=stdin, reason=reason)
    if ended.error is not None:
        raise ended.error
    if ended.signal:
        return 128 + ended.signal
    return Exit.DONE if ended.code is None else ended.code
