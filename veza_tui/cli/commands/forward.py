"""``veza-tui forward ENV TARGET [[LOCAL:]REMOTE]``: one forward until Ctrl-C, through pod replacements and restarts."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.output import data, data_json, event_json, progress, warn
from veza_tui.model.errors import TimedOutError, VezaError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.model.forward import ForwardSpec, ForwardStatus
    from veza_tui.operations.forward.registry import Forwards
    from veza_tui.operations.forward.running import Forward


AGAIN = 5.0
"""Seconds in which the same error is not said twice."""


@click.command("forward")
@click.argument("environment", metavar="ENV")
@click.argument("target", metavar="[TARGET]", default="")
@click.argument("ports", metavar="[[LOCAL:]REMOTE]", default="")
@click.option("--address", default="127.0.0.1", show_default=True, help="IP address of this machine to listen on.")
@click.option("--expires", default="", metavar="TIME", help="End after this time (30m for production's database).")
@click.option("--timeout", default=30.0, show_default=True, metavar="S", help="Seconds to wait for a ready pod.")
@click.option("--confirm", default="", metavar="ENV", help="Confirm a forward to production's database.")
@click.option("--reason", default="", metavar="TEXT", help="Why; goes into the audit log.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON, one a line.")
@click.pass_obj
def command(
    options: Options,
    environment: str,
    target: str,
    ports: str,
    address: str,
    expires: str,
    timeout: float,
    confirm: str,
    reason: str,
    as_json: bool,
) -> int:
    """Forward a local port to a pod, service or deployment until Ctrl-C. One line tells when it is ready.

    TARGET is pod/NAME, service/NAME (svc/), deployment/NAME (deploy/), the name of one of the environment's services,
    prometheus, grafana, database or cache. Without TARGET the presets are listed.
    """
    from veza_tui import wiring

    world = wiring.open_world(options.workspace, read_only=options.read_only)

    async def main() -> int:
        try:
            if not target:
                return await _list_presets(world, environment, as_json)
            spec = await _spec(world, environment, target, ports, address, expires)
            confirmed = _confirmed(spec, confirm) if spec.guarded else ""
            return await _run(wiring.forwards(world), spec, confirmed, reason, timeout, as_json)
        finally:
            await world.close()

    return asyncio.run(main())


async def _spec(world: Any, name: str, target: str, ports: str, address: str, expires: str) -> ForwardSpec:
    from veza_tui.operations.forward.listener import check_address
    from veza_tui.operations.forward.presets import resolve
    from veza_tui.operations.forward.targets import parse_ports
    from veza_tui.operations.forward.times import seconds_of

    environment = world.environment(name)
    local, remote = parse_ports(ports) if ports else (None, "")
    address = check_address(address)
    wanted = seconds_of(expires) if expires else None
    spec = await resolve(world.cluster(environment), environment, target, remote)
    return replace(spec, local_port=local, address=address, expires_after=wanted or spec.expires_after)


def _confirmed(spec: ForwardSpec, confirm: str) -> str:
    from veza_tui.cli.asking import confirm_typed

    minutes = (spec.expires_after or 0) / 60
    progress(
        f"{spec.environment} is production and this leads to its database; it ends by itself after {minutes:g} min"
    )
    return confirm_typed(spec.environment, confirm)


async def _list_presets(world: Any, name: str, as_json: bool) -> int:
    from veza_tui.cli.output import table
    from veza_tui.operations.forward.presets import presets

    environment = world.environment(name)
    found = await presets(world.cluster(environment), environment)
    if as_json:
        data_json({"presets": [_preset_json(p) for p in found]})
        return Exit.DONE
    rows = [
        (p.name, f"{p.target.label} in {p.target.namespace}" if p.target else f"{p.why}; from here: {p.paste}")
        for p in found
    ]
    table(("PRESET", "LEADS TO"), rows)
    return Exit.DONE


def _preset_json(preset: Any) -> dict[str, Any]:
    target = preset.target
    return {
        "name": preset.name,
        "target": target.label if target else None,
        "namespace": target.namespace if target else None,
        "guarded": preset.guarded,
        "why_not": preset.why,
        "paste": preset.paste,
    }


async def _run(
    forwards: Forwards, spec: ForwardSpec, confirmed: str, reason: str, timeout: float, as_json: bool
) -> int:
    printer = _Printer(as_json)
    ended = asyncio.Event()
    caught: list[int] = []

    def leave(number: int) -> None:
        caught.append(number)
        ended.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, number)
    forward: Forward | None = None
    try:
        forward = await _start(forwards, spec, confirmed, reason)
        status = forward.status()
        printer.last = status
        forwards.subscribe(printer.update)
        if not await _ready(forward, ended, timeout):
            raise TimedOutError(
                f"{status.spec.target.label} in {spec.target.namespace}: {forward.status().detail}",
                hint="look at its pods with veza-tui status",
            )
        if not caught:
            printer.ready(forward.status())
        await _first(ended, forward.ended)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)
        last = forward.status() if forward else None
        await forwards.close()
        if last is not None and printer.was_ready:
            printer.ended(last)
    return 128 + caught[0] if caught else Exit.DONE


async def _start(forwards: Forwards, spec: ForwardSpec, confirmed: str, reason: str) -> Forward:
    from veza_tui.operations.forward.listener import PortTaken

    try:
        return await forwards.start(spec, confirmed=confirmed, reason=reason)
    except PortTaken as taken:
        remote = spec.target.port or "REMOTE"
        raise VezaError(taken.message, hint=f"{taken.proposed} is free: write {taken.proposed}:{remote}") from None


async def _ready(forward: Forward, ended: asyncio.Event, timeout: float) -> bool:
    """Whether there is a pod before the time is over; also True when somebody ends it meanwhile."""
    waiting = asyncio.ensure_future(forward.wait_ready(timeout))
    leaving = asyncio.ensure_future(ended.wait())
    try:
        await asyncio.wait((waiting, leaving), return_when=asyncio.FIRST_COMPLETED)
        if waiting.done() and not leaving.done():
            return waiting.exception() is None
        return True
    finally:
        waiting.cancel()
        leaving.cancel()
        await asyncio.gather(waiting, leaving, return_exceptions=True)


async def _first(*events: asyncio.Event) -> None:
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


class _Printer:
    """One line on stdout when ready; what changes afterwards on stderr, or everything as JSON events on stdout."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self.last: ForwardStatus | None = None
        self.was_ready = False
        self._warned = 0.0

    def ready(self, status: ForwardStatus) -> None:
        """It listens and there is a pod."""
        self.was_ready = True
        if self._json:
            self._event("ready", status, paste=status.paste)
            return
        target = status.spec.target
        if status.spec.local_port is None and target.port.isdigit() and status.local_port != int(target.port):
            progress(f"port {target.port} is taken here: {status.local_port} instead")
        data(f"{status.local} -> {target.label} in {target.namespace} (pod {status.pod})")
        if status.paste:
            progress(f"use: {status.paste}")
        if status.expires is not None:
            progress(f"ends at {time.strftime('%H:%M:%S', time.localtime(status.expires))}")

    def update(self, status: ForwardStatus) -> None:
        """Say what is different."""
        before, self.last = self.last, status
        if before is None or status.state.over:
            return
        if (status.state, status.pod, status.detail) != (before.state, before.pod, before.detail):
            if self._json:
                self._event("state", status, detail=status.detail)
            elif self.was_ready or not status.pod:
                progress(f"{status.state}: {status.detail or 'pod ' + status.pod}")
        if (status.error, status.error_at) != (before.error, before.error_at):
            if self._json:
                self._event("error", status, error=status.error)
            elif status.error != before.error or time.monotonic() - self._warned > AGAIN:
                # A hundred connections that fail alike are one word.
                self._warned = time.monotonic()
                warn(status.error)
        if self._json and (status.connections, status.served) != (before.connections, before.served):
            self._event("connection", status)

    def ended(self, status: ForwardStatus) -> None:
        """The last word."""
        if self._json:
            self._event("end", status)
        elif status.state.value == "expired":
            progress("expired: it listens no more")

    def _event(self, kind: str, status: ForwardStatus, **more: Any) -> None:
        target = status.spec.target
        event_json(
            {
                "type": kind,
                "at": round(time.time(), 3),
                "environment": status.spec.environment,
                "target": target.label,
                "namespace": target.namespace,
                "state": status.state.value,
                "address": status.spec.address,
                "port": status.local_port,
                "pod": status.pod,
                "pod_port": status.remote_port,
                "connections": status.connections,
                "served": status.served,
                "received": status.received,
                "sent": status.sent,
                "expires": status.expires,
                **more,
            }
        )
