"""A service's connections to PostgreSQL and Valkey: one each, short timeouts, growing pauses between attempts."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.platform.services.settings import CacheSettings, DatabaseSettings

if TYPE_CHECKING:
    from psycopg import AsyncConnection

TIMEOUT = 2.0
"""Seconds for a connection or a statement."""
FRESH = 1.0
"""For how many seconds a check's result is repeated: probes of many callers cost one query."""
LONGEST_PAUSE = 1.0


class Unavailable(Exception):
    """The backend does not answer; the text is one line."""


@dataclass(frozen=True, slots=True)
class Check:
    """Result of one check, as ``/health`` shows it."""

    ok: bool
    latency: float
    """Seconds."""
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the body of ``/health``."""
        shown: dict[str, Any] = {"status": "ok" if self.ok else "failed", "latency_ms": round(self.latency * 1000, 2)}
        return shown | ({"error": self.error} if self.error else {})


class Backend:
    """What the two have in common: one check at a time, its result kept for FRESH seconds."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._last: tuple[float, Check] | None = None
        self._pause = 0.0
        self._not_before = 0.0
        self._closed = False

    async def check(self) -> Check:
        """Ask whether it answers."""
        async with self._lock:
            if self._last and time.monotonic() - self._last[0] < FRESH:
                return self._last[1]
            start = time.monotonic()
            try:
                await self._reach()
                result = Check(True, time.monotonic() - start)
            except Unavailable as error:
                result = Check(False, time.monotonic() - start, str(error))
            self._last = (time.monotonic(), result)
            return result

    async def _reach(self) -> None:
        """Ping; over a new connection when the one kept since the last question turns out to be broken."""
        kept, start = self._kept, time.monotonic()
        try:
            await self._ping()
        except Unavailable:
            if not kept or time.monotonic() - start > TIMEOUT / 2:
                raise
            self._not_before = 0.0
            await self._ping()

    @property
    def _kept(self) -> bool:
        """Whether there is a connection."""
        raise NotImplementedError

    async def close(self) -> None:
        """Drop the connection, and one that is being made as soon as it is there."""
        self._closed = True
        await self._drop()

    async def _ping(self) -> None:
        raise NotImplementedError

    async def _drop(self) -> None:
        raise NotImplementedError

    def _may_connect(self) -> None:
        if time.monotonic() < self._not_before:
            raise Unavailable("not connected, waiting before the next attempt")

    def _connected(self) -> None:
        self._pause = 0.0

    def _failed(self) -> None:
        self._pause = min(max(0.1, self._pause * 2), LONGEST_PAUSE)
        self._not_before = time.monotonic() + self._pause


class Database(Backend):
    """One connection to PostgreSQL."""

    def __init__(self, settings: DatabaseSettings, application: str) -> None:
        super().__init__()
        self.settings = settings
        self._application = application
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None
        self._busy = asyncio.Lock()
        self._why = ""

    async def query(self, sql: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of one statement.

        Raises:
            Unavailable: no connection, or no answer in time.
        """
        import psycopg

        async with self._busy:
            connection = await self._connect()
            try:
                async with asyncio.timeout(TIMEOUT):
                    cursor = await connection.execute(sql.encode(), arguments)
                    return await cursor.fetchall() if cursor.description else []
            except (psycopg.OperationalError, psycopg.InterfaceError, TimeoutError) as error:
                await self._drop()
                raise Unavailable(self._line(error)) from error

    async def _ping(self) -> None:
        await self.query("SELECT 1")

    @property
    def _kept(self) -> bool:
        return self._connection is not None

    async def _connect(self) -> AsyncConnection[tuple[Any, ...]]:
        import psycopg

        if self._connection is not None and not self._connection.closed:
            return self._connection
        if time.monotonic() < self._not_before and self._why:
            raise Unavailable(self._why)
        s = self.settings
        try:
            async with asyncio.timeout(TIMEOUT):
                connection = await psycopg.AsyncConnection.connect(
                    host=s.host,
                    port=s.port,
                    dbname=s.name,
                    user=s.user,
                    password=s.password,
                    sslmode=s.ssl_mode,
                    application_name=self._application,
                    autocommit=True,
                    prepare_threshold=None,
                )
        except (psycopg.Error, OSError, TimeoutError) as error:
            self._failed()
            self._why = self._line(error)
            raise Unavailable(self._why) from error
        if self._closed:
            await connection.close()
            raise Unavailable("closed")
        self._connection = connection
        self._connected()
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                await connection.close()

    @staticmethod
    def _line(error: BaseException) -> str:
        if isinstance(error, TimeoutError):
            return f"no answer within {TIMEOUT:.0f} s"
        return next(iter(str(error).strip().splitlines()), type(error).__name__)


class Cache(Backend):
    """One connection to Valkey, speaking RESP itself."""

    def __init__(self, settings: CacheSettings) -> None:
        super().__init__()
        self.settings = settings
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._busy = asyncio.Lock()
        self._why = ""

    async def command(self, *words: str) -> str:
        """The first line of the answer.

        Raises:
            Unavailable: no connection, no answer in time, or an error answer.
        """
        async with self._busy:
            try:
                async with asyncio.timeout(TIMEOUT):
                    reader, writer = await self._connect()
                    return await self._ask(reader, writer, words)
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
                await self._drop()
                self._failed()
                timed_out = isinstance(error, TimeoutError)
                self._why = f"no answer within {TIMEOUT:.0f} s" if timed_out else _reason(error, self.settings)
                raise Unavailable(self._why) from error

    async def _ping(self) -> None:
        await self.command("PING")

    @property
    def _kept(self) -> bool:
        return self._streams is not None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is not None:
            return self._streams
        if time.monotonic() < self._not_before and self._why:
            raise Unavailable(self._why)
        streams = await asyncio.open_connection(self.settings.host, self.settings.port)
        if self.settings.password:
            try:
                await self._ask(*streams, ("AUTH", self.settings.password))
            except BaseException:
                streams[1].close()
                raise
        if self._closed:
            # Whoever closed it while it was made knew nothing of it.
            streams[1].close()
            raise Unavailable("closed")
        self._streams = streams
        self._connected()
        return streams

    async def _drop(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            with contextlib.suppress(OSError):
                await streams[1].wait_closed()

    @staticmethod
    async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: Sequence[str]) -> str:
        parts = [w.encode() for w in words]
        writer.write(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
        line = (await reader.readuntil(b"\r\n"))[:-2].decode(errors="replace")
        if line.startswith("-"):
            raise Unavailable(line[1:])
        if line.startswith("$") and line != "$-1":
            return (await reader.readexactly(int(line[1:]) + 2))[:-2].decode(errors="replace")
        return line[1:]


def _reason(error: BaseException, settings: CacheSettings) -> str:
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, ConnectionRefusedError):
        return f"connection refused by {where}"
    if isinstance(error, asyncio.IncompleteReadError | ConnectionError):
        return f"{where} closed the connection"
    return f"{where}: {error}"
