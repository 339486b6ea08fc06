"""A real PostgreSQL for the demo: loopback TCP with SCRAM (and TLS where the wheel and ``openssl`` allow it).

Each environment has a database owned by its user. That user may ``CREATEDB`` and signal other sessions
(``pg_signal_backend``): a restore makes a scratch database, terminates sessions and renames, and needs no superuser.
``CONNECT`` is revoked from PUBLIC: one environment's user cannot read another's database.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import secrets
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.platform import binaries, data, template, tls
from veza_tui.embedded.platform.process import end, spawn
from veza_tui.embedded.platform.sockets import free_port
from veza_tui.model.errors import VezaError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

DEFAULT_ROWS = 120_000
START_SECONDS = 30.0

_SETTINGS = {
    "max_connections": "100",
    "shared_buffers": "24MB",
    "min_wal_size": "2MB",
    "max_wal_size": "256MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "jit": "off",
    # Neither leaves anything in /dev/shm when the server is killed.
    "dynamic_shared_memory_type": "mmap",
    "max_parallel_workers_per_gather": "0",
    "timezone": "GMT",
    "log_timezone": "GMT",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    # Fewer wake-ups while idle.
    "autovacuum_naptime": "5min",
    "bgwriter_delay": "10s",
    "wal_writer_delay": "10s",
}


@dataclass
class Postgres:
    """The server. ``directory`` keeps its data, ``run`` (private, a short path) its socket, log and certificate.

    ``beside`` is used where only ``nobody`` can run it: a path whose parents anybody may enter. ``keep``: the data
    must outlive it.
    """

    directory: Path
    run: Path
    passwords: Mapping[str, str] = field(repr=False)
    """Role -> password, for the owners in ``data.SHARES``."""
    beside: Path
    rows: int = DEFAULT_ROWS
    keep: bool = False
    host: str = "127.0.0.1"
    port: int = 0
    tls: bool = False
    from_template: bool = False
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    _found: binaries.Binaries | None = None
    _home: Path | None = None
    _child: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._child is not None and self._child.returncode is None

    @property
    def pid(self) -> int:
        """The server's process id, 0 when it does not run."""
        return self._child.pid if self._child and self._child.returncode is None else 0

    @property
    def binaries(self) -> binaries.Binaries:
        """What it runs."""
        assert self._found is not None
        return self._found

    async def start(self) -> None:
        """Make or copy the data, start the server, set the passwords. The port is the same at every later start.

        Raises:
            VezaError: it does not come up; the message carries the server's own last line.
        """
        if self.running:
            return
        if self._found is None:
            driver = asyncio.create_task(asyncio.to_thread(importlib.import_module, "psycopg"))
            await self._prepare()
            await driver
        assert self._home is not None
        directory = self._home / "data"
        for attempt in range(10):
            first = self.port == 0
            port = self.port or free_port()
            options = {"port": str(port), "listen_addresses": self.host} | self._tls_options()
            try:
                await self._launch(directory, options)
            except PortTaken:
                if not first or attempt == 9:
                    raise
                continue
            self.port = port
            break
        await self._set_passwords()

    async def stop(self, *, immediate: bool = False) -> None:
        """A fast shutdown (sessions are cut), or an immediate one as if it had crashed."""
        if self._child is not None:
            await end(self._child, signal.SIGQUIT if immediate else signal.SIGINT, patience=10)
            self._child = None

    async def close(self) -> None:
        """Stop it for good."""
        await self.stop()
        if self._home is not None and self._home.parent == self.beside:
            if self.keep:  # bring home what nobody's server wrote
                kept = self.directory / "postgres"
                await asyncio.to_thread(shutil.rmtree, kept, True)
                kept.mkdir(mode=0o700)
                with contextlib.suppress(OSError):
                    await template.copy(self._home / "data", kept / "data")
            await asyncio.to_thread(shutil.rmtree, self.beside, True)

    async def connect(self, database: str = "postgres", *, user: str = "postgres") -> AsyncConnection[tuple[Any, ...]]:
        """A connection over the private socket, as any role, autocommit."""
        from psycopg import AsyncConnection

        return await AsyncConnection.connect(
            host=str(self._socket()), port=self.port or 5432, user=user, dbname=database, autocommit=True
        )

    async def replenish(self) -> None:
        """Prepare the data directory of the next start."""
        await template.replenish(self._template_name())

    def _template_name(self) -> str:
        return template.key(self.binaries, self.rows, data.script())

    async def freshen(self) -> None:
        """Messages of the last hours."""
        await data.freshen(self.connect)

    async def reseed(self, database: str) -> None:
        """Drop everything in a database and fill it anew, in one transaction."""
        await data.reseed(self.connect, database, self.rows)

    # -- preparing ----------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        self._found = await binaries.find(self.beside)
        nobody = self._found.mode == "nobody"
        if nobody:
            self.beside.mkdir(exist_ok=True)
            self.beside.chmod(0o711)
        self._home = (self.beside if nobody else self.directory) / "postgres"
        self._home.mkdir(mode=0o700, exist_ok=True)
        self._own(self._home)
        self._socket().mkdir(mode=0o700, exist_ok=True)
        self._own(self._socket())
        kept = self.directory / "postgres" / "data"
        if (self._home / "data").exists():
            self.from_template = True
        elif kept.exists():
            await template.copy(kept, self._home / "data")
            self.from_template = True
        else:
            self.from_template = await template.provide(self._home / "data", self._template_name(), self._build)
        if self._found.tls:
            self.tls = (self._home / "server.key").exists() or await tls.certificate(self._home)
            if self.tls:
                self._own(self._home / "server.key", self._home / "server.crt")

    async def _build(self, directory: Path) -> None:
        assert self._found is not None
        await template.initdb(self._found, directory)
        with (directory / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in _SETTINGS.items())
        unsafe = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
        wal = {"max_wal_size": "4GB", "wal_recycle": "off"}
        private = {"listen_addresses": "", "port": "5432", "maintenance_work_mem": "128MB"}
        await self._launch(directory, unsafe | wal | private)
        try:
            await data.create(self.connect, self.rows)
        finally:
            await self.stop()

    # -- the process --------------------------------------------------------------------------------------------------

    async def _launch(self, directory: Path, options: Mapping[str, str]) -> None:
        assert self._found is not None
        argv = [self._found.postgres, "-D", str(directory)]
        for name, value in {**options, "unix_socket_directories": str(self._socket())}.items():
            argv += ["-c", f"{name}={value}"]
        log = self.run / "postgres.log"
        offset = log.stat().st_size if log.exists() else 0
        (directory / "postmaster.pid").unlink(missing_ok=True)  # a killed demo's; nobody else uses this directory
        child = await spawn(argv, log=log, mode=self._found.mode, death_signal=signal.SIGQUIT)
        try:
            async with asyncio.timeout(START_SECONDS):
                while not _ready(directory):
                    if child.returncode is not None:
                        raise _failure(log, offset)
                    await asyncio.sleep(0.01)
        except TimeoutError:
            await end(child, signal.SIGKILL)
            raise VezaError(f"PostgreSQL was not ready within {START_SECONDS:.0f} s", hint=f"see {log}") from None
        except BaseException:
            await end(child, signal.SIGKILL)
            raise
        self._child = child

    async def _set_passwords(self) -> None:
        async with await self.connect() as admin:
            for role, password in {**self.passwords, "postgres": self.admin_password}.items():
                # Hashed on this side, so that no password reaches the server's log.
                verifier = admin.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
                await admin.execute(f"ALTER ROLE {role} PASSWORD '{verifier}'".encode())

    def _socket(self) -> Path:
        """The socket's directory: beside the data for ``nobody``, who cannot enter ``run``."""
        assert self._home is not None
        return self._home / "s" if self._found and self._found.mode == "nobody" else self.run / "pg"

    def _tls_options(self) -> dict[str, str]:
        if not self.tls:
            return {}
        assert self._home is not None
        return {
            "ssl": "on",
            "ssl_cert_file": str(self._home / "server.crt"),
            "ssl_key_file": str(self._home / "server.key"),
        }

    def _own(self, *paths: Path) -> None:
        if self._found is not None and self._found.mode == "nobody":
            for path in paths:
                os.chown(path, binaries.NOBODY, binaries.NOBODY)


class PortTaken(VezaError):
    """Another process was quicker to bind the port."""


def _ready(directory: Path) -> bool:
    """Whether the server wrote ``ready`` into the 8th line of postmaster.pid (miscadmin.h, as pg_ctl waits for it)."""
    try:
        lines = (directory / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    return len(lines) >= 8 and lines[7].strip() == "ready"


def _failure(log: Path, offset: int) -> VezaError:
    with log.open("rb") as file:
        file.seek(offset)
        lines = file.read().decode(errors="replace").strip().splitlines()
    text = next((line for line in reversed(lines) if "FATAL" in line), lines[-1] if lines else "no message")
    if any("Address already in use" in line for line in lines):
        return PortTaken("PostgreSQL's port was taken by another process", hint="start it again")
    return VezaError(f"PostgreSQL did not start: {text}")
