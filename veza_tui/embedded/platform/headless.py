"""``veza-tui demo --headless``: the platform until a signal, or until the process that started it is gone."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.platform.incidents import find
from veza_tui.embedded.platform.stores import Options, Stores
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.embedded.platform.platform import Platform


def run(options: Options, *, with_parent: bool, progress: Callable[[str], None]) -> int:
    """Until TERM, INT or HUP; with ``with_parent`` also until the end of stdin, whose other end the parent holds."""
    return asyncio.run(_run(options, with_parent, progress))


async def _run(options: Options, with_parent: bool, progress: Callable[[str], None]) -> int:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if with_parent:
        loop.add_reader(sys.stdin.fileno(), _parent_spoke, loop, stop)
    if options.incident:
        find(options.incident)
    demo = Demo(options, progress)
    try:
        if not await _unless_stopped(demo, stop):
            return Exit.DONE
        print(json.dumps(demo.ready), flush=True)
        await stop.wait()
        return Exit.DONE
    finally:
        # A second signal must not cut the cleaning up short.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, lambda: None)
        await demo.close()


class Demo:
    """Stores and platform; the platform's libraries are imported while the stores start."""

    def __init__(self, options: Options, progress: Callable[[str], None]) -> None:
        self._options = options
        self._progress = progress
        self._stores = Stores(options)
        self._platform: Platform | None = None

    @property
    def ready(self) -> dict[str, Any]:
        """See ``Platform.ready``."""
        assert self._platform is not None
        return self._platform.ready

    async def start(self) -> None:
        """All up.

        Raises:
            VezaError: a part does not come up, perhaps within an ExceptionGroup.
        """
        self._progress("starting PostgreSQL and Valkey")
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stores.start())
            module = await asyncio.to_thread(importlib.import_module, "veza_tui.embedded.platform.platform")
        self._progress("starting the cluster")
        self._platform = module.Platform(self._options, self._stores)
        await self._platform.start()

    async def close(self) -> None:
        """All down."""
        await (self._platform or self._stores).close()


async def _unless_stopped(demo: Demo, stop: asyncio.Event) -> bool:
    """Start it; False when ``stop`` came first."""
    starting, stopping = asyncio.create_task(demo.start()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            return False
        try:
            starting.result()
        except BaseExceptionGroup as group:
            raise _first(group) from group
        return True
    finally:
        stopping.cancel()
        starting.cancel()
        with contextlib.suppress(BaseException):
            await starting


def _first(found: BaseException) -> BaseException:
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found


def _parent_spoke(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Nobody writes there: readable means that the other end is closed."""
    if not os.read(sys.stdin.fileno(), 64):
        loop.remove_reader(sys.stdin.fileno())
        stop.set()
