"""Child processes of the demo: each dies when the demo dies, whatever kills it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_EXEC = Path(__file__).with_name("_exec.py")


async def spawn(
    argv: Sequence[str],
    *,
    log: Path | None,
    mode: str = "plain",
    death_signal: int = signal.SIGTERM,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> asyncio.subprocess.Process:
    """Start ``argv`` in a session of its own (Ctrl-C of the terminal is not for it); its output goes to ``log``.

    The kernel sends it ``death_signal`` when the *thread* which called this ends, even by SIGKILL (Linux only): call it
    from the thread that lives as long as the demo.
    """
    launcher = [sys.executable, "-I", "-S", str(_EXEC), mode, str(os.getpid()), str(int(death_signal)), "--", *argv]
    output: int = asyncio.subprocess.PIPE
    if log is not None:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *launcher,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(env if env is not None else os.environ),
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        if log is not None:
            os.close(output)


async def run(argv: Sequence[str], *, mode: str = "plain", env: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run to the end: (exit code, its output)."""
    child = await spawn(argv, log=None, mode=mode, env=env)
    output, _ = await child.communicate()
    return child.returncode or 0, output.decode(errors="replace")


async def end(child: asyncio.subprocess.Process, number: int = signal.SIGTERM, *, patience: float = 5.0) -> None:
    """Signal ``child`` and wait; after ``patience`` seconds kill it."""
    if child.returncode is not None:
        return
    try:
        child.send_signal(number)
        await asyncio.wait_for(child.wait(), patience)
    except ProcessLookupError:
        return
    except TimeoutError:
        child.kill()
        await child.wait()
