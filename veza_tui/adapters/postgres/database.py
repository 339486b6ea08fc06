"""The port ``Database`` on PostgreSQL: one environment's server, its password resolved for each use."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui.adapters.postgres import facts as facts_module
from veza_tui.adapters.postgres.archive import scan_archive
from veza_tui.adapters.postgres.connection import Endpoint, connect, explain
from veza_tui.adapters.postgres.dump import dump
from veza_tui.adapters.postgres.leftovers import end_leftovers
from veza_tui.adapters.postgres.load import load, scan_plain
from veza_tui.adapters.postgres.reread import facts_like
from veza_tui.adapters.postgres.tools import find_tools, installed
from veza_tui.model.backup import DatabaseFacts, ServerFacts
from veza_tui.model.environment import Database as Settings
from veza_tui.model.errors import RefusedError
from veza_tui.model.text import printable
from veza_tui.ports.database import (
    DatabaseEntry,
    DumpOptions,
    DumpOutcome,
    DumpSource,
    LoadOptions,
    LoadOutcome,
    Progress,
    ScanReport,
    Scratch,
)

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_DATABASES = """
SELECT d.datname, pg_get_userbyid(d.datdba), pg_database_size(d.oid), d.datallowconn,
  (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid), coalesce(shobj_description(d.oid, 'pg_database'), '')
FROM pg_database d WHERE starts_with(d.datname::text, %s) AND NOT d.datistemplate ORDER BY 1
"""


class PostgresDatabase:
    """``secrets`` resolves ``${VAR}`` in host, user and password at the moment of use."""

    def __init__(self, settings: Settings, secrets: Callable[[str], Awaitable[str]]) -> None:
        self._settings = settings
        self._secrets = secrets
        self.name = settings.name
        self.label = f"{settings.host}:{settings.port}/{settings.name}"

    async def endpoint(self, database: str = "") -> Endpoint:
        """Where to connect, with the password."""
        settings = self._settings
        return Endpoint(
            host=await self._secrets(settings.host),
            port=settings.port,
            user=await self._secrets(settings.user),
            database=database or settings.name,
            password=await self._secrets(settings.password),
            ssl_mode=settings.ssl_mode,
        )

    @contextlib.asynccontextmanager
    async def connection(self, database: str = "") -> AsyncIterator[AsyncConnection]:
        """A connection in autocommit; psycopg's errors become one line."""
        import psycopg

        endpoint = await self.endpoint(database)
        try:
            async with connect(endpoint) as connection:
                yield connection
        except psycopg.Error as error:
            raise explain(error, endpoint) from None

    async def server(self) -> ServerFacts:
        """Version and identity."""
        async with self._admin() as connection:
            return await facts_module.server_facts(connection, self._settings.host, self._settings.port)

    @contextlib.asynccontextmanager
    async def _admin(self) -> AsyncIterator[AsyncConnection]:
        """A connection that needs no database of ours: ``postgres``, or ours where that one is closed to us."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                opened = await stack.enter_async_context(self.connection("postgres"))
            except RefusedError as error:
                # Opening it was refused; what is refused later, inside the block, is the caller's own.
                if "postgres" not in str(error) or "password" in str(error):
                    raise
                opened = await stack.enter_async_context(self.connection())
            yield opened

    async def facts(
        self, database: str = "", *, digests: bool = True, like: DatabaseFacts | None = None
    ) -> DatabaseFacts:
        """Facts in one snapshot."""
        async with self.connection(database) as connection:
            if digests and like is not None:
                return await facts_like(connection, await self.endpoint(database), like)
            return await facts_module.database_facts(connection, digests=digests)

    async def dump(
        self,
        options: DumpOptions,
        write: Callable[[bytes | memoryview], object] | None,
        path: Path | None,
        progress: Progress,
    ) -> DumpOutcome:
        """pg_dump with facts of the same snapshot."""
        return await dump(await self.endpoint(), options, write, path, progress)

    async def scan(self, source: DumpSource) -> ScanReport:
        """Read a dump without a server."""
        if source.format == "plain":
            return await asyncio.to_thread(scan_plain, source)
        newest = max((t.major for t in installed()), default=0)
        return await scan_archive(source, find_tools(newest))

    async def create_scratch(self, scratch: Scratch) -> None:
        """CREATE DATABASE ... TEMPLATE template0."""
        from psycopg import sql

        async with self._admin() as connection:
            await end_leftovers(connection, (scratch.name,))
            clauses = await _locale_clauses(connection, scratch)
            await connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 {}").format(
                    sql.Identifier(scratch.name), sql.SQL(" ").join(clauses)
                )
            )
            if scratch.comment:
                await connection.execute(
                    sql.SQL("COMMENT ON DATABASE {} IS {}").format(
                        sql.Identifier(scratch.name), sql.Literal(scratch.comment)
                    )
                )

    @contextlib.asynccontextmanager
    async def keep(self, database: str) -> AsyncIterator[object]:
        """An idle session in it."""
        endpoint = await self.endpoint(database)
        async with connect(endpoint) as connection:
            yield connection

    async def load(
        self, database: str, source: DumpSource, progress: Progress, options: LoadOptions | None = None
    ) -> LoadOutcome:
        """Into a scratch database."""
        if database == self.name:
            raise RefusedError(f"a dump is never loaded into {self.label} itself", hint="load into a scratch database")
        server = await self.server()
        return await load(await self.endpoint(database), server.major, source, progress, options or LoadOptions())

    async def analyze(self, database: str) -> None:
        """ANALYZE of everything."""
        async with self.connection(database) as connection:
            await connection.execute("ANALYZE")

    async def databases(self, prefix: str = "") -> Sequence[DatabaseEntry]:
        """Databases whose name starts with ``prefix``."""
        async with self._admin() as connection:
            rows = await (await connection.execute(_DATABASES, (prefix,))).fetchall()
        return [DatabaseEntry(r[0], r[1], int(r[2]), bool(r[3]), int(r[4]), printable(r[5])) for r in rows]

    async def drop(self, database: str) -> None:
        """DROP DATABASE WITH (FORCE)."""
        from psycopg import sql

        if database == self.name:
            raise RefusedError(f"{self.label} is the environment's own database: it is not dropped")
        async with self._admin() as connection:
            await end_leftovers(connection, (database,))
            major = connection.info.server_version // 10000
            force = sql.SQL(" WITH (FORCE)") if major >= 13 else sql.SQL("")
            await connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}{}").format(sql.Identifier(database), force))


async def _locale_clauses(connection: AsyncConnection, scratch: Scratch) -> list[Any]:
    """Encoding, locale and owner, from the live model or from the facts of the backup."""
    from psycopg import sql

    version = connection.info.server_version
    provider = "datlocprovider" if version >= 150000 else "'c'"
    locale = "datlocale" if version >= 170000 else ("daticulocale" if version >= 150000 else "NULL")
    row = await (
        await connection.execute(
            "SELECT pg_encoding_to_char(encoding), datcollate, datctype, pg_get_userbyid(datdba),"  # noqa: S608
            f" {provider}, {locale}, CASE WHEN has_tablespace_privilege(t.oid, 'CREATE') THEN spcname ELSE '' END"
            " FROM pg_database JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = %s",
            (scratch.like,),
        )
    ).fetchone()
    tablespace = str(row[6]) if row else ""
    row = row[:6] if row else None
    facts = scratch.facts
    if facts is not None and (row is None or row[0] != facts.encoding):
        # Rows hash to other digests in another encoding: it is made as the backup's was.
        row = (facts.encoding, facts.collate, facts.ctype, row[3] if row else facts.owner, "c", None)
    if row is None:
        return []  # neither a live database nor a manifest: as the server makes them
    encoding, collate, ctype, owner, kind, name = row
    if kind in ("c", b"c") and encoding != "UTF8" and version >= 150000:
        # A server whose own provider is another would take that one, which knows UTF8 alone.
        kind = "libc"
    clauses: list[Any] = [
        sql.SQL("ENCODING {}").format(sql.Literal(encoding)),
        sql.SQL("LC_COLLATE {}").format(sql.Literal(collate)),
        sql.SQL("LC_CTYPE {}").format(sql.Literal(ctype)),
    ]
    if kind == "libc":
        clauses.append(sql.SQL("LOCALE_PROVIDER libc"))
    elif kind in ("i", b"i") and name:
        clauses.append(sql.SQL("LOCALE_PROVIDER icu ICU_LOCALE {}").format(sql.Literal(name)))
    elif kind in ("b", b"b") and name:
        clauses.append(sql.SQL("LOCALE_PROVIDER builtin BUILTIN_LOCALE {}").format(sql.Literal(name)))
    if tablespace not in ("", "pg_default"):
        # Where the live one lies; who may not create there gets the server's own.
        clauses.append(sql.SQL("TABLESPACE {}").format(sql.Identifier(tablespace)))
    me = await (
        await connection.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = %s AND pg_has_role(current_user, oid, 'MEMBER'))",
            (owner,),
        )
    ).fetchone()
    if me and me[0]:
        clauses.append(sql.SQL("OWNER {}").format(sql.Identifier(owner)))
    return clauses
