"""What must be as it was around a replacement of rows: triggers and their state; and what a table's name stands for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veza_tui.adapters.postgres.connection import Endpoint, connect
from veza_tui.model.errors import ConfigError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# pg_trigger.tgenabled as ALTER TABLE says it (source: PostgreSQL documentation, pg_trigger).
_ENABLE = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}
_KINDS = {"v": "a view", "m": "a materialised view", "S": "a sequence", "f": "a foreign table", "i": "an index",
          "I": "an index", "c": "a type"}  # fmt: skip


async def triggers_off(connection: AsyncConnection, schema: str, name: str) -> list[tuple[str, str]]:
    """Disable the table's own triggers; what each was, for ``triggers_as``."""
    from psycopg import sql

    cursor = await connection.execute(
        "SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid ="
        " (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE nspname = %s AND relname = %s)",
        (schema, name),
    )
    found = [(str(row[0]), str(row[1])) for row in await cursor.fetchall()]
    for trigger, _ in found:
        statement = sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}")
        await connection.execute(statement.format(sql.Identifier(schema, name), sql.Identifier(trigger)))
    return found


async def triggers_as(connection: AsyncConnection, schema: str, name: str, were: Sequence[tuple[str, str]]) -> None:
    """Enable them again as they were: those that were off stay off."""
    from psycopg import sql

    for trigger, state in were:
        statement = sql.SQL("ALTER TABLE {} {} TRIGGER {}")
        how = sql.SQL(_ENABLE[state])
        await connection.execute(statement.format(sql.Identifier(schema, name), how, sql.Identifier(trigger)))


async def resolve_tables(endpoint: Endpoint, tables: Sequence[str]) -> list[str]:
    """The tables that hold the rows: a partitioned one stands for its partitions.

    Raises:
        ConfigError: one does not exist in the live database, or is no table.
    """
    found: list[str] = []
    async with connect(endpoint) as live:
        for table in tables:
            schema, _, name = table.partition(".")
            cursor = await live.execute(
                "SELECT c.oid, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
                " WHERE nspname = %s AND relname = %s",
                (schema, name),
            )
            row = await cursor.fetchone()
            if row is None:
                raise ConfigError(f"there is no table {table} in the live database", hint="restore the whole database")
            if row[1] not in "rp":
                raise ConfigError(f"{table} is {_KINDS.get(row[1], 'no table')}: it has no rows of its own to put back")
            if row[1] == "r":
                found.append(table)
                continue
            cursor = await live.execute(
                "SELECT nspname || '.' || relname, relkind::text FROM pg_partition_tree(%s) t JOIN pg_class c"
                " ON c.oid = t.relid JOIN pg_namespace n ON n.oid = relnamespace WHERE isleaf ORDER BY 1",
                (row[0],),
            )
            leaves = await cursor.fetchall()
            odd = [leaf for leaf, kind in leaves if kind != "r"]
            if odd:
                raise ConfigError(f"partition {odd[0]} of {table} is no table of this server: its rows stay elsewhere")
            found += [str(leaf) for leaf, _ in leaves]
    return list(dict.fromkeys(found))
