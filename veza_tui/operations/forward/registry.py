"""All forwards of this process: started, listed, stopped; nothing listens once it is closed."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from veza_tui.model.errors import VezaError
from veza_tui.model.forward import ForwardSpec, ForwardState, ForwardStatus
from veza_tui.operations.forward.guard import Guard
from veza_tui.operations.forward.presets import paste_line
from veza_tui.operations.forward.running import Forward
from veza_tui.operations.settings import state_directory
from veza_tui.operations.world import World

KEPT = 20
"""Forwards that are over and still shown."""


class Forwards:
    """Use from one event loop."""

    def __init__(self, world: World, *, state: Path | None = None) -> None:
        self.world = world
        self.guard = Guard(world, state or state_directory())
        self._numbers = itertools.count(1)
        self._all: dict[int, Forward] = {}
        self._over: list[ForwardStatus] = []
        self._ending: set[asyncio.Future[None]] = set()
        self._callbacks: list[Callable[[ForwardStatus], None]] = []

    def subscribe(self, callback: Callable[[ForwardStatus], None]) -> Callable[[], None]:
        """Be told of each change but those of byte counters; the returned function ends it."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def list(self) -> Sequence[ForwardStatus]:
        """Running ones in the order of their start, then those that are over, newest first."""
        return [*(f.status() for f in self._all.values()), *reversed(self._over)]

    def running(self, number: int) -> Forward | None:
        """By its number; None when it is over."""
        return self._all.get(number)

    async def start(self, spec: ForwardSpec, *, confirmed: str = "", reason: str = "") -> Forward:
        """Listen from now on. ``confirmed`` says how a guarded one was confirmed.

        Raises:
            RefusedError: no permission, or a guarded one that nobody confirmed.
            PortTaken: the local port is in use.
            VezaError: the target cannot be forwarded to.
        """
        environment = self.world.environment(spec.environment)
        cluster = self.world.cluster(environment)
        await self.guard.check(environment, cluster, spec, confirmed=confirmed, reason=reason)
        forward = Forward(next(self._numbers), spec, cluster, self.world.clock, self._changed)
        await forward.prepare()
        forward.paste = paste_line(environment, forward.status())
        if spec.guarded:
            try:
                # What cannot be audited does not run.
                await self.guard.began(environment, cluster, forward.status(), confirmed=confirmed, reason=reason)
            except BaseException:
                await forward.stop()
                raise
        self._all[forward.number] = forward
        forward.begin()
        return forward

    async def stop(self, number: int) -> None:
        """End one; nothing happens when it is over."""
        forward = self._all.get(number)
        if forward is not None:
            await forward.stop()
            await self._settled(forward)

    async def extend(self, number: int, seconds: float) -> None:
        """Have one end that many seconds from now; on the record for a guarded one.

        Raises:
            RefusedError: longer than a guarded one may last.
        """
        forward = self._all.get(number)
        if forward is None:
            return
        if forward.spec.guarded:
            environment = self.world.environment(forward.spec.environment)
            await self.guard.extended(environment, forward.status(), seconds)
        forward.extend(seconds)
        self._changed(forward)

    def forget(self, number: int) -> None:
        """Show one that is over no more."""
        self._over = [status for status in self._over if status.id != number]

    async def close(self) -> None:
        """End all of them; what must be audited is."""
        forwards = list(self._all.values())
        await asyncio.gather(*(forward.stop() for forward in forwards))
        for forward in forwards:
            await self._settled(forward)
        await asyncio.gather(*self._ending)

    def _changed(self, forward: Forward) -> None:
        if forward.number not in self._all:
            return
        status = forward.status()
        if status.state is ForwardState.EXPIRED:
            task = asyncio.ensure_future(self._settled(forward))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            return
        self._tell(status)

    def _tell(self, status: ForwardStatus) -> None:
        for callback in tuple(self._callbacks):
            callback(status)

    async def _settled(self, forward: Forward) -> None:
        if self._all.pop(forward.number, None) is None:
            return
        status = forward.status()
        if forward.spec.guarded:
            try:
                await self.guard.ended(self.world.environment(forward.spec.environment), status)
            except (OSError, VezaError) as error:
                status = replace(status, error=f"its end is not in the audit log: {error}")
        self._over = [*self._over, status][-KEPT:]
        self._tell(status)
