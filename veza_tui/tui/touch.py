"""Handlers of restart, scale, set-image, pause, resume, promote: which service and what value, then a plan as any."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.model.errors import ConfigError
from veza_tui.tui.dialogs.ask import ask
from veza_tui.tui.dialogs.pick import pick
from veza_tui.tui.operate import run
from veza_tui.tui.situation import Situation

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

ALL = "every service"
MOST = 1000
"""Replicas that one can ask for, as in `veza-tui scale`."""


async def which(app: VezaApp, at: Situation, what: str) -> tuple[str, ...] | None:
    """The services chosen: () is all of them, None is a change of mind. The one under the cursor stands first."""
    if at.environment is None:
        return None
    names = [s.name for s in at.environment.services]
    here = next((s.name for s in at.environment.services if at.pod and at.pod.owner.startswith(s.deployment)), "")
    names.sort(key=lambda name: name != here)
    choices = [(name, "of the pod under the cursor" if name == here else "") for name in names]
    # Nobody touches everything by pressing enter once too often: all stands last.
    chosen = await pick(app, f"{what} in {at.environment.name}: which service?", [*choices, (ALL, "")])
    if not chosen:
        app.tell("cancelled: nothing was changed")
        return None
    return () if chosen == ALL else (chosen,)


async def _touch(app: VezaApp, at: Situation, kind: str, verb: str) -> None:
    from veza_tui.operations.deploy.touch import touch_planner

    services = await which(app, at, verb)
    if services is not None:
        await run(app, at, touch_planner(kind, services), verb=verb)


async def restart(app: VezaApp, at: Situation) -> None:
    """``T``."""
    await _touch(app, at, "restart", "Restart")


async def pause(app: VezaApp, at: Situation) -> None:
    """``Z``."""
    await _touch(app, at, "pause", "Pause")


async def resume(app: VezaApp, at: Situation) -> None:
    """``W``."""
    await _touch(app, at, "resume", "Resume")


def replicas_of(text: str) -> int:
    """How many; ConfigError for what is no such number."""
    if not (text.isascii() and text.isdigit() and int(text) <= MOST):
        raise ConfigError(f"{text[:20]!r} is not a number from 0 to {MOST}")
    return int(text)


def check_replicas(text: str) -> None:
    """ConfigError when it is no number of replicas."""
    replicas_of(text)


async def scale(app: VezaApp, at: Situation) -> None:
    """``S``."""
    from veza_tui.operations.deploy.touch import touch_planner

    services = await which(app, at, "Scale")
    if services is None:
        return
    what = services[0] if services else ALL
    text = await ask(app, f"Scale {what} to how many pods?", "an autoscaler, where there is one, changes it again",
                     check=check_replicas)  # fmt: skip
    if text:
        await run(app, at, touch_planner("scale", services, replicas=replicas_of(text)), verb="Scale")


async def set_image(app: VezaApp, at: Situation) -> None:
    """``M``: for all of them a tag, for one an image or a tag."""
    from veza_tui.operations.deploy.by_image import set_image_planner
    from veza_tui.operations.deploy.images import parse_images

    services = await which(app, at, "Set the image")
    if services is None or at.environment is None:
        return
    names = services or tuple(s.name for s in at.environment.services)
    what = "an image, or :TAG to keep the repository" if services else "a tag, for example :v1.4.3"

    environment = at.environment

    def check(value: str) -> None:
        if not services and not value.startswith(":"):
            raise ConfigError("every service has a repository of its own: give a tag, for example :v1.4.3")
        parse_images(environment, [f"{name}={value}" for name in names])

    text = await ask(app, f"Which image for {services[0] if services else ALL}?", what, value=":", check=check)
    if text:
        await run(app, at, set_image_planner([f"{name}={text}" for name in names]), verb="Set the image")


async def promote(app: VezaApp, at: Situation) -> None:
    """Another environment's images to this one."""
    from veza_tui.operations.deploy.by_image import promote_planner

    if at.environment is None:
        return
    others = [tab.environment.name for tab in app.tabs if tab.environment.name != at.environment.name]
    source = await pick(app, f"Promote to {at.environment.name}: whose images?", [(name, "") for name in others[::-1]])
    if source:
        await run(app, at, promote_planner(source), verb="Promote")
