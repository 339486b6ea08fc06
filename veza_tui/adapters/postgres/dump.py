"""pg_dump and the facts of the same exported snapshot, at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui.adapters.postgres.archive_rows import Archive, decoder_for
from veza_tui.adapters.postgres.behind import Behind
from veza_tui.adapters.postgres.compression import choose_compression
from veza_tui.adapters.postgres.connection import Endpoint, connect, explain
from veza_tui.adapters.postgres.estimate import estimate, sizes
from veza_tui.adapters.postgres.facts import database_facts, server_facts
from veza_tui.adapters.postgres.pg_dump import pg_dump
from veza_tui.adapters.postgres.row_digests import PlainDigests, encoding, settings, with_rows, with_tables
from veza_tui.adapters.postgres.sequences import between, sequence_values
from veza_tui.adapters.postgres.tools import find_tools
from veza_tui.model.backup import DatabaseFacts
from veza_tui.model.errors import ConfigError
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
        meter = _Meter(progress, estimate(options, heap, whole), tables, time.monotonic())
        before = await sequence_values(holder)
        arguments = [
            *(f"--snapshot={snapshot}", f"--lock-wait-timeout={LOCK_WAIT}", "--verbose"),
            *(f"--format={options.format}", f"--compress={compression}", *encoding(holder)),
        ]
        environment = await settings(holder)
        carried = _carried(options, compression, path)

        def sink(block: memoryview) -> None:
            if write is not None:
                write(block)
            meter.done += len(block)
            if isinstance(carried, PlainDigests | Archive):
                carried.feed(bytes(block))

        asked: set[str] = set()

        def of(key: str) -> bool:
            asked.add(key)
            return carried is None

        try:
            if path is not None:
                # Made to last by the storage, in one go with the rest.
                arguments += [f"--jobs={_jobs(options)}", f"--file={path}", "--no-sync"]
            elif write is None:
                raise ValueError("a plain or custom dump needs somewhere to write")
            run = pg_dump(endpoint, tools, arguments, environment, None if path is not None else sink, meter.line)
            facts = await _both(run, _facts(endpoint, snapshot, options.digests, of), path, meter)
            if carried is not None:
                facts, left = with_rows(facts, await asyncio.to_thread(carried.result), asked)
                if left:
                    others = await _facts(endpoint, snapshot, options.digests, left.__contains__)
                    facts = with_tables(facts, others, left)
        finally:
            if isinstance(carried, Behind):
                carried.stop()
        facts = between(facts, before, await sequence_values(holder))
        meter.tables_done = meter.tables
        meter.tell()
    return DumpOutcome(tools.version, compression, _jobs(options), lsn, server, facts, meter.done)


async def _both(
    dumping: Coroutine[Any, Any, None],
    looking: Coroutine[Any, Any, DatabaseFacts],
    path: Path | None,
    meter: _Meter,
) -> DatabaseFacts:
    facts, run = asyncio.create_task(looking), asyncio.create_task(dumping)
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
        if path is not None:
            meter.done = _size(path)
        return facts.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _facts(endpoint: Endpoint, snapshot: str, digests: bool, of: Callable[[str], bool]) -> DatabaseFacts:
    import psycopg

    try:
        async with connect(endpoint) as connection:
            return await database_facts(connection, snapshot=snapshot, digests=digests, of=of)
    except psycopg.Error as error:
        raise explain(error, endpoint) from None


def _carried(options: DumpOptions, compression: str, path: Path | None) -> PlainDigests | Archive | Behind | None:
    """What reads the rows' digests out of the dump itself; None: the server makes them."""
    if not options.digests:
        return None
    if options.format == "plain":
        return PlainDigests()
    decoder = decoder_for(compression)
    if decoder is None:
        return None
    return Archive(decoder) if path is None else Behind(path, decoder)


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


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        return sum(f.stat().st_size for f in path.iterdir()) if path.is_dir() else path.stat().st_size
    return 0
