"""The work queue which all controllers share, and what a controller is."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Hashable
from typing import Protocol

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.cluster.clock import Clock, Handle

Key = tuple[str, str]
"""(namespace, name)."""

_log = logging.getLogger(__name__)
_SLICE = 0.02
"""Seconds of work after which the event loop gets its turn."""
_GAP = 0.01
"""Least seconds between two reconciliations of one key: changes in between are folded into one."""


class Controller(Protocol):
    """Brings the cluster one step nearer to what one object wants."""

    def reconcile(self, key: Key) -> None:
        """Look at the object of that key and act; called again after each change. Must be idempotent."""
        ...


class WorkQueue:
    """Keys of all controllers, each at most once in it; failures are retried with a growing delay."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: dict[tuple[Controller, Hashable], None] = {}
        self._timers: dict[tuple[Controller, Hashable], tuple[float, Handle]] = {}
        self._earliest: dict[tuple[Controller, Hashable], float] = {}
        self._failures: dict[tuple[Controller, Hashable], int] = {}
        self._pump: asyncio.Handle | None = None
        self._stopped = False
        self.reconciled = 0

    def add(self, controller: Controller, key: Key, delay: float = 0.0) -> None:
        """Reconcile ``key`` soon, or in ``delay`` simulated seconds (an earlier request wins)."""
        item = (controller, key)
        if self._stopped or item in self._ready:
            return
        if delay <= 0:
            timer = self._timers.get(item)
            wait = self._earliest.get(item, 0.0) - time.monotonic()
            if wait > 0:
                if timer is None or timer[0] > self._clock.now() + wait:
                    self._arm(item, wait / (self._clock.scale or 1))
                return
            self._ready[item] = None
            self._wake()
            return
        timer = self._timers.get(item)
        if timer is None or timer[0] > self._clock.now() + delay * self._clock.scale:
            self._arm(item, delay)

    def _arm(self, item: tuple[Controller, Hashable], delay: float) -> None:
        old = self._timers.pop(item, None)
        if old:
            old[1].cancel()

        def due() -> None:
            self._timers.pop(item, None)
            self._ready[item] = None
            self._wake()

        when = self._clock.now() + delay * self._clock.scale
        self._timers[item] = (when, self._clock.call_later(delay, due))

    def _wake(self) -> None:
        if self._pump is None and not self._stopped:
            self._pump = asyncio.get_running_loop().call_soon(self._run)

    def _run(self) -> None:
        self._pump = None
        end = time.monotonic() + _SLICE
        while self._ready and not self._stopped:
            item = next(iter(self._ready))
            del self._ready[item]
            self._one(item)
            if time.monotonic() > end:
                break
        if self._ready:
            self._wake()

    def _one(self, item: tuple[Controller, Hashable]) -> None:
        controller, key = item
        began = time.monotonic()
        try:
            controller.reconcile(key)  # type: ignore[arg-type]
        except ApiError as error:
            self._retry(item, error)
        except Exception as error:
            _log.exception("%s %s", type(controller).__name__, key)
            self._retry(item, error)
        else:
            self._failures.pop(item, None)
        self.reconciled += 1
        ended = time.monotonic()
        # A key with thousands of pods costs milliseconds: it may use at most a tenth of the time.
        self._earliest[item] = ended + max(_GAP * min(self._clock.scale, 1.0), 10 * (ended - began))
        if len(self._earliest) > 4096:
            self._earliest = {k: v for k, v in self._earliest.items() if v > ended}

    def _retry(self, item: tuple[Controller, Hashable], error: Exception) -> None:
        failures = self._failures.get(item, 0) + 1
        self._failures[item] = failures
        _log.debug("%s %s: %s", type(item[0]).__name__, item[1], error)
        self._arm(item, min(0.05 * 2**failures, 60.0))

    def shift(self, seconds: float) -> None:
        """The clock's ``now`` jumped forward by ``seconds`` while its timers did not."""
        self._timers = {item: (when + seconds, handle) for item, (when, handle) in self._timers.items()}

    def stop(self) -> None:
        """Forget everything; nothing runs any more."""
        self._stopped = True
        for _, handle in self._timers.values():
            handle.cancel()
        if self._pump:
            self._pump.cancel()
        self._timers.clear()
        self._ready.clear()
