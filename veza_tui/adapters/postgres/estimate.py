"""How large a dump will be: said where there is ground for it; a wrong percentage is worse than none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.ports.database import DumpOptions

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_FAR = 2.0
"""A database that grew or shrank by more than this since the last dump: its ratio says little any more."""
_LOCKS = "SET LOCAL lock_timeout = '200ms'"

_TABLES = """
SELECT coalesce(sum({size}), 0)::bigint, count(*), pg_database_size(current_database())
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class x ON x.oid = c.reltoastrelid
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
_MEASURED = _TABLES.format(size="pg_relation_size(c.oid) + coalesce(pg_relation_size(x.oid), 0)")
_BY_STATISTICS = _TABLES.format(
    size="(greatest(c.relpages, 0)::bigint + greatest(coalesce(x.relpages, 0), 0))"
    " * current_setting('block_size')::bigint"
)


async def sizes(connection: AsyncConnection) -> tuple[int, int, int]:
    """Bytes of the tables without their indexes, how many they are, bytes of the database; in an open transaction.

    Asking for a table's size waits for whoever holds it: after 0.2 s the statistics must do.
    """
    import psycopg

    try:
        async with connection.transaction():
            await connection.execute(_LOCKS)
            row = await (await connection.execute(_MEASURED)).fetchone()
            await connection.execute("SET LOCAL lock_timeout = 0")
    except psycopg.errors.LockNotAvailable:
        row = await (await connection.execute(_BY_STATISTICS.encode())).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)


def estimate(options: DumpOptions, heap: int, whole: int) -> int | None:
    """Bytes that the dump will have, or None: what an earlier one had, by how the database has grown since.

    Without an earlier one a plain dump is about as large as its tables (``heap``); how well others can be compressed
    nobody knows. ``whole``: bytes of the database.
    """
    if options.expected and options.expected_of and whole:
        grown = whole / options.expected_of
        return int(options.expected * grown) if 1 / _FAR <= grown <= _FAR else None
    if options.expected:
        return options.expected
    return (heap or None) if options.format == "plain" else None
