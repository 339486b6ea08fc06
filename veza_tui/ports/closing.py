"""The end of what was made behind ports."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from contextlib import AsyncExitStack
from typing import Any


async def close_all(made: Iterable[Any]) -> None:
    """Close what can be closed, the last made first, and each whatever becomes of the others."""
    async with AsyncExitStack() as last:
        for one in made:
            last.push_async_callback(_close, one)


async def _close(one: Any) -> None:
    close = getattr(one, "close", None)
    result = close() if close is not None else None
    if inspect.isawaitable(result):
        await result
