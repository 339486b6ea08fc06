"""Sequences: where they stand, and the columns they feed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from veza_tui.adapters.postgres.asking import NOT_EXTENSION, USER_SCHEMAS, fetch_all, fetch_one
from veza_tui.model.backup import DatabaseFacts, SequenceFacts

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_SEQUENCES = f"""
SELECT n.nspname, c.relname, pn.nspname, pc.relname, a.attname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')
  AND d.refclassid = 'pg_class'::regclass
LEFT JOIN pg_class pc ON pc.oid = d.refobjid
LEFT JOIN pg_namespace pn ON pn.oid = pc.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND {USER_SCHEMAS}
AND {NOT_EXTENSION.format(catalog="pg_class", oid="c.oid")} ORDER BY 1, 2
"""  # noqa: S608 - constants only


async def sequence_facts(connection: AsyncConnection) -> list[SequenceFacts]:
    """All of them, in the order of their names."""
    from psycopg import sql

    facts = []
    for schema, name, table_schema, table, column in await fetch_all(connection, _SEQUENCES):
        state = await fetch_one(
            connection,
            sql.SQL("SELECT CASE WHEN is_called THEN last_value END FROM {}").format(sql.Identifier(schema, name)),
        )
        highest = None
        if table is not None and column is not None:
            found = await fetch_one(
                connection,
                sql.SQL("SELECT max({})::bigint FROM {}").format(
                    sql.Identifier(column), sql.Identifier(table_schema, table)
                ),
            )
            highest = None if found[0] is None else int(found[0])
        owner = f"{table_schema}.{table}" if table is not None else ""
        last = None if state[0] is None else int(state[0])
        facts.append(SequenceFacts(schema, name, last, owner, column or "", highest))
    return facts


async def sequence_values(connection: AsyncConnection) -> dict[tuple[str, str], int | None]:
    """Where each sequence stands now, by (schema, name): sequences belong to no snapshot."""
    found = await fetch_all(
        connection,
        "SELECT schemaname, sequencename, last_value FROM pg_sequences",  # NULL where nextval was never called
    )
    return {(str(r[0]), str(r[1])): None if r[2] is None else int(r[2]) for r in found}


def between(
    facts: DatabaseFacts,
    before: dict[tuple[str, str], int | None],
    after: dict[tuple[str, str], int | None],
) -> DatabaseFacts:
    """The facts with each sequence as it stood before and after the dump."""
    sequences = []
    for sequence in facts.sequences:
        key = (sequence.schema, sequence.name)
        low, high = before.get(key, sequence.last_value), after.get(key, sequence.last_value)
        sequences.append(replace(sequence, last_value=low, upper=None if low == high else high))
    return replace(facts, sequences=tuple(sequences))
