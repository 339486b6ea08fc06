"""Backups against PostgreSQL's own pg_dump, in the same run: ``python -m benchmarks.bench_backup``."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.postgres import postgres, settle

BUDGET = 1.05
"""Times plain pg_dump of the same format."""
_TABLES = 4


async def _as_is(text: str) -> str:
    return text


def _fill(server: Any, database: str, megabytes: int) -> None:
    rows = megabytes * 1_000_000 // 137 // _TABLES  # bytes of a row's COPY line
    for table in range(_TABLES):
        server.admin(
            f"CREATE TABLE messages_{table} (id bigserial PRIMARY KEY, room int, body text, at timestamptz);"
            f"INSERT INTO messages_{table} (room, body, at) SELECT i % 977, md5(i::text) || md5((i + 1)::text), now()"
            f" FROM generate_series(1, {rows}) i",
            database,
        )
    settle(server, database)


def _plain(dump: str, form: str, compression: str, target: Path, env: dict[str, str]) -> float:
    """pg_dump alone, its output made to last by itself (its default); compression empty: its default too."""
    shutil.rmtree(target, ignore_errors=True)
    target.unlink(missing_ok=True)
    argv = [dump, f"--format={form}", f"--file={target}", "--no-password"]
    argv += [f"--compress={compression}"] if compression else []
    started = time.monotonic()
    subprocess.run(argv, env=env, check=True)
    return time.monotonic() - started


def main(argv: list[str] | None = None) -> int:
    """Measure each format a few times, turn about; print the medians. Exit 1 above the budget with --strict."""
    from veza_tui.adapters.postgres.connection import libpq_environment
    from veza_tui.adapters.postgres.database import PostgresDatabase
    from veza_tui.adapters.postgres.tools import find_tools
    from veza_tui.adapters.process.clock import SystemClock
    from veza_tui.adapters.storage.local import LocalStorage
    from veza_tui.model.environment import Database
    from veza_tui.operations.backup.catalogue import Catalogue
    from veza_tui.operations.backup.make import BackupJob, make_backup
    from veza_tui.operations.backup.verify import verify_backup

    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_backup")
    parser.add_argument("--megabytes", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args(argv)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; numbers want a quiet machine")
    over = False
    with postgres() as (top, server):
        server.admin("CREATE DATABASE veza_bench")
        _fill(server, "veza_bench", options.megabytes)
        settings = Database(server.host, server.port, "veza_bench", "postgres", server.passwords["postgres"])
        database = PostgresDatabase(settings, _as_is)
        storage = LocalStorage(top / "backups")
        dump = find_tools(asyncio.run(database.server()).major).path("pg_dump")
        for form in ("plain", "custom", "directory"):
            whole = ""
            raw: list[float] = []
            same: list[float] = []
            ours: list[float] = []
            # One round more than counted: the first fills the caches.
            for _ in range(options.rounds + 1):
                with libpq_environment(asyncio.run(database.endpoint())) as env:
                    raw.append(_plain(dump, form, "", top / "raw", env))
                    if form != "plain":
                        same.append(_plain(dump, form, "zstd", top / "raw", env))
                job = BackupJob("bench", "bench", format=form)
                started = time.monotonic()
                manifest = asyncio.run(make_backup(job, storage, database, SystemClock(), lambda p: None))
                ours.append(time.monotonic() - started)
                if whole:
                    storage.remove(whole)
                whole = manifest.name
            plain, mine = statistics.median(raw[1:]), statistics.median(ours[1:])
            over |= mine > BUDGET * plain
            print(
                f"  backup {form:<10} {sum(f.size for f in manifest.files) / 1e6:7.0f} MB  pg_dump {plain:6.2f} s"
                f"  ours, with digests {mine:6.2f} s  {mine / plain:.2f} times"
                f"  budget {BUDGET}  {'pass' if mine <= BUDGET * plain else 'FAIL'}",
                flush=True,
            )
            if same:
                told = statistics.median(same[1:])
                print(
                    f"    pg_dump told to compress by zstd too {told:6.2f} s: ours takes {mine / told:.2f} times that"
                )
            started = time.monotonic()
            asyncio.run(
                verify_backup(Catalogue(storage), whole, "bench", database, SystemClock(), "bench", lambda p: None)
            )
            print(f"  verify {form:<10} {time.monotonic() - started:6.2f} s: checksums, load, counts and digests")
            storage.remove(whole)
    return 1 if over and options.strict else 0


if __name__ == "__main__":
    raise SystemExit(main())
