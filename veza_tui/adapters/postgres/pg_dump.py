"""Runs pg_dump: into a file of its own, or through a pipe into a sink."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping, Sequence

from veza_tui.adapters.postgres.connection import Endpoint, libpq_environment
from veza_tui.adapters.postgres.process import Program, in_thread, pipe, pump
from veza_tui.adapters.postgres.tools import Tools
from veza_tui.model.errors import VezaError


async def pg_dump(
    endpoint: Endpoint,
    tools: Tools,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    sink: Callable[[memoryview], object] | None,
    on_line: Callable[[str], None] | None = None,
) -> None:
    """One run to its end; without a ``sink`` the arguments say where it writes. ``on_line`` gets lines of its stderr.

    Raises:
        VezaError: why it failed, or the sink could not be written to; one line.
    """
    argv = [tools.path("pg_dump"), *arguments, "--no-password"]
    with libpq_environment(endpoint) as env:
        env = {**env, **environment}
        if sink is not None:
            await _streamed(argv, env, sink, on_line, endpoint)
            return
        program = await Program.start(argv, env, on_line=on_line)
        try:
            if await program.wait():
                raise program.failure(endpoint.label)
        finally:
            await program.end()


async def _streamed(
    argv: list[str],
    env: dict[str, str],
    sink: Callable[[memoryview], object],
    on_line: Callable[[str], None] | None,
    endpoint: Endpoint,
) -> None:
    read_end, write_end = pipe()
    try:
        program = await Program.start(argv, env, stdout=write_end, on_line=on_line)
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    pumping = asyncio.create_task(in_thread("dump", lambda: pump(read_end, sink)))
    try:
        # The pipe ends when pg_dump ends, however it ends; a sink that fails closes it and pg_dump stops.
        try:
            await asyncio.shield(pumping)
        except OSError as error:
            raise VezaError(f"the dump of {endpoint.label} cannot be written: {error.strerror or error}") from None
        if await program.wait():
            raise program.failure(endpoint.label)
    finally:
        await program.end()
        # With pg_dump gone the thread meets the end of the pipe: the sink is not written to after this.
        with contextlib.suppress(BaseException):
            await asyncio.shield(pumping)
