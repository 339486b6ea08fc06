"""The shell: the screen steps aside, a container's process has the terminal, the screen comes back as it was."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any

from textual.app import SuspendNotSupported

from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.text import printable
from veza_tui.operations.shell.debug import debug_image
from veza_tui.operations.shell.place import NoShell, Place
from veza_tui.operations.shell.shells import Shells
from veza_tui.operations.shell.terminal import Ended, attach_terminal
from veza_tui.ports.cluster import ExecSession
from veza_tui.tui.actions import Situation
from veza_tui.tui.dialogs.ask import ask
from veza_tui.tui.dialogs.confirm import Question, confirm
from veza_tui.tui.dialogs.pick import pick

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


async def shell(app: VezaApp, at: Situation) -> None:
    """``s`` on a pod."""
    if at.environment is None or at.pod is None:
        return
    shells: Shells = app.services.service("shells")
    place = await shells.enter(at.environment.name, f"pod/{at.pod.name}")
    container = await _container(app, place)
    if not container:
        return
    reason = ""
    if shells.needs_reason(place.environment):
        reason = await ask(app, f"Why a shell in {place.environment.name}?", "it goes into the audit log")
        if not reason:
            app.tell("cancelled: no shell was opened")
            return
    debug = ""
    try:
        program = await shells.shell(place, container)
    except NoShell as none:
        debug = await _debug(app, shells, place, container, reason, none)
        if not debug:
            return
        program = "sh"
    try:
        ended = await _aside(app, shells, place, debug or container, program, reason)
    finally:
        if debug:
            app.spawn(shells.leave_debug(place, debug))
    if ended.signal:
        app.exit(128 + ended.signal, return_code=128 + ended.signal)
    elif ended.error is not None:
        raise ended.error
    elif ended.code:
        app.tell(f"the shell in {place.pod} ended with exit code {ended.code}")


async def _container(app: VezaApp, place: Place) -> str:
    if place.default:
        return place.container("").name
    choices = [(c.name, c.image if c.running else f"not running: {c.why}") for c in place.containers]
    name = await pick(app, f"Which container of {place.pod}?", choices)
    return place.container(name).name if name else ""


async def _debug(app: VezaApp, shells: Shells, place: Place, container: str, reason: str, none: NoShell) -> str:
    if not await shells.may_debug(place):
        raise RefusedError(none.message, hint="and you may not add a debug container (patch pods/ephemeralcontainers)")
    image = debug_image()
    question = Question(
        "No shell in this image. Add a debug container?",
        lines=(
            f"{none.message}.",
            f"A debug container with {image} would run beside it, see its processes, and end with your shell. "
            "It stays listed in the pod until the pod goes.",
        ),
        yes="Add it",
        danger=place.environment.production,
    )
    if not await confirm(app, question):
        app.tell("cancelled: nothing was changed")
        return ""
    app.tell(f"adding a debug container with {image}")
    return await shells.debug(place, container, image, reason)


async def _aside(app: VezaApp, shells: Shells, place: Place, container: str, program: str, reason: str) -> Ended:
    async def attach(session: ExecSession) -> Ended:
        out = 1 if os.isatty(1) else 2
        try:
            # Nothing is painted, and nothing may be written: the terminal belongs to the container's process.
            with app.batch_update(), app.suspend(), _Silent(app._driver):
                mark = "  PRODUCTION" if place.environment.production else ""
                where = printable(f"{place.environment.name} · {place.pod}/{container}", limit=200)
                os.write(out, f"\r\n{where}{mark} · exit to return\r\n".encode(errors="replace"))
                return await attach_terminal(session, 0, out)
        finally:
            app.take_signals()
            app.refresh(layout=True)
            app.screen.refresh(layout=True)

    if not (sys.__stdin__ and sys.__stdin__.isatty()):
        raise ConfigError("a shell needs a terminal")
    try:
        return await shells.run(place, container, [program], attach, tty=True, stdin=True, reason=reason)
    except SuspendNotSupported:
        raise ConfigError("a shell needs a terminal that the screen can step aside from") from None
    finally:
        await asyncio.sleep(0)


class _Silent:
    """Drops what the screen would write meanwhile (a bell): its writer is not running, and its queue would fill up."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __enter__(self) -> None:
        self._driver.write = lambda data: None

    def __exit__(self, *_: object) -> None:
        del self._driver.write
