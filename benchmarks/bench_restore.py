"""The outage of a restore and of its undo, seen by clients that write: ``python -m benchmarks.bench_restore``.

Real parts: PostgreSQL, the detached runner, every step. The outage of a client is from its first refused write to its
first accepted one; the worst client counts.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.postgres import postgres, settle

BUDGET = 2.0
"""Seconds, at any size."""
CLIENTS = 4
_ROW = 105  # bytes of a row's COPY line


class Client(threading.Thread):
    """Writes a row and commits, again and again; connects anew when it is thrown out, as a service's pool does."""

    def __init__(self, dsn: str) -> None:
        super().__init__(daemon=True)
        self._dsn = dsn
        self.ending = threading.Event()
        self.outages: list[float] = []
        self.writes = 0
        self.slowest = 0.0

    def run(self) -> None:
        """Until ``ending`` is set."""
        import psycopg

        connection: Any = None
        refused: float | None = None
        while not self.ending.is_set():
            began = time.monotonic()
            try:
                if connection is None:
                    connection = psycopg.connect(self._dsn, autocommit=True)
                connection.execute("INSERT INTO written (at) VALUES (clock_timestamp())")
                now = time.monotonic()
                self.writes += 1
                # A connection that hangs is an outage as much as one that is refused.
                self.slowest = max(self.slowest, now - began)
                if refused is not None:
                    self.outages.append(now - refused)
                    refused = None
            except psycopg.Error:
                refused = began if refused is None else refused
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(0.002)
            time.sleep(0.005)
        if connection is not None:
            connection.close()


class Writing:
    """Clients that write for the length of the block; ``worst`` afterwards."""

    def __init__(self, dsn: str) -> None:
        self._clients = [Client(dsn) for _ in range(CLIENTS)]

    def __enter__(self) -> Writing:
        for client in self._clients:
            client.start()
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.5)
        for client in self._clients:
            client.ending.set()
        for client in self._clients:
            client.join(30)

    @property
    def worst(self) -> float:
        """Seconds of the longest outage that any client saw."""
        return max(max([c.slowest, *c.outages]) for c in self._clients)

    @property
    def writes(self) -> int:
        """Accepted ones."""
        return sum(c.writes for c in self._clients)


def _fill(server: Any, database: str, user: str, megabytes: float) -> None:
    rows = int(megabytes * 1_000_000 / _ROW)
    server.admin(
        f"SET ROLE {user}; CREATE TABLE messages (id bigserial PRIMARY KEY, room int, body text, at timestamptz);"
        f"CREATE TABLE written (id bigserial PRIMARY KEY, at timestamptz);"
        f"INSERT INTO messages (room, body, at) SELECT i % 977, md5(i::text) || md5((i + 1)::text), now()"
        f" FROM generate_series(1, {rows}) i",
        database,
    )
    settle(server, database)


def _workspace(top: Path, server: Any, database: str, user: str) -> Path:
    from veza_tui.workspace.init import make_workspace

    workspace = top / "workspace"
    make_workspace(workspace)
    file = workspace / "environments" / "staging.yaml"
    text = file.read_text().replace("staging-db.veza.com", server.host).replace("port: 5432", f"port: {server.port}")
    file.write_text(text.replace('name: "veza_staging"', f'name: "{database}"'))
    secrets = workspace / "secrets" / "staging.env"
    secrets.write_text(f'DB_PASSWORD="{server.passwords[user]}"\nREDIS_PASSWORD=x\n')
    secrets.chmod(0o600)
    return workspace


async def _ended(service: Any, operation: str) -> Any:
    status = service.show(operation)
    async for seen in service.watch(operation):
        status = seen
    if str(status.state) != "done":
        raise RuntimeError(f"{status.title}: {status.state}: {status.reason}")
    return status


async def _measure(service: Any, server: Any, database: str, user: str, say: Any) -> bool:
    from veza_tui.operations.backup.catalogue import Catalogue
    from veza_tui.operations.backup.plan import BackupRequest, backup_planner
    from veza_tui.operations.restore.plan import restore_planner, undo_plan
    from veza_tui.operations.restore.request import RestoreRequest

    async def run(planner: Any) -> Any:
        preview = await service.plan("staging", planner, without_cluster=True)
        return await _ended(service, await service.start(preview, confirmed="benchmark"))

    await run(backup_planner(BackupRequest()))
    storage = service.world.service(service.world.environment("staging"), "storage")
    backup = Catalogue(storage).records("staging")[0]
    server.admin("DELETE FROM messages WHERE id % 2 = 0", database)
    good = True
    for what, planner in (("restore", restore_planner(RestoreRequest(backup.name))), ("undo", undo_plan)):
        began = time.monotonic()
        with Writing(server.dsn(database, user)) as writing:
            status = await run(planner)
        swap = next(s for s in status.steps if s.id == "swap")
        good &= writing.worst < BUDGET
        say(
            f"  {what:<8} {backup.size / 1e6:8.1f} MB dump  outage {writing.worst:6.3f} s"
            f"  budget {BUDGET} s  {'pass' if writing.worst < BUDGET else 'FAIL'}"
            f"   swap step {(swap.ended or 0) - (swap.started or 0):.2f} s, whole run {time.monotonic() - began:.1f} s,"
            f" {writing.writes:,} writes of {CLIENTS} clients"
        )
    return good


def main(argv: list[str] | None = None) -> int:
    """Measure at 1 MB and at ``--megabytes``; exit 1 above the budget with --strict."""
    from veza_tui import wiring
    from veza_tui.operations.service import OperationsService

    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_restore")
    parser.add_argument("--megabytes", type=float, default=1000, help="the large database's dump (5000 for 5 GB)")
    parser.add_argument("--strict", action="store_true")
    options = parser.parse_args(argv)
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; clients write before, during and after")
    good, user = True, "veza_staging"
    with postgres() as (top, server):
        server.admin(f"ALTER ROLE {user} CREATEDB")
        server.admin("ALTER SYSTEM SET max_wal_size = '4GB'")
        server.admin("SELECT pg_reload_conf()")
        for number, size in enumerate((1.0, options.megabytes)):
            database = f"bench_{number}"
            server.admin(f"CREATE DATABASE {database} OWNER {user}")
            _fill(server, database, user, size)
            place = top / f"at{number}"
            place.mkdir()
            world = wiring.open_world(_workspace(place, server, database, user), read_only=False)
            os.environ["XDG_STATE_HOME"] = str(place / "state")
            service = OperationsService(world, wiring.runners())
            good &= asyncio.run(_measure(service, server, database, user, lambda t: print(t, flush=True)))
    return 1 if not good and options.strict else 0


if __name__ == "__main__":
    raise SystemExit(main())
