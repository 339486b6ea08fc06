"""Whatever dies, and whenever: the live database is whole old or whole new, and resume and undo work from there."""

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
import pytest

from tests.integration.conftest import PASSWORDS, LoopThread, PostgresServer
from tests.integration.restore.killing import Fault, ForkRunners, Line
from veza_tui import wiring
from veza_tui.embedded.platform.postgres import Postgres
from veza_tui.model.errors import VezaError
from veza_tui.model.journal import OperationState
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.plan import BackupRequest, backup_planner
from veza_tui.operations.restore.plan import restore_planner, undo_plan
from veza_tui.operations.restore.request import RestoreRequest
from veza_tui.operations.service import OperationsService
from veza_tui.workspace.init import make_workspace

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

LIVE, USER = "kill_live", "veza_staging"
TABLES = """
CREATE TABLE users (id serial PRIMARY KEY, name text);
CREATE TABLE messages (id serial PRIMARY KEY, author int REFERENCES users, body text);
INSERT INTO users (name) SELECT 'user ' || g FROM generate_series(1, 20) g;
INSERT INTO messages (author, body) SELECT 1 + g % 20, 'hello ' || g FROM generate_series(1, 300) g;
"""
STATE = "SELECT count(*), count(*) FILTER (WHERE body LIKE 'hello %'), (SELECT count(*) FROM users) FROM messages"
NEW, OLD = (300, 300, 20), (150, 0, 20)

STEPS = [f"restore.{s}" for s in ("integrity", "safety", "scratch", "load", "analyze", "prove", "swap", "keep_cache")]
RUNNER: list[Fault] = [
    *(Fault(f"{when} {step}") for step in STEPS for when in ("before", "after")),
    *(Fault(f"rename {n}") for n in (1, 2, 3, 4)),
    *(Fault(0.02 + 0.07 * n) for n in range(10)),
]
SERVER = [
    *(Fault(f"before restore.{s}", "server") for s in ("safety", "load", "swap")),
    *(Fault(f"rename {n}", "server") for n in (1, 4)),
    Fault("after restore.swap", "server"),
    *(Fault(0.15 + 0.25 * n, "server") for n in range(2)),
]
LINE = [
    *(Fault(f"before restore.{s}", "cut") for s in ("prove", "swap")),
    *(Fault(f"rename {n}", what) for n in (1, 2, 4) for what in ("cut", "down")),
    Fault("after restore.swap", "down"),
    *(Fault(0.1 + 0.2 * n, "cut") for n in range(3)),
]


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


@pytest.fixture(scope="module")
def bench(short_directory: Path) -> Iterator[Bench]:
    thread = LoopThread()
    top = short_directory / "kill"
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


def revive(bench: Bench, fault: Fault) -> None:
    """Bring back what died."""
    bench.line.mend()
    if fault.what == "server" and bench.runners.struck:
        deadline = time.monotonic() + 20
        bench.server.loop.call(bench.server.server.stop())
        while True:
            # The old backends let go of the shared memory in a moment.
            try:
                bench.server.start()
                return
            except VezaError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


async def strike_and_go_on(bench: Bench, fault: Fault, index: int) -> None:
    bench.reset()
    status = await bench.restore(fault)
    struck = bench.runners.struck
    if fault.what != "server":
        assert bench.live() in (OLD, NEW), fault
    revive(bench, fault)
    assert bench.live() in (OLD, NEW), fault
    assert struck or isinstance(fault.at, float), f"{fault} never happened"
    status = bench.service.show(status.id)
    if status.state is OperationState.DONE:
        assert bench.live() == NEW
        preview = await bench.service.plan("staging", undo_plan, without_cluster=True)
        await bench.service.start(preview, confirmed="test")
        assert bench.live() == OLD and bench.names() == {"", "_undone_T"}, fault
        return
    if status.state is OperationState.ROLLED_BACK:
        assert bench.live() == OLD and bench.names() == {""}, fault
        return
    assert status.state in (OperationState.INTERRUPTED, OperationState.FAILED), (fault, status.state, status.reason)
    if index % 2 or status.state is OperationState.FAILED:
        await bench.service.undo(status.id)
        status = bench.service.show(status.id)
        assert status.state is OperationState.ROLLED_BACK, (fault, status.reason)
        assert bench.live() == OLD and bench.names() == {""}, fault
    else:
        await bench.service.resume(status.id)
        status = bench.service.show(status.id)
        assert status.state is OperationState.DONE, (fault, status.reason)
        assert bench.live() == NEW and bench.names() == {"", "_before_T"}, fault
    environment = bench.service.world.environment("staging")
    records = Catalogue(bench.service.world.service(environment, "storage")).records("staging")
    made = [r.name for r in records if r.manifest is not None and status.id in r.manifest.reason]
    assert len(made) <= 1, "the safety backup was made twice"


@pytest.mark.parametrize(("index", "fault"), list(enumerate(RUNNER)), ids=str)
async def test_the_runner_is_killed(bench: Bench, fault: Fault, index: int) -> None:
    await strike_and_go_on(bench, fault, index)


@pytest.mark.parametrize(("index", "fault"), list(enumerate(SERVER)), ids=str)
async def test_the_server_is_killed(bench: Bench, fault: Fault, index: int) -> None:
    await strike_and_go_on(bench, fault, index)


@pytest.mark.parametrize(("index", "fault"), list(enumerate(LINE)), ids=str)
async def test_the_connections_are_cut(bench: Bench, fault: Fault, index: int) -> None:
    await strike_and_go_on(bench, fault, index)
