"""Swaps two databases of one server, in one transaction: the live name always belongs to a whole database.

``ALTER DATABASE … RENAME`` takes the database's AccessExclusive lock, then waits up to 5 s until nobody else is
connected; a new connection waits for that lock during its start (source: PostgreSQL, dbcommands.c RenameDatabase and
postinit.c InitPostgres). So the rename itself keeps newcomers out while a second connection terminates the sessions:
nothing is committed before both renames are, and a killed runner leaves no closed database behind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from veza_tui.adapters.postgres.connection import Endpoint, connect, explain
from veza_tui.adapters.postgres.leftovers import end_leftovers
from veza_tui.model.errors import LockedError, RefusedError
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from psycopg import AsyncConnection

MAINTENANCE = "postgres"
"""The database that swaps are done from: advisory locks are per database, so everybody uses this one."""

# Whom pg_terminate_backend lets us end: our own roles, anybody but superusers as pg_signal_backend, all as superuser
# (source: PostgreSQL documentation, Server Signaling Functions).
MAY_SIGNAL = """(SELECT pg_has_role(a.usesysid, 'USAGE') OR me.rolsuper
 OR (pg_has_role('pg_signal_backend', 'USAGE') AND NOT r.rolsuper)
 FROM pg_roles r, pg_roles me WHERE r.oid = a.usesysid AND me.rolname = current_user)"""

_TERMINATE_EVERY = 0.02  # seconds between two rounds of pg_terminate_backend
LOCK_MILLISECONDS = 1000
"""How long the database's own lock is waited for: as long as that, newcomers wait too."""
_BETWEEN = 0.5  # seconds


async def database_exists(server: Endpoint, name: str) -> bool:
    """Whether a database of this name exists."""
    async with connect(server.on(MAINTENANCE)) as connection:
        cursor = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
        return await cursor.fetchone() is not None


async def swap(
    server: Endpoint, *, live: str, incoming: str, aside: str, attempts: int = 3, undo: bool = False
) -> tuple[str, ...]:
    """Rename ``live`` to ``aside`` and ``incoming`` to ``live``, which takes over settings and grants.

    ``aside`` accepts no connections afterwards, so that nothing writes to it by mistake. When the swap was already
    done (``incoming`` is gone, ``aside`` exists) it returns at once: a resumed operation calls it again.
    Returns what could not be carried over (settings that only a superuser may set), one line each with the statement.
    ``undo``: that there is nothing to swap back is well too.

    Raises:
        RefusedError: a session could not be ended, or a database is missing or in the way.
        UnreachableError: the server went away; nothing or everything was done.
    """
    import psycopg

    async with connect(server.on(MAINTENANCE)) as connection, connect(server.on(MAINTENANCE)) as terminator:
        await end_leftovers(connection, (live, incoming, aside))
        async with connection.transaction():
            await _one_at_a_time(connection, live)
        names = await _present(connection, (live, incoming, aside))
        if names == {live, aside} or (undo and names == {live}):
            return ()
        if names != {live, incoming}:
            raise RefusedError(
                f"cannot swap: of {live}, {incoming} and {aside} the server has {', '.join(sorted(names)) or 'none'}"
            )
        carried = await _carried_over(connection, live, incoming)
        for attempt in range(1, attempts + 1):
            try:
                async with _emptied(terminator, (live, incoming)), connection.transaction():
                    await _one_at_a_time(connection, live)
                    # While the rename waits for somebody who copies or alters the database, nobody can connect to it.
                    await connection.execute(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}")
                    await _rename(connection, live, aside)
                    await _rename(connection, incoming, live)
                    left_out = [line for s in carried if (line := await _carry(connection, s))]
                    await _allow_connections(connection, aside, False)
                    await _allow_connections(connection, live, True)
                return tuple(left_out)
            except psycopg.errors.LockNotAvailable:
                if attempt == attempts:
                    who = await _lockers(connection, (live, incoming))
                    hint = "wait for that, then again"
                    raise LockedError(f"{live} is being altered or copied by {who}", hint=hint) from None
                # Those who waited behind us get in first.
                await asyncio.sleep(_BETWEEN)
            except psycopg.errors.ObjectInUse as error:
                if attempt == attempts:
                    raise RefusedError(
                        f"sessions on {live} could not be ended: {await _who(connection, live)}",
                        hint="end them by hand, or use a role that may (pg_signal_backend)",
                    ) from error
            except psycopg.Error as error:
                raise explain(error, server) from None
    raise AssertionError("unreachable")


async def rename(server: Endpoint, *, old: str, new: str) -> None:
    """Rename one database, ending its sessions; already done is no error. For a live database that does not exist.

    Raises:
        RefusedError: both exist, or neither, or a session could not be ended.
    """
    import psycopg

    async with connect(server.on(MAINTENANCE)) as connection, connect(server.on(MAINTENANCE)) as terminator:
        await end_leftovers(connection, (old, new))
        names = await _present(connection, (old, new))
        if names == {new}:
            return
        if names != {old}:
            have = " and ".join(sorted(names)) or "neither"
            raise RefusedError(f"cannot rename {old} to {new}: the server has {have}")
        try:
            async with _emptied(terminator, (old,)):
                await _rename(connection, old, new)
        except psycopg.errors.ObjectInUse as error:
            raise RefusedError(f"sessions on {old} could not be ended: {await _who(connection, old)}") from error
        except psycopg.Error as error:
            raise explain(error, server) from None


async def _carry(connection: AsyncConnection, statement: Any) -> str:
    import psycopg

    try:
        async with connection.transaction():
            await connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as error:
        return f"{str(error).splitlines()[0]}: a superuser must run {statement.as_string(connection)}"
    except psycopg.DatabaseError as error:
        if connection.broken or not (error.sqlstate or "").startswith(("22", "42", "55")):
            raise
        # A setting that this server no longer takes, or a role that went meanwhile: no reason to keep the data away.
        return f"{str(error).splitlines()[0]}: not carried over: {statement.as_string(connection)}"
    return ""


async def _present(connection: AsyncConnection, names: Sequence[str]) -> set[str]:
    cursor = await connection.execute("SELECT datname FROM pg_database WHERE datname = ANY(%s)", (list(names),))
    return {row[0] for row in await cursor.fetchall()}


async def _rename(connection: AsyncConnection, old: str, new: str) -> None:
    from psycopg import sql

    await connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new)))


async def _one_at_a_time(connection: AsyncConnection, live: str) -> None:
    """Held to the transaction's end: whoever gets it sees what a killed runner's commit did, or did not."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('veza-tui swap ' || %s, 0))", (live,))


async def _allow_connections(connection: AsyncConnection, name: str, allow: bool) -> None:
    from psycopg import sql

    await connection.execute(
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.SQL(str(allow).lower()))
    )


@contextlib.asynccontextmanager
async def _emptied(connection: AsyncConnection, databases: Sequence[str]) -> AsyncIterator[None]:
    """Meanwhile whoever is connected to them, or gets in, is sent away."""
    import psycopg

    terminating = asyncio.create_task(_terminate(connection, databases))
    try:
        yield
    finally:
        terminating.cancel()
        with contextlib.suppress(asyncio.CancelledError, psycopg.Error):
            await terminating


async def _terminate(connection: AsyncConnection, databases: Sequence[str]) -> None:
    # One that may not be ended must not keep the others from being ended: so only those of roles that we may signal.
    while True:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity a WHERE datname = ANY(%s)"  # noqa: S608 - a constant
            f" AND pid <> pg_backend_pid() AND backend_type <> 'walsender' AND {MAY_SIGNAL}",
            (list(databases),),
        )
        await asyncio.sleep(_TERMINATE_EVERY)


async def _who(connection: AsyncConnection, database: str) -> str:
    cursor = await connection.execute(
        "SELECT DISTINCT coalesce(usename, backend_type) || CASE application_name WHEN '' THEN ''"
        " ELSE ' (' || application_name || ')' END FROM pg_stat_activity WHERE datname = %s ORDER BY 1",
        (database,),
    )
    return ", ".join(str(row[0]) for row in await cursor.fetchall()) or "nobody is left now; try again"


async def _lockers(connection: AsyncConnection, databases: Sequence[str]) -> str:
    cursor = await connection.execute(
        "SELECT DISTINCT coalesce(usename, backend_type) || ': ' || left(query, 60) FROM pg_locks l"
        " JOIN pg_stat_activity a USING (pid) WHERE locktype = 'object' AND classid = 'pg_database'::regclass"
        " AND granted AND pid <> pg_backend_pid() AND objid IN (SELECT oid FROM pg_database WHERE datname = ANY(%s))",
        (list(databases),),
    )
    return ", ".join(printable(str(row[0]), limit=100) for row in await cursor.fetchall()) or "a session that is gone"


async def _carried_over(connection: AsyncConnection, live: str, incoming: str) -> list[Any]:
    """Statements that give ``incoming``, by then named ``live``, the old one's settings, limit, grants and comment."""
    from psycopg import sql

    statements: list[Any] = []
    target = sql.Identifier(live)
    cursor = await connection.execute(
        "SELECT l.datconnlimit, pg_get_userbyid(l.datdba), pg_get_userbyid(i.datdba),"
        " shobj_description(l.oid, 'pg_database') FROM pg_database l, pg_database i"
        " WHERE l.datname = %s AND i.datname = %s",
        (live, incoming),
    )
    row = await cursor.fetchone()
    assert row is not None
    limit, owner, incoming_owner, comment = row
    if owner != incoming_owner:
        statements.append(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(target, sql.Identifier(owner)))
    statements.append(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT {}").format(target, sql.Literal(limit)))
    if comment is not None:
        statements.append(sql.SQL("COMMENT ON DATABASE {} IS {}").format(target, sql.Literal(comment)))
    cursor = await connection.execute(
        "SELECT s.setrole, pg_get_userbyid(s.setrole), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)"
        " FROM pg_db_role_setting s, unnest(s.setconfig) c"
        " WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = %s)",
        (live,),
    )
    for role_oid, role, name, value in await cursor.fetchall():
        # Lists such as search_path are stored as they are written, so they go back unquoted as elements.
        parts = sql.SQL(", ").join(sql.Literal(v) for v in _elements(name, value))
        if role_oid:
            statement = sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}")
            statements.append(statement.format(sql.Identifier(role), target, _setting(name), parts))
        else:
            statements.append(sql.SQL("ALTER DATABASE {} SET {} = {}").format(target, _setting(name), parts))
    cursor = await connection.execute(
        "SELECT CASE WHEN g.grantee = 0 THEN NULL ELSE pg_get_userbyid(g.grantee) END, g.privilege_type, g.is_grantable"
        " FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g WHERE d.datname = %s",
        (live,),
    )
    grants = await cursor.fetchall()
    statements.append(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(target))
    for grantee, privilege, grantable in grants:
        statements.append(
            sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(
                sql.SQL(privilege),
                target,
                sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee),
                sql.SQL(" WITH GRANT OPTION") if grantable else sql.SQL(""),
            )
        )
    return statements


# Parameters whose stored value is a list (source: PostgreSQL guc flags GUC_LIST_QUOTE, as in pg_dump's dumputils.c).
_LISTS = frozenset(
    ("search_path", "temp_tablespaces", "session_preload_libraries", "shared_preload_libraries",
     "local_preload_libraries", "unix_socket_directories")
)  # fmt: skip


def _elements(name: str, value: str) -> list[str]:
    if name.lower() not in _LISTS:
        return [value]
    import csv

    return [e.strip() for e in next(csv.reader([value], skipinitialspace=True), [])] or [""]


def _setting(name: str) -> Any:
    from psycopg import sql

    # A custom setting such as myapp.mode is two identifiers.
    return sql.Identifier(*name.split("."))
