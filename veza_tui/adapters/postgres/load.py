"""Loads a dump into a scratch database: all of it, or an error."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from veza_tui.adapters.postgres.apart import ApartFilter
from veza_tui.adapters.postgres.archive import listing
from veza_tui.adapters.postgres.connection import Endpoint, libpq_environment, neutral
from veza_tui.adapters.postgres.opening import DumpFilter
from veza_tui.adapters.postgres.process import LOCKS, Program, in_thread, pipe
from veza_tui.adapters.postgres.tools import Tools, find_tools
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.text import printable
from veza_tui.ports.database import DumpSource, LoadOptions, LoadOutcome, Progress, ScanReport, TransferProgress

# The first minor release of each major with \restrict (source: PostgreSQL release notes of 2025-08-14, CVE-2025-8714).
_RESTRICT = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
_ITEM = re.compile(r"processing data for table \"(.+)\"$|(?:launching|processing) item \d+ TABLE DATA (.+)$")
_TICK = 0.25
_T = TypeVar("_T")


class _Feed:
    """What is known of a load while it runs."""

    def __init__(self, source: DumpSource, progress: Progress) -> None:
        self.total = source.size
        self.done = 0
        self.table = ""
        self.tables_done = 0
        self.tables = 0
        self._progress = progress
        self._started = time.monotonic()

    def line(self, line: str) -> None:
        match = _ITEM.search(line)
        if match:
            self.table = printable(match[1] or match[2], limit=80)
            self.tables_done += 1

    def again(self) -> None:
        """From the beginning, in another way."""
        self.done = self.tables_done = 0

    def tell(self) -> None:
        elapsed = max(time.monotonic() - self._started, 1e-6)
        done, total = self.done, self.total or None
        if not done and self.tables and total:
            # pg_restore reads a file of its own: tables stand for bytes.
            done = total * max(self.tables_done - 1, 0) // self.tables
        rate = done / elapsed
        eta = (total - done) / rate if total and rate and total > done else None
        self._progress(TransferProgress(done, total, rate, eta, self.table, self.tables_done, self.tables))


async def load(
    endpoint: Endpoint, server_major: int, source: DumpSource, progress: Progress, options: LoadOptions
) -> LoadOutcome:
    """Load into ``endpoint.database``; see ``ports.database.Database.load``."""
    tools = find_tools(server_major)
    started = time.monotonic()
    feed = _Feed(source, progress)
    with libpq_environment(endpoint) as env:
        # Whatever a role's or database's settings say: the scanner read the dump by these rules.
        options_ = [("standard_conforming_strings", "on"), ("array_nulls", "on"), *neutral(server_major)]
        env = {**env, "PGOPTIONS": " ".join(f"-c {name}={value}" for name, value in options_)}
        if source.format == "plain":
            if options.tables:
                raise ConfigError(
                    "single tables cannot be taken out of a plain dump", hint="restore the whole database"
                )
            notes = await _plain(tools, env, endpoint, server_major, source, feed, options)
        else:
            notes = await _archive(tools, env, endpoint, source, feed, options)
    feed.done = feed.total
    feed.tell()
    return LoadOutcome(tools.version, time.monotonic() - started, source.size, notes)


async def _plain(
    tools: Tools,
    env: dict[str, str],
    endpoint: Endpoint,
    server_major: int,
    source: DumpSource,
    feed: _Feed,
    options: LoadOptions,
) -> tuple[str, ...]:
    argv = [
        tools.path("psql"),
        "--no-psqlrc",
        "--quiet",
        "--no-password",
        "--set=ON_ERROR_STOP=1",
        f"--dbname={_conninfo(endpoint.database)}",
        # Before the script begins: from here on psql refuses any command of its own, whatever the scanner let through.
        *([f"--command=\\restrict {secrets.token_hex(16)}"] if _knows_restrict(tools) else []),
        "--file=-",
    ]

    async def run(gate: DumpFilter, env: dict[str, str], *more: str) -> tuple[str, ...]:
        def blocks(opened: Iterator[bytes]) -> Iterator[bytes]:
            for block in opened:
                passed = gate.feed(block)
                _refuse(gate, endpoint)
                yield passed
                feed.done += len(block)
            yield gate.finish()
            _refuse(gate, endpoint)

        await _fed([*argv, *more], env, endpoint, source, blocks, feed)
        return gate.notes()

    try:
        return await run(DumpFilter(owners=options.owners, server_major=server_major), env, "--single-transaction")
    except VezaError as error:
        if LOCKS not in str(error):
            raise
    feed.again()
    # Nothing of it stayed. What is committed now need not last: the scratch database is dropped if this fails.
    gate = ApartFilter(owners=options.owners, server_major=server_major)
    return await run(gate, {**env, "PGOPTIONS": f"{env['PGOPTIONS']} -c synchronous_commit=off"})


def _refuse(gate: DumpFilter, endpoint: Endpoint) -> None:
    if gate.refused:
        raise RefusedError(f"the dump may not be loaded into {endpoint.label}: {gate.refused[0]}")


async def _archive(
    tools: Tools, env: dict[str, str], endpoint: Endpoint, source: DumpSource, feed: _Feed, options: LoadOptions
) -> tuple[str, ...]:
    argv = [
        tools.path("pg_restore"),
        "--exit-on-error",
        "--verbose",
        "--no-password",
        "--no-subscriptions",
        f"--dbname={_conninfo(endpoint.database)}",
        *([] if options.owners else ["--no-owner", "--no-privileges"]),
    ]
    for table in options.tables:
        schema, _, name = table.partition(".")
        argv += [f"--schema={schema}", f"--table={name}"]
    if source.path is not None:
        lines = await listing(tools, source.path)
        feed.tables = sum(1 for line in lines if " TABLE DATA " in line)
        jobs = max(options.jobs, 1)
        try:
            for how in _runs(jobs, lines):
                await _run([*argv, *how, str(source.path)], env, endpoint, feed)
        except VezaError as error:
            if LOCKS not in str(error) or jobs > 1:
                raise
            feed.again()  # nothing of it stayed; several jobs mean a transaction for each table
            for how in _runs(2, lines):
                await _run([*argv, *how, str(source.path)], env, endpoint, feed)
    else:

        def blocks(opened: Iterator[bytes]) -> Iterator[bytes]:
            for block in opened:
                yield block
                feed.done += len(block)

        await _fed([*argv, "--single-transaction"], env, endpoint, source, blocks, feed)
    return () if options.owners else ("left out: owners and grants",)


def _runs(jobs: int, lines: Sequence[str]) -> list[list[str]]:
    """The arguments of each run of pg_restore.

    With several jobs it may make a partitioned table's triggers and keys before all partitions have their rows, for it
    waits only for the rows of the table itself, which has none: then the rows first, and the rest when they are there.
    """
    if jobs == 1:
        return [["--single-transaction"]]
    how = [f"--jobs={jobs}"]
    if any(" TABLE ATTACH " in line for line in lines):
        return [[*how, "--section=pre-data", "--section=data"], [*how, "--section=post-data"]]
    return [how]


async def _run(argv: list[str], env: dict[str, str], endpoint: Endpoint, feed: _Feed) -> None:
    program = await Program.start(argv, env, on_line=feed.line)
    try:
        await _ended(program, endpoint, feed)
    finally:
        await program.end()


async def _ended(program: Program, endpoint: Endpoint, feed: _Feed) -> None:
    if await _watched(asyncio.create_task(program.wait()), feed):
        raise program.failure(endpoint.label)


async def _watched(task: asyncio.Task[_T], feed: _Feed) -> _T:
    """Its result; how far the load is, is told meanwhile."""
    while not task.done():
        await asyncio.wait({task}, timeout=_TICK)
        feed.tell()
    return task.result()


async def _fed(
    argv: list[str],
    env: dict[str, str],
    endpoint: Endpoint,
    source: DumpSource,
    blocks: Callable[[Iterator[bytes]], Iterator[bytes]],
    feed: _Feed,
) -> None:
    """Run a program with the dump on its stdin. It never sees a clean end of input unless everything was passed."""
    read_end, write_end = pipe()
    try:
        program = await Program.start(argv, env, stdin=read_end, on_line=feed.line)
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    problem: list[BaseException] = []

    def push() -> None:
        try:
            with source.open() as opened:
                for block in blocks(opened):
                    view = memoryview(block)
                    while view:
                        view = view[os.write(write_end, view) :]
        except BrokenPipeError:
            pass  # the program ended first, and says why itself
        except BaseException as error:
            problem.append(error)

    pushing = asyncio.create_task(in_thread("load", push))
    try:
        await _watched(pushing, feed)
        if problem:
            # Ended before its input ends: psql would commit at the end of a script that was cut short.
            await program.end()
            raise (
                problem[0] if isinstance(problem[0], VezaError) else VezaError(f"the dump cannot be read: {problem[0]}")
            )
        os.close(write_end)
        write_end = -1
        await _ended(program, endpoint, feed)
    finally:
        await program.end()
        with contextlib.suppress(BaseException):
            await asyncio.shield(pushing)
        if write_end >= 0:
            os.close(write_end)


def scan_plain(source: DumpSource) -> ScanReport:
    """Read a plain dump through; blocks."""
    gate = DumpFilter()
    with source.open() as blocks:
        for block in blocks:
            gate.feed(block)
            if len(gate.refused) >= 20:
                break
    gate.finish()
    return gate.report()


def _knows_restrict(tools: Tools) -> bool:
    minor = tools.version.partition(".")[2]
    first = _RESTRICT.get(tools.major)
    return tools.major >= 18 or (first is not None and minor.isdigit() and int(minor) >= first)


def _conninfo(database: str) -> str:
    # A database's name is text: as conninfo, so that one with = in it is no connection string.
    escaped = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{escaped}'"
