"""In which order a table's columns stand after a load: a table that inherits may be made with another one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veza_tui.adapters.postgres.asking import fetch_all

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# A partition is dumped as a table of its own, with all its columns (source: PostgreSQL, pg_dump.c, shouldPrintColumn).
_FAMILIES = """
SELECT c.oid, ARRAY(SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid ORDER BY inhseqno),
  ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum),
  ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
    AND attislocal ORDER BY attnum)
FROM pg_class c WHERE c.relkind IN ('r', 'f') AND NOT c.relispartition
  AND EXISTS (SELECT 1 FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent))
"""


@dataclass(frozen=True, slots=True)
class Member:
    """A table that inherits or is inherited; ``parents`` in the order in which it inherits."""

    parents: tuple[int, ...]
    columns: tuple[str, ...]
    own: tuple[str, ...]
    """Those which CREATE TABLE names."""


def loaded_order(families: Mapping[int, Member], table: int) -> tuple[str, ...]:
    """The parents' columns first, as the parents have them after a load; then its own (source: PostgreSQL,
    tablecmds.c, MergeAttributes)."""
    member = families[table]
    inherited = [c for parent in member.parents if parent in families for c in loaded_order(families, parent)]
    return tuple(dict.fromkeys([*inherited, *member.own, *member.columns]))


async def moved_columns(connection: AsyncConnection) -> dict[int, tuple[str, ...]]:
    """The order after a load, by OID, of the tables for which it is another one."""
    rows = await fetch_all(connection, _FAMILIES)
    families = {int(r[0]): Member(tuple(map(int, r[1])), tuple(r[2]), tuple(r[3])) for r in rows}
    orders = {table: loaded_order(families, table) for table in families}
    return {table: order for table, order in orders.items() if order != families[table].columns}
