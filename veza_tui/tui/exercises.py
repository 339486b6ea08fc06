"""A client for exercises: whoever opened the screen may offer incidents on a socket (VEZA_DEMO_CONTROL).

One JSON object a line each way: ``{"do": "list"}``, ``{"do": "start"|"stop", "incident": NAME}``.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass
from typing import Any

from veza_tui.model.errors import UnreachableError, VezaError


@dataclass(frozen=True, slots=True)
class Exercise:
    """One incident on offer."""

    name: str
    title: str
    environment: str
    active: bool


async def _ask(request: dict[str, Any], timeout: float = 20.0) -> dict[str, Any]:
    path = os.environ.get("VEZA_DEMO_CONTROL", "")
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                answer = json.loads(await reader.readline())
            finally:
                writer.close()
    except (OSError, ValueError, TimeoutError) as error:
        raise UnreachableError(f"exercises: no answer from {path}: {type(error).__name__}") from None
    if not isinstance(answer, dict) or not answer.get("ok"):
        raise VezaError(f"exercises: {answer.get('error', 'refused') if isinstance(answer, dict) else 'refused'}")
    return answer


async def list_exercises() -> list[Exercise]:
    """What is on offer.

    Raises:
        VezaError: nobody answers.
    """
    answer = await _ask({"do": "list"})
    return [
        Exercise(str(i["name"]), str(i.get("title", "")), str(i.get("environment", "")), bool(i.get("active")))
        for i in answer.get("incidents", ())
    ]


async def switch(exercise: Exercise) -> str:
    """Start it, or stop it when it is on; returns the line to show.

    Raises:
        VezaError: nobody answers, or it is refused.
    """
    answer = await _ask({"do": "stop" if exercise.active else "start", "incident": exercise.name})
    return str(answer.get("message", ""))
