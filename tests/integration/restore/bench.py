"""One environment on a server of its own, whose operations run in processes that may be made to die."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.integration.conftest import PASSWORDS, LoopThread, PostgresServer
from tests.integration.restore.killing import Fault, ForkRunners, Line
from veza_tui import wiring
from veza_tui.embedded.platform.postgres import Postgres
from veza_tui.model.errors import VezaError
from veza_tui.operations.backup.plan import BackupRequest, backup_planner
from veza_tui.operations.restore.plan import restore_planner
from veza_tui.operations.restore.request import RestoreRequest
from veza_tui.operations.service import OperationsService
from veza_tui.workspace.init import make_workspace

LIVE, USER = "kill_live", "veza_staging"
TABLES = """
CREATE TABLE users (id serial PRIMARY KEY, name text);
CREATE TABLE messages (id serial PRIMARY KEY, author int REFERENCES users, body text);
INSERT INTO users (name) SELECT 'user ' || g FROM generate_series(1, 20) g;
INSERT INTO messages (author, body) SELECT 1 + g % 20, 'hello ' || g FROM generate_series(1, 300) g;
"""
STATE = "SELECT count(*), count(*) FILTER (WHERE body LIKE 'hello %'), (SELECT count(*) FROM users) FROM messages"
NEW, OLD = (300, 300, 20), (150, 0, 20)


@dataclass
class Bench:
    """One environment on a server of its own, its operations run in processes that can die."""

    server: PostgresServer
    line: Line
    service: OperationsService
    runners: ForkRunners
    backup: str = ""

    def sql(self, text: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        return self.server.admin(text, database)

    def live(self) -> tuple[Any, ...]:
        """What a client of the live database sees at this moment; waits while the server itself is starting."""
        deadline = time.monotonic() + 20
        while True:
            try:
                with psycopg.connect(self.server.dsn(LIVE, USER), autocommit=True) as client:
                    row = client.execute(STATE).fetchone()
                    assert row is not None
                    return row
            except psycopg.OperationalError as error:
                text = str(error)
                # A name that is not there, or a database that is closed, is what must never be seen.
                assert "does not exist" not in text and "not currently accepting" not in text, text
                assert time.monotonic() < deadline, text
                time.sleep(0.02)

    def reset(self) -> None:
        """Corrupt, and nothing left of earlier restores."""
        self.line.mend()
        for (name,) in self.sql(f"SELECT datname FROM pg_database WHERE datname LIKE '{LIVE}\\_%'"):
            self.sql(f'DROP DATABASE "{name}" WITH (FORCE)')
        self.sql("TRUNCATE messages RESTART IDENTITY; INSERT INTO messages (author, body)"
                 " SELECT 1 + g % 20, 'CORRUPT' FROM generate_series(1, 150) g", LIVE)  # fmt: skip

    def names(self) -> set[str]:
        rows = self.sql(f"SELECT datname FROM pg_database WHERE datname LIKE '{LIVE}%' ORDER BY 1")
        return {re.sub(r"\d{8}_\d{6}", "T", name).removeprefix(LIVE) for (name,) in rows}

    async def restore(self, fault: Fault | None = None) -> Any:
        """Plan, start, and what is known of it after the runner has ended or died."""
        # The safety backup costs a third of a run: it is made where it is what the fault meets.
        safety = fault is None or isinstance(fault.at, float) or fault.at.endswith("safety")
        request = RestoreRequest(self.backup, safety=safety)
        preview = await self.service.plan("staging", restore_planner(request), without_cluster=True)
        self.runners.fault = fault
        # A server that dies may fail it before it has begun.
        with contextlib.suppress(VezaError):
            await self.service.start(preview, confirmed="test")
        return self.service.history()[0]


@contextlib.contextmanager
def open_bench(directory: Path) -> Iterator[Bench]:
    """Everything up, and one good backup made."""
    thread = LoopThread()
    top = directory / "kill"
    top.mkdir()
    (top / "st").mkdir()
    (top / "run").mkdir()
    server = PostgresServer(Postgres(top / "st", top / "run", PASSWORDS, top / "pg", rows=6_000), thread)
    server.start()
    # What is killed here is processes, not the machine.
    server.admin("ALTER SYSTEM SET fsync = off")
    server.admin("SELECT pg_reload_conf()")
    line = Line(thread, server.host, server.port)
    try:
        server.admin(f"ALTER ROLE {USER} CREATEDB")
        server.admin(f"CREATE DATABASE {LIVE} OWNER {USER}")
        server.admin(f"SET ROLE {USER}; {TABLES}", LIVE)
        workspace = top / "ws"
        make_workspace(workspace)
        file = workspace / "environments" / "staging.yaml"
        text = (
            file.read_text().replace('"staging-db.veza.com"', '"127.0.0.1"').replace('"veza_staging"', f'"{LIVE}"', 1)
        )
        file.write_text(text.replace("port: 5432", f"port: {line.port}"))
        secrets = workspace / "secrets" / "staging.env"
        secrets.write_text(f"DB_PASSWORD={PASSWORDS[USER]!r}\nREDIS_PASSWORD=x\n".replace("'", '"'))
        secrets.chmod(0o600)
        world = wiring.open_world(workspace, read_only=False)

        def strike(fault: Fault) -> None:
            if fault.what == "server":
                os.kill(server.pid, signal.SIGKILL)
            else:
                line.cut(down=fault.what == "down")

        runners = ForkRunners(top / "state", strike)
        found = Bench(server, line, OperationsService(world, runners, state=top / "state"), runners)

        async def first() -> None:
            preview = await found.service.plan("staging", backup_planner(BackupRequest()), without_cluster=True)
            await found.service.start(preview, confirmed="test")

        asyncio.run(first())
        (record,) = (world.service(world.environment("staging"), "storage")).list()
        found.backup = record.name
        yield found
    finally:
        line.close()
        thread.call(server.server.close())
        thread.close()
