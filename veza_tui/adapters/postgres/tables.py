"""Puts chosen tables back without touching the others: rows are copied from the scratch database in one transaction.

Foreign keys that touch the tables are dropped and made again inside the transaction, so that the new rows are checked
against the present rows of the other tables: what does not fit rolls everything back. The present rows are kept in a
schema of their own, from which they go back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from veza_tui.adapters.postgres.connection import Endpoint, connect, explain
from veza_tui.adapters.postgres.table_state import triggers_as, triggers_off
from veza_tui.model.errors import ConfigError, LockedError, RefusedError
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from psycopg import AsyncConnection


LOCK_MILLISECONDS = 3000
"""How long the chosen tables' lock is waited for."""


async def copy_tables(endpoint: Endpoint, source: str, tables: Sequence[str], keep_in: str) -> dict[str, int]:
    """Replace the rows of ``tables`` (``schema.table``) by those of the database ``source`` on the same server.

    Raises:
        ConfigError: a table exists on one side only.
        RefusedError: rows of other tables do not fit the old rows; nothing was changed.
    """
    async with connect(endpoint.on(source)) as scratch, connect(endpoint) as live:
        if await _has_schema(live, keep_in):
            return {t: await _count(live, *_split(t)) for t in tables}
        columns = {t: await _columns(scratch, live, t) for t in tables}

        async def fill(table: str) -> None:
            await _stream(scratch, live, table, columns[table])

        return await _replace(live, endpoint, tables, keep_in, fill, create_keep=True)


async def put_back_tables(endpoint: Endpoint, keep_in: str) -> dict[str, int]:
    """Undo ``copy_tables`` from the rows kept in ``keep_in``, whose schema is dropped; no schema: undone already."""
    from psycopg import sql

    async with connect(endpoint) as live:
        if not await _has_schema(live, keep_in):
            return {}
        cursor = await live.execute(
            "SELECT obj_description(c.oid) FROM pg_class c WHERE relnamespace = %s::regnamespace AND relkind = 'r'"
            " ORDER BY 1",
            (sql.Identifier(keep_in).as_string(live),),
        )
        tables = [row[0] for row in await cursor.fetchall()]

        async def fill(table: str) -> None:
            kept = sql.Identifier(keep_in, table)
            names = await _insertable(live, *_split(table))
            listed = sql.SQL(", ").join(map(sql.Identifier, names))
            await live.execute(
                sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}").format(
                    sql.Identifier(*_split(table)), listed, listed, kept
                )
            )

        return await _replace(live, endpoint, tables, keep_in, fill, create_keep=False)


async def drop_kept_rows(endpoint: Endpoint, keep_in: str) -> None:
    """Drop the schema that ``copy_tables`` kept rows in; only ever one of ours, told by the comments on its tables.

    Raises:
        RefusedError: it holds something else.
    """
    from psycopg import sql

    async with connect(endpoint) as live:
        if not await _has_schema(live, keep_in):
            return
        cursor = await live.execute(
            "SELECT count(*) FROM pg_class c WHERE relnamespace = %s::regnamespace"
            " AND relkind NOT IN ('i', 't') AND (relkind <> 'r' OR obj_description(c.oid) IS NULL)",
            (sql.Identifier(keep_in).as_string(live),),
        )
        row = await cursor.fetchone()
        if row and row[0]:
            raise RefusedError(f"schema {keep_in} holds more than a restore's rows", hint="drop it by hand")
        await live.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(keep_in)))


async def _replace(
    live: AsyncConnection, endpoint: Endpoint, tables: Sequence[str], keep_in: str, fill: Any, *, create_keep: bool
) -> dict[str, int]:
    import psycopg
    from psycopg import sql

    try:
        async with live.transaction():
            identifiers = [sql.Identifier(*_split(t)) for t in tables]
            # Whoever waits for this lock keeps everybody after it waiting: not for ever behind a forgotten session.
            await live.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_MILLISECONDS)))
            await live.execute(
                sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(
                    sql.SQL(", ").join(sql.SQL("ONLY {}").format(i) for i in identifiers)
                )
            )
            keys = await _foreign_keys(live, tables)
            for table, name, _ in keys:
                await live.execute(
                    sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.SQL(table), sql.Identifier(name))
                )
            if create_keep:
                await live.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(keep_in)))
            for table, identifier in zip(tables, identifiers, strict=True):
                if create_keep:
                    kept = sql.Identifier(keep_in, table)
                    await live.execute(sql.SQL("CREATE TABLE {} AS SELECT * FROM ONLY {}").format(kept, identifier))
                    await live.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(kept, sql.Literal(table)))
                triggers = await triggers_off(live, *_split(table))
                await live.execute(sql.SQL("TRUNCATE ONLY {}").format(identifier))
                await fill(table)
                await triggers_as(live, *_split(table), triggers)
                await _raise_sequences(live, table)
            for table, name, definition in keys:
                await live.execute(
                    sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(
                        sql.SQL(table), sql.Identifier(name), sql.SQL(definition)
                    )
                )
            if not create_keep:
                await live.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(keep_in)))
            return {t: await _count(live, *_split(t)) for t in tables}
    except psycopg.errors.LockNotAvailable:
        raise LockedError(
            f"{', '.join(tables)} could not be locked within {LOCK_MILLISECONDS / 1000:.0f} s: "
            f"{await _holders(live, tables)}; nothing was changed",
            hint="end these sessions, or restore the whole database: its swap ends them",
        ) from None
    except psycopg.errors.IntegrityError as error:
        text = str(error).splitlines()[0]
        raise RefusedError(
            f"the tables' old rows do not fit the present rows of other tables: {text}; nothing was changed",
            hint="choose the tables that they refer to as well, or the whole database",
        ) from None
    except psycopg.Error as error:
        raise explain(error, endpoint) from None


async def _stream(scratch: AsyncConnection, live: AsyncConnection, table: str, columns: Sequence[str]) -> None:
    from psycopg import sql

    listed = sql.SQL(", ").join(map(sql.Identifier, columns))
    target = sql.Identifier(*_split(table))
    out = sql.SQL("COPY (SELECT {} FROM ONLY {}) TO STDOUT").format(listed, target)
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(target, listed)
    async with scratch.cursor().copy(out) as reader, live.cursor().copy(into) as writer:
        async for block in reader:
            await writer.write(block)


def _split(table: str) -> tuple[str, str]:
    schema, dot, name = table.partition(".")
    return (schema, name) if dot else ("public", schema)


async def _columns(scratch: AsyncConnection, live: AsyncConnection, table: str) -> list[str]:
    one, other = await _insertable(scratch, *_split(table)), await _insertable(live, *_split(table))
    if not one or not other:
        where = "the backup" if not one else "the live database"
        raise ConfigError(f"table {table} is not in {where}", hint="`veza-tui backups ENV show NAME` lists the tables")
    if set(one) != set(other):
        odd = ", ".join(sorted(set(one) ^ set(other)))
        raise ConfigError(f"table {table} has other columns in the backup than now: {odd}", hint="restore it whole")
    return one


async def _insertable(connection: AsyncConnection, schema: str, name: str) -> list[str]:
    cursor = await connection.execute(
        "SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s"
        " AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum",
        (schema, name),
    )
    return [row[0] for row in await cursor.fetchall()]


async def _foreign_keys(connection: AsyncConnection, tables: Sequence[str]) -> list[tuple[str, str, str]]:
    cursor = await connection.execute(
        # A partition's key is its partitioned table's.
        "WITH r AS (SELECT array_agg(oid) AS these FROM (SELECT unnest(%s::regclass[])::oid AS oid UNION"
        " SELECT a.relid::oid FROM unnest(%s::regclass[]) t, pg_partition_ancestors(t) a) x)"
        " SELECT conrelid::regclass::text, conname, pg_get_constraintdef(k.oid) FROM r, pg_constraint k"
        " WHERE contype = 'f' AND conparentid = 0 AND (conrelid = ANY(r.these) OR confrelid = ANY(r.these))"
        " ORDER BY 1, 2",
        (_regclasses(tables), _regclasses(tables)),
    )
    return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


def _regclasses(tables: Sequence[str]) -> list[str]:
    # Only psycopg's own quoting of the two parts makes a regclass of a hostile name.
    return [".".join('"' + part.replace('"', '""') + '"' for part in _split(t)) for t in tables]


async def _raise_sequences(connection: AsyncConnection, table: str) -> None:
    from psycopg import sql

    cursor = await connection.execute(
        "SELECT a.attname, pg_get_serial_sequence(%s, a.attname) FROM pg_attribute a"
        " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped",
        (_regclasses([table])[0], _regclasses([table])[0]),
    )
    for column, sequence in await cursor.fetchall():
        if sequence:
            # Never lowered: numbers that were given out since must not be given out again.
            await connection.execute(
                sql.SQL(
                    "SELECT setval({name}::regclass, greatest((SELECT last_value FROM {sequence}),"
                    " coalesce((SELECT max({column}) FROM {table}), 1)),"
                    " (SELECT is_called FROM {sequence}) OR EXISTS (SELECT 1 FROM {table}))"
                ).format(
                    name=sql.Literal(sequence),
                    sequence=sql.SQL(sequence),
                    column=sql.Identifier(column),
                    table=sql.Identifier(*_split(table)),
                )
            )


async def _holders(connection: AsyncConnection, tables: Sequence[str]) -> str:
    cursor = await connection.execute(
        "SELECT DISTINCT a.usename || coalesce(' (' || nullif(application_name, '') || ')', '') || ' ' || state"
        " FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.relation = ANY(%s::regclass[]) AND l.granted"
        " AND pid <> pg_backend_pid() AND a.usename IS NOT NULL AND state IS NOT NULL ORDER BY 1 LIMIT 5",
        (_regclasses(tables),),
    )
    rows = await cursor.fetchall()
    return ", ".join(printable(str(row[0]), limit=80) for row in rows) or "a session whose state we may not see"


async def _has_schema(connection: AsyncConnection, schema: str) -> bool:
    cursor = await connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,))
    return await cursor.fetchone() is not None


async def _count(connection: AsyncConnection, schema: str, name: str) -> int:
    from psycopg import sql

    cursor = await connection.execute(sql.SQL("SELECT count(*) FROM ONLY {}").format(sql.Identifier(schema, name)))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0
