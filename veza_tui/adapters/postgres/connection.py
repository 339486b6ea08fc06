"""Connections to an environment's PostgreSQL: for psycopg, and for libpq's programs by a 0600 passfile."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui.model.errors import ConfigError, RefusedError, UnreachableError, VezaError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CONNECT_TIMEOUT = 10
"""Seconds; libpq's connect_timeout."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and as whom to connect. The password never shows in a repr."""

    host: str
    port: int
    user: str
    database: str
    password: str = field(repr=False)
    ssl_mode: str = "prefer"

    def on(self, database: str) -> Endpoint:
        """The same server and user, another database."""
        return replace(self, database=database)

    @property
    def label(self) -> str:
        """``host:port/database`` for people."""
        return f"{self.host}:{self.port}/{self.database}"


@contextlib.asynccontextmanager
async def connect(endpoint: Endpoint, *, autocommit: bool = True) -> AsyncIterator[AsyncConnection]:
    """A connection, closed at the end.

    Raises:
        UnreachableError: no answer in time.
        RefusedError: the server refused user, password or database.
    """
    import psycopg

    connection: AsyncConnection | None = None
    try:
        connection = await psycopg.AsyncConnection.connect(
            host=endpoint.host,
            port=endpoint.port,
            user=endpoint.user,
            password=endpoint.password or None,
            dbname=endpoint.database,
            sslmode=endpoint.ssl_mode,
            connect_timeout=CONNECT_TIMEOUT,
            application_name="veza-tui",
            # Also where the database is SQL_ASCII: else names would come as bytes.
            client_encoding="utf8",
            autocommit=autocommit,
            # Keepalives find a dead server while a long statement runs.
            keepalives_idle=10,
            keepalives_interval=5,
            keepalives_count=3,
        )
        await connection.execute(_plain_session(connection.info.server_version))
        if not autocommit:
            await connection.commit()
    except BaseException as error:
        # Also when somebody cancels in between: nobody else knows of it yet.
        if connection is not None:
            await connection.close()
        if isinstance(error, psycopg.Error):
            raise explain(error, endpoint) from None
        raise
    try:
        yield connection
    finally:
        with contextlib.suppress(psycopg.Error):
            await connection.close()


# What ALTER ROLE or ALTER DATABASE may have set for the services: it would cut a long count, the lock that is only
# held, or the restore itself (a role made read-only after an accident). With the major version that knows each.
_NEUTRAL = (("statement_timeout", "0", 0), ("lock_timeout", "0", 0), ("idle_in_transaction_session_timeout", "0", 0),
            ("default_transaction_read_only", "off", 0), ("idle_session_timeout", "0", 14),
            ("transaction_timeout", "0", 17))  # fmt: skip


def neutral(major: int) -> list[tuple[str, str]]:
    """Settings of our sessions on a server of this major version, whatever roles and databases say."""
    return [(name, value) for name, value, since in _NEUTRAL if major >= since]


def _plain_session(version: int) -> Any:
    from psycopg import sql

    # As statements, not as a start-up packet's options: a pooler refuses those.
    return sql.SQL("; ").join(
        sql.SQL("SET {} = {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in neutral(version // 10000)
    )


# SQLSTATE classes of a server that is not there, going away, or full of sessions (source: PostgreSQL, Error Codes).
_AWAY = ("08", "57P", "53300")


def explain(error: BaseException, endpoint: Endpoint) -> VezaError:
    """One line for a person; libpq's message never contains the password."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    lowered = text.lower()
    if "password authentication failed" in lowered or "no password supplied" in lowered:
        return RefusedError(
            f"PostgreSQL at {endpoint.label} refused the password of user {endpoint.user}",
            hint="check the environment's DB_PASSWORD",
        )
    if "does not support ssl" in lowered:
        return RefusedError(
            f"PostgreSQL at {endpoint.label} speaks no TLS, and ssl_mode {endpoint.ssl_mode} asks for it:"
            " nothing was sent",
            hint="turn TLS on at the server (ssl = on), or change the environment's ssl_mode",
        )
    if told := _mistrusted(lowered, endpoint):
        return told
    if "does not exist" in lowered or "permission denied" in lowered or "not currently accepting" in lowered:
        return RefusedError(f"PostgreSQL at {endpoint.label}: {text}")
    state = str(getattr(error, "sqlstate", None) or "")
    if state and not state.startswith(_AWAY):
        return VezaError(f"PostgreSQL at {endpoint.label}: {text}")
    return UnreachableError(f"PostgreSQL at {endpoint.label}: {text}")


def _mistrusted(text: str, endpoint: Endpoint) -> VezaError | None:
    """What libpq says of a certificate under ``verify-ca`` and ``verify-full`` (source: fe-secure-openssl.c)."""
    where, mode = f"PostgreSQL at {endpoint.label}", f"ssl_mode {endpoint.ssl_mode}"
    roots = "point PGSSLROOTCERT (or ~/.postgresql/root.crt) at the certificate of the server's authority"
    if "root certificate file" in text:
        return ConfigError(f"{where}: {mode} needs the certificate of an authority, and there is none here", hint=roots)
    if "certificate verify failed" in text:
        return RefusedError(
            f"{where} shows a certificate that no trusted authority signed, or that is out of date ({mode}):"
            " nothing was sent",
            hint=roots,
        )
    if "does not match host name" in text:
        return RefusedError(
            f"{where} shows a certificate of another host ({mode}): nothing was sent",
            hint="write the name in the certificate as data.database.host, or have the certificate made for this one",
        )
    return None


def _prefix() -> str:
    # The host's name too: containers that share a temporary directory do not share process numbers.
    return f"veza-pg-{hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]}-"


def _sweep_passfiles() -> None:
    """A run that was killed could not remove its passfile: the next one does."""
    prefix = _prefix()
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        pid = path.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError):
            if path.lstat().st_uid == os.getuid() and pid.isdigit() and not Path(f"/proc/{pid}").exists():
                shutil.rmtree(path, ignore_errors=True)


_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PGSSLROOTCERT", "PGSSLCRL", "PGSSLCRLDIR", "PGSSLCERT",
         "PGSSLKEY")  # fmt: skip


@contextlib.contextmanager
def libpq_environment(endpoint: Endpoint) -> Iterator[dict[str, str]]:
    """The environment for pg_dump, pg_restore and psql: connection by variables, the password by a 0600 passfile.

    The passfile stands in a private directory and is removed at the end. Its format, with ``\\`` and ``:`` escaped, is
    libpq's (source: PostgreSQL documentation, The Password File).
    """
    _sweep_passfiles()
    with tempfile.TemporaryDirectory(prefix=f"{_prefix()}{os.getpid()}-") as directory:
        passfile = Path(directory) / "pgpass"
        escaped = endpoint.password.replace("\\", "\\\\").replace(":", "\\:")
        descriptor = os.open(passfile, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"*:*:*:*:{escaped}\n")
        # A clean environment: no secret reaches the child, and of the person's PG* variables only what our own
        # connection heeds as well: whom to trust, and who we are.
        kept = {k: v for k, v in os.environ.items() if k in _KEPT}
        yield {
            **kept,
            "PGHOST": endpoint.host,
            "PGPORT": str(endpoint.port),
            "PGUSER": endpoint.user,
            "PGDATABASE": endpoint.database,
            "PGSSLMODE": endpoint.ssl_mode,
            "PGPASSFILE": str(passfile),
            "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT),
            "PGAPPNAME": "veza-tui",
            "PGCLIENTENCODING": "UTF8",
        }
