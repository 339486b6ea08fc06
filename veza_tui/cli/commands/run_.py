"""`veza-tui _run ID`: the runner's process. Hidden: it is started by the commands and screens, not by people."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from veza_tui.cli.main import Options

_NEEDED = (
    "veza_tui.wiring",
    "veza_tui.adapters.kubernetes.client",
    "veza_tui.adapters.process.clock",
    "veza_tui.workspace.load",
    "veza_tui.operations.runner",
    "veza_tui.operations.fingerprint",
    "veza_tui.operations.deploy.kept",
    "veza_tui.operations.deploy.switchback",
)


@click.command(hidden=True)
@click.argument("operation", required=False, default="")
@click.option("--mode", type=click.Choice(["run", "resume", "undo"]), default="run")
@click.option("--handshake", type=int, default=-1)
@click.option("--orders", type=int, default=-1, help="A pipe on which the operation and its mode come later.")
@click.pass_obj
def command(options: Options, operation: str, mode: str, handshake: int, orders: int) -> int:
    """Run an operation in this process, detached from every terminal."""
    os.umask(0o077)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # A wake-up that comes before the loop listens must not kill: the control file is read at the start anyway.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    if handshake >= 0 and os.fork():
        os._exit(0)  # the starter waits for us only; the child belongs to init and leads no session
    if orders >= 0:
        operation, mode = _ordered(orders)
        if not operation:
            return 0  # the starter had nothing to run, or is gone
    from veza_tui import wiring
    from veza_tui.model.errors import VezaError
    from veza_tui.operations.runner import run_operation
    from veza_tui.operations.settings import state_directory
    from veza_tui.operations.world import World

    pipe, told = handshake, False

    def tell(code: int, message: str, hint: str) -> None:
        nonlocal pipe, told
        if handshake < 0 and code and not told:
            click.echo(f"veza-tui: {message}" + (f" — {hint}" if hint else ""), err=True)
        told = True
        if pipe >= 0:
            word = json.dumps({"exit": int(code), "message": message, "hint": hint}).encode()
            with contextlib.suppress(BrokenPipeError):  # the starter may be gone; the operation goes on
                os.write(pipe, word)
            os.close(pipe)
            pipe = -1

    def open_world(workspace: str, read_only: bool) -> World:
        return wiring.open_world(Path(workspace), read_only=read_only or options.read_only)

    try:
        code = asyncio.run(run_operation(state_directory(), operation, mode, wiring.runners(), open_world, tell))
    except VezaError as error:
        tell(error.exit, error.message, error.hint)
        return error.exit
    return code


def _ordered(orders: int) -> tuple[str, str]:
    """Import what nearly every operation needs, then wait for the word; empty when there is none."""
    with os.fdopen(orders, "rb") as pipe:
        for module in _NEEDED:
            importlib.import_module(module)
        word = pipe.readline()
    if not word.endswith(b"\n"):
        return "", ""
    order = json.loads(word)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    os.close(log)
    os.chdir(order["directory"])
    # As the starter's command line would be: _run ID [--mode MODE]
    arguments = list(order["arguments"])
    return str(arguments[1]), str(arguments[3]) if "--mode" in arguments else "run"
