"""Coalesced publishing: the latest value wins, nothing is sent when nothing changed, storms are thinned out."""

from __future__ import annotations

import asyncio
import logging
import operator
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)


class Publisher(Generic[T]):
    """Calls ``build`` at most every ``interval`` seconds after ``touch`` and hands its value to the subscribers.

    A first change after a quiet time goes out after ``settle`` seconds, so that one burst is one value. All calls must
    come from the loop's thread. A subscriber that raises is logged and does not disturb the others.
    """

    def __init__(
        self,
        build: Callable[[], T],
        first: T,
        *,
        same: Callable[[T, T], bool] = operator.eq,
        interval: float = 0.08,
        settle: float = 0.01,
    ) -> None:
        self._build = build
        self._same = same
        self._value = first
        self._interval = interval
        self._settle = settle
        self._subscribers: list[Callable[[T], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._last = float("-inf")
        self._closed = False

    @property
    def value(self) -> T:
        """The newest published value."""
        return self._value

    def subscribe(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Call ``callback`` with each new value; the returned function ends it (calling it twice is harmless)."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def touch(self) -> None:
        """Something may have changed."""
        if self._timer is None and not self._closed:
            loop = asyncio.get_running_loop()
            wait = max(self._settle, self._last + self._interval - loop.time())
            self._timer = loop.call_later(wait, self.flush)

    def flush(self) -> None:
        """Publish now if the value differs from the last one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._closed:
            return
        self._last = asyncio.get_running_loop().time()
        value = self._build()
        if self._same(value, self._value):
            return
        self._value = value
        for callback in tuple(self._subscribers):
            try:
                callback(value)
            except Exception:
                log.exception("a subscriber failed")

    def close(self) -> None:
        """Publish nothing more."""
        self._closed = True
        self._subscribers.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
