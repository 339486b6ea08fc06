"""Long work beside the event loop: pure functions in a thread, one at a time, the newest question wins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Aside(Generic[T]):
    """``ask(key, work)`` runs ``work`` in a thread and hands ``done`` its answer on the loop.

    The same key as the last one asks nothing. While one is worked on the newest question waits and those between are
    dropped. ``work`` must touch nothing that the loop changes.
    """

    def __init__(self, spawn: Callable[[Any], Any], done: Callable[[Hashable, T], None]) -> None:
        self._spawn = spawn
        self._done = done
        self._asked: Hashable = None
        self._next: tuple[Hashable, Callable[[], T]] | None = None
        self._busy = False

    @property
    def asked(self) -> Hashable:
        """The key of the newest question."""
        return self._asked

    def ask(self, key: Hashable, work: Callable[[], T]) -> None:
        """Work on it, unless ``key`` is what was asked last."""
        if key == self._asked:
            return
        self._asked = key
        self._next = (key, work)
        if not self._busy:
            self._busy = True
            self._spawn(self._run())

    def forget(self) -> None:
        """Whatever is on its way is not wanted any more."""
        self._asked = self._next = None

    async def _run(self) -> None:
        try:
            while self._next is not None:
                (key, work), self._next = self._next, None
                answer = await asyncio.to_thread(work)
                if key == self._asked:
                    self._done(key, answer)
        finally:
            self._busy = False
