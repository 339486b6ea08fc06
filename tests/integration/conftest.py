"""Real parts shared by all integration tests: one of each a worker, started at first use, gone at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

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


S = TypeVar("S", Postgres, Valkey)


@dataclass
class RealServer(Generic[S]):
    """A real server, started and stopped in the loop's thread."""

    server: S
    loop: LoopThread

    @property
    def host(self) -> str:
        return self.server.host

    @property
    def port(self) -> int:
        return self.server.port

    def start(self) -> None:
        self.loop.call(self.server.start())


class PostgresServer(RealServer[Postgres]):
    """A real PostgreSQL: databases veza_dev, veza_staging, veza_production, owned by users of the same names."""

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


class CacheServer(RealServer[Valkey]):
    """A real Valkey with a password."""

    @property
    def password(self) -> str:
        return self.server.password

    def stop(self) -> None:
        self.loop.call(self.server.stop())


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


class ControlError(RuntimeError):
    """The demo's control socket answered with an error."""


class Control:
    """A client of the demo's control socket; the protocol stands in ``veza_tui/embedded/platform/control.py``."""

    def __init__(self, path: str) -> None:
        self.path = path

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """One request and its answer."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(60)
            connection.connect(self.path)
            connection.sendall(json.dumps({"do": do, **request}).encode() + b"\n")
            with connection.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline())
        if not answer.pop("ok"):
            raise ControlError(answer["error"])
        return answer

    @contextlib.contextmanager
    def incident(self, name: str) -> Iterator[None]:
        """An incident for the time of the block."""
        self.ask("start", incident=name)
        try:
            yield
        finally:
            self.ask("stop", incident=name)


@dataclass
class DemoPlatform:
    """A headless demo in a process of its own: the CLI's subject in tests."""

    ready: dict[str, Any]
    """The line of JSON it printed."""
    process: subprocess.Popen[bytes]
    control: Control
    _copies: Path
    _made: int = field(default=0)

    @property
    def kubeconfig(self) -> Path:
        return Path(self.ready["kubeconfig"])

    @property
    def workspace(self) -> Path:
        """The demo's own workspace: read it; to write, take a ``workspace_copy``."""
        return Path(self.ready["workspace"])

    @property
    def environment(self) -> dict[str, str]:
        """Variables for ``veza-tui`` as a child process, with a state directory of its own."""
        self._made += 1
        return {**os.environ, **self.ready["environment"], "XDG_STATE_HOME": str(self._copies / f"state{self._made}")}

    def workspace_copy(self) -> Path:
        """A private copy of the workspace, secrets included, without git and backups."""
        self._made += 1
        target = self._copies / f"workspace{self._made}"
        shutil.copytree(self.workspace, target, ignore=shutil.ignore_patterns(".git", "backups"))
        (target / "backups").mkdir(mode=0o700)
        return target

    @property
    def info(self) -> dict[str, Any]:
        """admin_password, tokens, pids, server (URL), tls, besides what ``ready`` has."""
        return self.control.ask("info")

    def dsn(self, database: str = "postgres") -> str:
        """A connection string of PostgreSQL's superuser."""
        from psycopg.conninfo import make_conninfo

        at, password = self.ready["postgres"], self.info["admin_password"]
        return make_conninfo(host=at["host"], port=at["port"], dbname=database, user="postgres", password=password)


@contextlib.contextmanager
def headless_demo(*arguments: str, environment: dict[str, str] | None = None) -> Iterator[DemoPlatform]:
    """A demo of one's own. It ends with the block, and with this process however that ends."""
    command = [sys.executable, "-m", "veza_tui", "demo", "--headless", "--with-parent", *arguments]
    with tempfile.TemporaryDirectory(prefix="vz-", ignore_cleanup_errors=True) as directory:
        errors = Path(directory) / "stderr"
        with errors.open("wb") as stderr:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=environment,
                start_new_session=True,
            )
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            line = process.stdout.readline()
            assert line, f"the demo did not start: {errors.read_text(errors='replace')[-2000:]}"
            ready = json.loads(line)
            yield DemoPlatform(ready, process, Control(ready["control"]), Path(directory))
        finally:
            process.stdin.close()
            process.stdout.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="session")
def platform() -> Iterator[DemoPlatform]:
    """One demo a worker, without traffic, Kubernetes' delays a fifth. Leave it as you found it."""
    with headless_demo("--rows", "6000", "--time-scale", "0.2", "--traffic", "0") as demo:
        yield demo


@pytest.fixture
def demo() -> Callable[..., contextlib.AbstractContextManager[DemoPlatform]]:
    """Starts a demo of one's own: ``with demo("--pods", "300") as platform: ...``"""
    return headless_demo
