"""What the queries for facts have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from psycopg import AsyncConnection

USER_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
# Rows that an extension's own script made are the extension's, not ours.
NOT_EXTENSION = (
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid}"
    " AND d.deptype = 'e')"
)


async def fetch_all(connection: AsyncConnection, query: Any) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(query)
    return await cursor.fetchall()


async def fetch_one(connection: AsyncConnection, query: Any) -> tuple[Any, ...]:
    rows = await fetch_all(connection, query)
    return rows[0]


async def fetch_lines(connection: AsyncConnection, query: str) -> list[str]:
    return [str(row[0]) for row in await fetch_all(connection, query)]
