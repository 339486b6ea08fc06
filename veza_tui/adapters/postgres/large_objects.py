"""Count and digest of a database's large objects, which belong to no table: by functions that their owner may call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.model.backup import TableFacts

if TYPE_CHECKING:
    from psycopg import AsyncConnection

SCHEMA, NAME = "pg_catalog", "pg_largeobject"
_PIECE = 1 << 20
"""Bytes that are read at once: a large object may have 4 TB, a value in memory only 1 GB."""

# Read piece by piece until one is short; only hash and length of a piece are carried on.
_DIGEST = """
WITH RECURSIVE piece AS (
  SELECT m.oid, 0::bigint AS number, length(r.data) AS size, {hash} AS hash
  FROM pg_largeobject_metadata m CROSS JOIN LATERAL (SELECT lo_get(m.oid, 0, {size}) AS data OFFSET 0) r
  UNION ALL
  SELECT p.oid, p.number + 1, length(r.data), {next_hash}
  FROM piece p CROSS JOIN LATERAL (SELECT lo_get(p.oid, (p.number + 1) * {size}, {size}) AS data OFFSET 0) r
  WHERE p.size = {size}
)
SELECT coalesce(sum(hash), 0)::text FROM piece
"""


async def large_objects(connection: AsyncConnection, kind: str) -> TableFacts:
    """In the transaction's snapshot (as ``lo_get`` reads): how many there are, and a digest over number and bytes.

    ``kind`` of the digest: see ``digest``; empty for none.
    The digest is empty where one of them may not be read; pg_dump refuses such a database too.
    """
    import psycopg

    row = await (await connection.execute("SELECT count(*) FROM pg_largeobject_metadata")).fetchone()
    count = int(row[0]) if row else 0
    if not count or not kind:
        return TableFacts(SCHEMA, NAME, count, "")

    def hashed(oid: str, number: str) -> str:
        values = f"{oid}::bigint, {number}, r.data"
        if kind == "t":
            return f"hashtextextended(ROW({values})::text, 0)"
        record = f"hash_record_extended(ROW({values}), 0)"
        return record if kind == "r" else f"hashint4extended(0, {record})"

    query = _DIGEST.format(size=_PIECE, hash=hashed("m.oid", "0::bigint"), next_hash=hashed("p.oid", "p.number + 1"))
    try:
        async with connection.transaction():
            row = await (await connection.execute(query.encode())).fetchone()
    except psycopg.errors.InsufficientPrivilege:
        return TableFacts(SCHEMA, NAME, count, "")
    return TableFacts(SCHEMA, NAME, count, f"{kind}{row[0] if row else 0}")
