"""Handlers of everything about logs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.model.log import Scope, Target
from veza_tui.tui.actions import Situation
from veza_tui.tui.screens.logs import LogsScreen

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp


def _front(app: VezaApp) -> LogsScreen | None:
    screen = app.veza_screen
    return screen if isinstance(screen, LogsScreen) else None


async def follow(app: VezaApp, at: Situation) -> None:
    """``l``: the pod under the cursor; on its logs: back from the run before."""
    screen = _front(app)
    if screen is not None:
        if screen.previous:
            screen.switch_previous()
        return
    if at.pod is not None:
        app.push_screen(LogsScreen(Target(Scope.POD, at.pod.name, at.pod.uid), pod=at.pod))


async def previous(app: VezaApp, at: Situation) -> None:
    """``p``: the run before the last restart, and back again."""
    screen = _front(app)
    if screen is not None:
        screen.switch_previous()
    elif at.pod is not None:
        app.push_screen(LogsScreen(Target(Scope.POD, at.pod.name, at.pod.uid), pod=at.pod, previous=True))


async def environment(app: VezaApp, at: Situation) -> None:
    """``L``: every pod of the environment."""
    if at.environment is not None and _front(app) is None:
        app.push_screen(LogsScreen(Target(Scope.ENVIRONMENT), pod=at.pod))


async def widen(app: VezaApp, at: Situation) -> None:
    """``a``."""
    if screen := _front(app):
        screen.widen()


async def timestamps(app: VezaApp, at: Situation) -> None:
    """``t``."""
    if screen := _front(app):
        screen.switch("timestamps")


async def wrap(app: VezaApp, at: Situation) -> None:
    """``z``."""
    if screen := _front(app):
        screen.switch("wrap")


async def raw(app: VezaApp, at: Situation) -> None:
    """``r``."""
    if screen := _front(app):
        screen.switch("raw")


def highlight(app: VezaApp, at: Situation) -> None:
    """``h``."""
    if screen := _front(app):
        screen.edit_mark()


async def next_match(app: VezaApp, at: Situation) -> None:
    """``n``."""
    if screen := _front(app):
        screen.next_match(1)


async def match_before(app: VezaApp, at: Situation) -> None:
    """``N``."""
    if screen := _front(app):
        screen.next_match(-1)


def since(app: VezaApp, at: Situation) -> None:
    """``S``."""
    if screen := _front(app):
        screen.edit_since()


def jump(app: VezaApp, at: Situation) -> None:
    """``@``."""
    if screen := _front(app):
        screen.edit_jump()


async def save(app: VezaApp, at: Situation) -> None:
    """``w``."""
    if screen := _front(app):
        await screen.save()


async def write_on(app: VezaApp, at: Situation) -> None:
    """``W``."""
    if screen := _front(app):
        await screen.write_on()


async def left(app: VezaApp, at: Situation) -> None:
    """To what stands further left."""
    if screen := _front(app):
        screen.shift(-1)


async def right(app: VezaApp, at: Situation) -> None:
    """To what stands further right."""
    if screen := _front(app):
        screen.shift(1)
