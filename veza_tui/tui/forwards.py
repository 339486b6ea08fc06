"""Handlers of port forwards: start one, list them, end one, let one last longer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.forward import ForwardSpec, ForwardTarget
from veza_tui.operations.forward.guard import LONGEST
from veza_tui.operations.forward.listener import PortTaken, bind
from veza_tui.operations.forward.presets import Preset, presets, spec_of, static_presets
from veza_tui.operations.forward.registry import Forwards
from veza_tui.operations.forward.targets import parse_ports, pod_face
from veza_tui.operations.forward.times import seconds_of, time_text
from veza_tui.ports.cluster import PODS, Cluster
from veza_tui.tui.actions import Situation
from veza_tui.tui.clipboard import copy
from veza_tui.tui.dialogs.ask import ask
from veza_tui.tui.dialogs.confirm import Question, confirm
from veza_tui.tui.dialogs.forward import Choice, ForwardDialog, ask_forward
from veza_tui.tui.screens.forwards import ForwardsScreen

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

LOOKED = 2.0
"""Seconds that the dialog waits for the cluster's answers before it opens without them."""


def forwards_of(app: VezaApp) -> Forwards:
    """The forwards of this process."""
    service: Forwards = app.services.service("forwards")
    return service


async def open_forwards(app: VezaApp, at: Situation) -> None:
    """``f``."""
    if not isinstance(app.veza_screen, ForwardsScreen):
        app.push_screen(ForwardsScreen(forwards_of(app)))


async def forward(app: VezaApp, at: Situation) -> None:
    """``F`` on a pod, ``n`` in the list."""
    if at.environment is None:
        return
    forwards = forwards_of(app)
    environment = at.environment
    choices = await _choices(forwards.world.cluster(environment), environment, at.pod.name if at.pod else "")
    chosen = ports = problem = ""
    while True:
        dialog = ForwardDialog(
            environment.name, choices, _proposed, _check, chosen=chosen, ports=ports, problem=problem
        )
        wanted = await ask_forward(app, dialog)
        if wanted is None:
            return
        if wanted.choice.spec is None:
            copy(app, wanted.choice.paste)
            return
        chosen, ports = wanted.choice.name, wanted.ports
        local, remote = parse_ports(wanted.ports)
        target = replace(wanted.choice.spec.target, port=remote)
        spec = spec_of(
            environment, target, wanted.choice.name, wanted.choice.spec.use, guarded=wanted.choice.spec.guarded
        )
        try:
            if await _start(app, forwards, environment, replace(spec, local_port=local)):
                return
            return
        except PortTaken as taken:
            ports, problem = f"{taken.proposed}:{remote}", str(taken)
        except ConfigError as error:
            problem = str(error)


async def _start(app: VezaApp, forwards: Forwards, environment: Environment, spec: ForwardSpec) -> bool:
    confirmed = reason = ""
    if spec.guarded:
        text = await ask(
            app, f"{environment.name}'s database: for how long?", "it ends by itself after that; 45s, 30m or 2h",
            value=time_text(spec.expires_after or 0), check=_check_time,
        )  # fmt: skip
        if not text:
            return False
        spec = replace(spec, expires_after=seconds_of(text))
        reason = await ask(app, f"Why a forward to {environment.name}'s database?", "it goes into the audit log")
        if not reason:
            app.tell("cancelled: nothing is forwarded")
            return False
        question = Question(
            f"Forward a local port to {environment.name}'s database?",
            lines=(
                f"{spec.target.label} in {spec.target.namespace} will be reachable on 127.0.0.1 for {text}.",
                "Every program of yours on this machine can use it. It is audited.",
            ),
            yes="Forward",
            typed=environment.name,
            danger=True,
        )
        if not await confirm(app, question):
            app.tell("cancelled: nothing is forwarded")
            return False
        confirmed = "typed in the screen"
    started = await forwards.start(spec, confirmed=confirmed, reason=reason)
    status = started.status()
    app.tell(f"{status.local} to {status.spec.target.label}; f lists forwards, c there copies its line")
    return True


async def end(app: VezaApp, at: Situation) -> None:
    """``x`` in the list: end it; once more: take it off the list."""
    screen = app.veza_screen
    if not isinstance(screen, ForwardsScreen) or screen.chosen is None:
        return
    status = screen.chosen
    if status.state.over:
        screen.forwards.forget(status.id)
    else:
        await screen.forwards.stop(status.id)
    screen.repaint()


async def extend(app: VezaApp, at: Situation) -> None:
    """``+`` in the list: when it is to end, counted from now."""
    screen = app.veza_screen
    if not isinstance(screen, ForwardsScreen) or screen.chosen is None:
        return
    running = screen.forwards.running(screen.chosen.id)
    if running is None:
        app.tell("it has ended")
        return
    text = await ask(
        app, "End after how long, from now?", "45s, 30m or 2h",
        value=time_text(running.spec.expires_after or 1800), check=_check_time,
    )  # fmt: skip
    if text:
        await screen.forwards.extend(running.number, seconds_of(text))
        screen.repaint()


def _check_time(text: str) -> None:
    if seconds_of(text) > LONGEST:
        raise ConfigError(f"at most {time_text(LONGEST)}")


def _check(ports: str) -> None:
    parse_ports(ports)


def _proposed(spec: ForwardSpec) -> str:
    """``LOCAL:REMOTE`` with a local port that is free at this moment."""
    port = spec.target.port
    if not port.isdigit():
        return f":{port}" if port else ""
    try:
        with bind(spec.address, None, int(port)) as free:
            return f"{free.getsockname()[1]}:{port}"
    except VezaError:
        return port


async def _choices(cluster: Cluster, environment: Environment, pod: str) -> list[Choice]:
    """The pod's own ports first, then the presets; without the cluster's answers those that need none."""
    own, found = await asyncio.gather(_own(cluster, environment, pod), _presets(cluster, environment))
    return [*own, *found]


async def _presets(cluster: Cluster, environment: Environment) -> list[Choice]:
    try:
        async with asyncio.timeout(LOOKED):
            found = list(await presets(cluster, environment))
    except (VezaError, TimeoutError):
        found = static_presets(environment)
    return [_choice(environment, preset) for preset in found]


def _choice(environment: Environment, preset: Preset) -> Choice:
    if preset.target is None:
        return Choice(preset.name, preset.why, None, preset.why, preset.paste)
    spec = spec_of(environment, preset.target, preset.name, preset.use, guarded=preset.guarded)
    return Choice(preset.name, f"{preset.target.label} in {preset.target.namespace}", spec)


async def _own(cluster: Cluster, environment: Environment, pod: str) -> list[Choice]:
    if not pod:
        return []
    namespace = environment.kubernetes.namespace
    try:
        async with asyncio.timeout(LOOKED):
            numbers = pod_face(await cluster.get(PODS, pod, namespace)).numbers
    except (VezaError, TimeoutError):
        numbers = ()
    choices = []
    for number in numbers or ("",):
        target = ForwardTarget("pod", pod, namespace, str(number))
        name = f"this pod:{number}" if number else "this pod"
        choices.append(Choice(name, pod, spec_of(environment, target, pod)))
    return choices
