"""What is on a screen of the application under Textual's pilot, and waiting for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from veza_tui.tui.app import VezaApp


def shown(app: VezaApp) -> str:
    """The screen in front as text."""
    strips = app.screen._compositor.render_strips(app.screen.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def foot(app: VezaApp) -> str:
    """The last line: the hints."""
    return shown(app).splitlines()[-1]


async def until(pilot: Pilot[Any], true: Callable[[], object], what: str = "") -> None:
    """Wait until it is true; with what is on the screen when it never is."""
    for _ in range(400):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError(f"it never came true{what and f': {what}'}\n{shown(pilot.app)}")  # type: ignore[arg-type]


async def until_shown(pilot: Pilot[Any], app: VezaApp, *words: str) -> str:
    """Wait until all words are on the screen; the screen."""
    await until(pilot, lambda: all(word in shown(app) for word in words), f"{words}")
    return shown(app)
