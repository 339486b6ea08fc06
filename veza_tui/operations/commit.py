"""Which commit a workspace stands at."""

from __future__ import annotations

import asyncio
import subprocess

from veza_tui.model.text import printable


async def head(directory: str) -> str:
    """The full id of git's HEAD; empty where there is no repository, no commit or no git."""
    return await asyncio.to_thread(_head, directory)


def _head(directory: str) -> str:
    try:
        answer = subprocess.run(
            ["git", "-C", directory, "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return printable(answer.stdout.strip(), limit=64)
