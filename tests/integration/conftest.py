"""Real parts shared by all integration tests: one of each a worker, started at first use, gone at the end."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from veza_tui.embedded.platform.postgres import Postgres
from veza_tui.embedded.platform.valkey import Valkey

T = TypeVar("T")
PASSWORDS = {"veza_dev": "dev_password", "veza_staging": "staging-pw-%1", "veza_production": "production-pw-'2"}


class LoopThread:
    """An event loop in a thread that lives as long as the session: children started in it die with it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name="test-servers", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, T], timeout: float = 60) -> T:
        """Run a coroutine there and wait."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(timeout)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture(scope="session")
def server_loop() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()


@dataclass
class PostgresServer:
    """A real PostgreSQL: databases veza_dev, veza_staging, veza_production, owned by users of the same names."""

    server: Postgres
    loop: LoopThread

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def passwords(self) -> dict[str, str]:
        return {**self.server.passwords, "postgres": self.server.admin_password}

    @property
    def tls(self) -> bool:
        return self.server.tls

    @property
    def pid(self) -> int:
        return self.server.pid

    def dsn(self, database: str = "veza_production", user: str | None = None) -> str:
        """A libpq connection string over TCP; the user is the database's owner unless given."""
        from psycopg.conninfo import make_conninfo

        name = user or (database if database in self.passwords else "postgres")
        return make_conninfo(
            host=self.host, port=self.port, dbname=database, user=name, password=self.passwords[name], connect_timeout=5
        )

    def admin(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run SQL as the superuser; rows of the last statement, if it has any."""
        import psycopg

        with psycopg.connect(self.dsn(database, "postgres"), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def stop(self, *, immediate: bool = False) -> None:
        """Stop it (``immediate``: as if it had crashed); ``start`` brings it back on the same port."""
        self.loop.call(self.server.stop(immediate=immediate))

    def start(self) -> None:
        self.loop.call(self.server.start())


@dataclass
class CacheServer:
    """A real Valkey with a password."""

    server: Valkey
    loop: LoopThread

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def password(self) -> str:
        return self.server.password

    def stop(self) -> None:
        self.loop.call(self.server.stop())

    def start(self) -> None:
        self.loop.call(self.server.start())


@pytest.fixture(scope="session")
def short_directory() -> Iterator[Path]:
    """A private directory with a path short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="vz-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture(scope="session")
def postgres_server(server_loop: LoopThread, short_directory: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of one's own with 6,000 messages in production (2 s the first time on a machine, then 0.6 s)."""
    state, run = short_directory / "st", short_directory / "run"
    state.mkdir()
    run.mkdir(exist_ok=True)
    server = PostgresServer(Postgres(state, run, PASSWORDS, short_directory / "pg", rows=6_000), server_loop)
    server.start()
    yield server
    server_loop.call(server.server.close())


@pytest.fixture(scope="session")
def cache_server(server_loop: LoopThread, short_directory: Path) -> Iterator[CacheServer]:
    run = short_directory / "run"
    run.mkdir(exist_ok=True)
    server = CacheServer(Valkey("test", run, "cache-pw"), server_loop)
    server.start()
    yield server
    server.stop()
