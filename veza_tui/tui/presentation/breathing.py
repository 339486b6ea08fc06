"""Long loops in a thread that let the event loop in between: it would wait 5 ms at each of its turns otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
EVERY = 64
"""Items, about a millisecond of work."""
PAUSE = 0.0002
"""Seconds: a pause of none would give the lock back to the one who let go of it."""


def breathing(items: Iterable[T]) -> Iterator[T]:
    """The items, with a short pause now and then; short lists have none."""
    for number, item in enumerate(items, 1):
        if not number % EVERY:
            time.sleep(PAUSE)
        yield item
