"""Faults that tests and the `api-flaky` incident switch on: the API slow, erring, hanging, cutting connections."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

FaultKind = Literal["slow", "error", "throttle", "reset", "unauthorized", "hang"]


@dataclass(slots=True)
class Fault:
    """One fault.

    ``fraction`` 0..1 of the requests it strikes, ``delay`` seconds for slow, ``retry_after`` seconds for throttle (429)
    and error, ``remaining`` requests until it wears off (None: no limit), ``until`` clock time at which it ends,
    ``path`` a part that the request's path must contain, ``method`` of the request (empty: any), ``user`` whom it
    strikes (empty: everybody).
    """

    kind: FaultKind
    fraction: float = 1.0
    delay: float = 0.0
    retry_after: int = 1
    remaining: int | None = None
    until: float | None = None
    path: str = ""
    user: str = ""
    status: int = 500
    method: str = ""


@dataclass(slots=True)
class Faults:
    """The switchboard: the server asks ``strike`` before each request."""

    clock: Callable[[], float] = time.monotonic
    random: random.Random = field(default_factory=random.Random)
    active: list[Fault] = field(default_factory=list)
    _droppers: list[Callable[[bool], None]] = field(default_factory=list)
    _thaw: asyncio.Event | None = None

    def add(self, fault: Fault, *, seconds: float | None = None) -> Fault:
        """Switch a fault on, for ``seconds`` if given."""
        if seconds is not None:
            fault.until = self.clock() + seconds
        self.active.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        """Switch it off; idempotent."""
        if fault in self.active:
            self.active.remove(fault)

    def clear(self) -> None:
        """Switch all off."""
        self.active.clear()

    def strike(self, path: str, user: str = "", method: str = "") -> list[Fault]:
        """The faults that this request meets."""
        if not self.active:
            return []
        now = self.clock()
        self.active = [f for f in self.active if not self._over(f, now)]
        struck = []
        for fault in self.active:
            if fault.path not in path or (fault.user and fault.user != user) or fault.method not in ("", method):
                continue
            if fault.fraction < 1 and self.random.random() >= fault.fraction:
                continue
            if fault.remaining is not None:
                fault.remaining -= 1
            struck.append(fault)
        return struck

    @staticmethod
    def _over(fault: Fault, now: float) -> bool:
        return (fault.until is not None and now >= fault.until) or (
            fault.remaining is not None and fault.remaining <= 0
        )

    async def gone(self, fault: Fault) -> None:
        """Wait until a fault is switched off or over."""
        while fault in self.active and not self._over(fault, self.clock()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)

    def drop_watches(self, *, abort: bool = False) -> None:
        """End every watch now: cleanly (EOF), or with a connection reset when ``abort``."""
        for dropper in list(self._droppers):
            dropper(abort)

    def on_drop(self, dropper: Callable[[bool], None]) -> Callable[[], None]:
        """For the watch handler: called by ``drop_watches``; the answer removes it."""
        self._droppers.append(dropper)

        def remove() -> None:
            if dropper in self._droppers:
                self._droppers.remove(dropper)

        return remove

    def freeze(self) -> None:
        """Half-open connections: watches stay connected and say nothing, until ``thaw``."""
        if self._thaw is None:
            self._thaw = asyncio.Event()

    def thaw(self) -> None:
        """Frozen watches go on with what they missed."""
        if self._thaw is not None:
            self._thaw.set()
            self._thaw = None

    async def thawed(self) -> None:
        """Wait while frozen."""
        if self._thaw is not None:
            await self._thaw.wait()
