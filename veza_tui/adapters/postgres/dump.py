"""pg_dump and the facts of the same exported snapshot, at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veza_tui.adapters.postgres.connection import Endpoint, connect, explain, libpq_environment
from veza_tui.adapters.postgres.estimate import estimate, sizes
from veza_tui.adapters.postgres.facts import between, database_facts, sequence_values, server_facts
from veza_tui.adapters.postgres.process import Program, in_thread, pipe, pump
from veza_tui.adapters.postgres.tools import Tools, find_tools
from veza_tui.model.backup import DatabaseFacts
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.text import printable
from veza_tui.ports.database import FORMATS, DumpOptions, DumpOutcome, Progress, TransferProgress

if TYPE_CHECKING:
    from psycopg import AsyncConnection

LOCK_WAIT = "60s"
"""How long pg_dump waits for a table that somebody holds with ACCESS EXCLUSIVE, before it says which."""
_TICK = 0.25
_TABLE = re.compile(r"dumping contents of table \"(.+)\"$|(?:processing|launching) item \d+ TABLE DATA (.+)$")


@dataclass(slots=True)
class _Meter:
    """Counts what passes, and tells it a few times a second."""

    progress: Progress
    total: int | None
    tables: int
    started: float
    done: int = 0
    table: str = ""
    tables_done: int = -1

    def line(self, line: str) -> None:
        match = _TABLE.search(line)
        if match:
            self.table = printable(match[1] or match[2], limit=80)
            self.tables_done += 1

    def tell(self) -> None:
        elapsed = max(time.monotonic() - self.started, 1e-6)
        rate = self.done / elapsed
        if self.total and self.done > self.total * 1.1:
            self.total = None  # it was a bad estimate: none is better
        eta = (self.total - self.done) / rate if self.total and rate and self.total > self.done else None
        self.progress(
            TransferProgress(self.done, self.total, rate, eta, self.table, max(self.tables_done, 0), self.tables)
        )


async def dump(
    endpoint: Endpoint,
    options: DumpOptions,
    write: Callable[[bytes | memoryview], object] | None,
    path: Path | None,
    progress: Progress,
) -> DumpOutcome:
    """Dump the endpoint's database; see ``ports.database.Database.dump``."""
    if options.format not in FORMATS:
        raise ConfigError(f"data.backup.format {options.format}: use plain, custom or directory")
    async with connect(endpoint, autocommit=True) as holder:
        server = await server_facts(holder, endpoint.host, endpoint.port)
        tools = find_tools(server.major)
        compression = choose_compression(tools, options)
        # The snapshot lives as long as the transaction that exported it: this connection holds it to the end.
        await holder.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        lsn = await _lsn(holder)
        row = await (await holder.execute("SELECT pg_export_snapshot()")).fetchone()
        snapshot = str(row[0]) if row else ""
        heap, tables, whole = await sizes(holder)
        # Text without an encoding passes as it is; as UTF8, which all else is dumped as, the server would check it.
        raw = holder.info.parameter_status("server_encoding") == "SQL_ASCII"
        meter = _Meter(progress, estimate(options, heap, whole), tables, time.monotonic())
        before = await sequence_values(holder)
        more = [f"--snapshot={snapshot}", *(["--encoding=SQL_ASCII"] if raw else [])]
        facts = await _both(endpoint, tools, options, compression, snapshot, more, write, path, meter)
        facts = between(facts, before, await sequence_values(holder))
        meter.tables_done = meter.tables
        meter.tell()
    return DumpOutcome(tools.version, compression, _jobs(options), lsn, server, facts, meter.done)


async def _both(
    endpoint: Endpoint,
    tools: Tools,
    options: DumpOptions,
    compression: str,
    snapshot: str,
    more: list[str],
    write: Callable[[bytes | memoryview], object] | None,
    path: Path | None,
    meter: _Meter,
) -> DatabaseFacts:
    facts = asyncio.create_task(_facts(endpoint, snapshot, options.digests))
    run = asyncio.create_task(_pg_dump(endpoint, tools, options, compression, more, write, path, meter))
    tasks = {facts, run}
    try:
        while pending := {t for t in tasks if not t.done()}:
            await asyncio.wait(pending, timeout=_TICK, return_when=asyncio.FIRST_EXCEPTION)
            if any(t.done() and t.exception() is not None for t in tasks):
                break
            if path is not None:
                meter.done = _size(path)
            meter.tell()
        if facts.done() and facts.exception() is not None and not run.done():
            # When the server dies both fail; pg_dump says it better, so give it a moment.
            await asyncio.wait({run}, timeout=1)
        if run.done() and (error := run.exception()) is not None:
            raise error
        return facts.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _facts(endpoint: Endpoint, snapshot: str, digests: bool) -> DatabaseFacts:
    import psycopg

    try:
        async with connect(endpoint) as connection:
            return await database_facts(connection, snapshot=snapshot, digests=digests)
    except psycopg.Error as error:
        raise explain(error, endpoint) from None


async def _pg_dump(
    endpoint: Endpoint,
    tools: Tools,
    options: DumpOptions,
    compression: str,
    more: list[str],
    write: Callable[[bytes | memoryview], object] | None,
    path: Path | None,
    meter: _Meter,
) -> None:
    argv = [
        tools.path("pg_dump"),
        f"--format={options.format}",
        *more,
        f"--compress={compression}",
        f"--lock-wait-timeout={LOCK_WAIT}",
        "--verbose",
        "--no-password",
    ]
    with libpq_environment(endpoint) as env:
        if path is not None:
            # Made to last by the storage, in one go with the rest.
            argv += [f"--jobs={_jobs(options)}", f"--file={path}", "--no-sync"]
            program = await Program.start(argv, env, on_line=meter.line)
            try:
                if await program.wait():
                    raise program.failure(endpoint.label)
            finally:
                await program.end()
            meter.done = _size(path)
            return
        if write is None:
            raise ValueError("a plain or custom dump needs somewhere to write")
        await _streamed(argv, env, write, meter, endpoint)


async def _streamed(
    argv: list[str],
    env: dict[str, str],
    write: Callable[[bytes | memoryview], object],
    meter: _Meter,
    endpoint: Endpoint,
) -> None:
    import os

    read_end, write_end = pipe()
    try:
        program = await Program.start(argv, env, stdout=write_end, on_line=meter.line)
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)

    def count(block: memoryview) -> None:
        write(block)
        meter.done += len(block)

    pumping = asyncio.create_task(in_thread("dump", lambda: pump(read_end, count)))
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


async def _lsn(connection: AsyncConnection) -> str:
    import psycopg

    try:
        async with connection.transaction():
            row = await (
                await connection.execute(
                    "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
                )
            ).fetchone()
        return str(row[0]) if row and row[0] is not None else ""
    except psycopg.Error:
        return ""


def _jobs(options: DumpOptions) -> int:
    return max(options.jobs, 1) if options.format == "directory" else 1


def choose_compression(tools: Tools, options: DumpOptions) -> str:
    """pg_dump's ``--compress``: none for plain, zstd where this pg_dump has it, else gzip.

    Raises:
        ConfigError: asked for something that this pg_dump, or the format, cannot do.
    """
    asked = options.compression.strip()
    method = asked.partition(":")[0]
    if options.format == "plain":
        if method not in ("", "none", "0"):
            raise ConfigError(
                "data.backup.compression: a plain dump is not compressed, so that the script's restore can read it",
                hint="use format custom or directory",
            )
        return "0"
    if tools.major < 16:  # before 16 pg_dump knew gzip levels only
        if method in ("zstd", "lz4"):
            raise ConfigError(f"pg_dump {tools.version} has no {method}", hint="use gzip, or a client >= 16")
        level = asked.partition(":")[2] if method == "gzip" else asked
        return "0" if method == "none" else (level if level.isdigit() else "6")
    if asked:
        if method in ("zstd", "lz4") and not _supports(tools.path("pg_dump"), method):
            raise ConfigError(f"this pg_dump {tools.version} was built without {method}", hint="use gzip")
        return asked
    return "zstd" if _supports(tools.path("pg_dump"), "zstd") else "gzip"


@lru_cache(maxsize=16)
def _supports(pg_dump: str, method: str) -> bool:
    # It checks the method before it connects; a socket directory that cannot be is refused after that.
    try:
        answer = subprocess.run(
            [pg_dump, f"--compress={method}", "--format=custom", "--host=/nonexistent", "--no-password", "postgres"],
            capture_output=True,
            text=True,
            timeout=10,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return "compression" not in answer.stderr and "not supported" not in answer.stderr


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(f.stat().st_size for f in path.iterdir()) if path.is_dir() else path.stat().st_size
    return 0
