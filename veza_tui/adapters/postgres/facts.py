"""What a database holds: rows and a content digest per table, sequences, extensions, owners and grants, constraints.

The digests are made by ``digest``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from veza_tui.adapters.postgres.asking import NOT_EXTENSION, USER_SCHEMAS, fetch_all, fetch_lines, fetch_one
from veza_tui.adapters.postgres.columns import moved_columns
from veza_tui.adapters.postgres.digest import HASHED, XML, kind_for, rows_digest
from veza_tui.adapters.postgres.large_objects import large_objects
from veza_tui.adapters.postgres.sequences import sequence_facts
from veza_tui.model.backup import DatabaseFacts, ServerFacts, TableFacts

if TYPE_CHECKING:
    from psycopg import AsyncConnection

# The text form of a row depends on these; pinned so that two servers' digests can be compared.
_PINNED = (
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
    "SET LOCAL lc_monetary = 'C'",
    "SET LOCAL search_path = 'pg_catalog'",
    "SET LOCAL row_security = off",
    "SET LOCAL quote_all_identifiers = off",
    # One core for us: the services and pg_dump want the others.
    "SET LOCAL max_parallel_workers_per_gather = 0",
)


async def server_facts(connection: AsyncConnection, host: str, port: int) -> ServerFacts:
    """Version and identity of the server."""
    import psycopg

    row = await fetch_one(
        connection, "SELECT current_setting('server_version'), current_setting('server_version_num')::int"
    )
    identifier = ""
    try:
        async with connection.transaction():
            found = await fetch_one(connection, "SELECT system_identifier::text FROM pg_control_system()")
            identifier = str(found[0])
    except psycopg.errors.InsufficientPrivilege:
        pass  # only a member of pg_monitor may read it
    return ServerFacts(host, port, str(row[0]).split(" ")[0], int(row[1]), identifier)


async def database_facts(
    connection: AsyncConnection,
    *,
    snapshot: str = "",
    digests: bool = True,
    like: DatabaseFacts | None = None,
    of: Callable[[str], bool] = lambda key: True,
) -> DatabaseFacts:
    """Facts of the connected database in one repeatable-read snapshot, or in the exported ``snapshot``.

    ``like``: facts that they will be compared with; digests are of the same kind. ``of``: by ``schema.table``, whether
    the server counts its rows and makes its digest; the others have neither.
    """
    from psycopg import IsolationLevel, sql

    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)
    try:
        async with connection.transaction():
            if snapshot:
                await connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
            return await facts_in_transaction(connection, digests=digests, like=like, of=of)
    finally:
        await connection.set_isolation_level(None)
        await connection.set_read_only(None)


async def facts_in_transaction(
    connection: AsyncConnection,
    *,
    digests: bool = True,
    like: DatabaseFacts | None = None,
    of: Callable[[str], bool] = lambda key: True,
) -> DatabaseFacts:
    """The same inside a transaction that is already open (its text settings change until its end)."""
    for setting in _PINNED:
        await connection.execute(setting)
    row = await fetch_one(
        connection,
        "SELECT datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype,"
        " pg_database_size(oid) FROM pg_database WHERE datname = current_database()",
    )
    kind = kind_for(connection.info.server_version, like) if digests else ""
    tables = await _tables(connection, kind, of)
    sequences = await sequence_facts(connection)
    grants = await fetch_lines(connection, _GRANTS)
    return DatabaseFacts(
        name=row[0],
        owner=row[1],
        encoding=row[2],
        collate=row[3],
        ctype=row[4],
        size=row[5],
        tables=tuple(tables),
        sequences=tuple(sequences),
        extensions=tuple([(r[0], r[1]) for r in await fetch_all(connection, _EXTENSIONS)]),
        roles=tuple(await fetch_lines(connection, _ROLES)),
        grants=tuple(grants),
        constraints=tuple(await fetch_lines(connection, _constraints(of_partitions=like is not None))),
        large_objects=await large_objects(connection, kind),
    )


_EXTENSIONS = "SELECT extname, extversion FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"

_ROLES = f"""
SELECT DISTINCT r FROM (
  SELECT pg_get_userbyid(c.relowner) AS r FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {USER_SCHEMAS}
  UNION SELECT pg_get_userbyid(g.grantee) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    aclexplode(c.relacl) g WHERE g.grantee <> 0 AND {USER_SCHEMAS}
  UNION SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()
) roles ORDER BY 1
"""  # noqa: S608 - constants only

_GRANTS = f"""
SELECT line FROM (
  SELECT format('%s %I.%I owner %s', c.relkind::text, n.nspname, c.relname, pg_get_userbyid(c.relowner)) AS line
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relpersistence <> 't' AND {USER_SCHEMAS}
    AND {NOT_EXTENSION.format(catalog="pg_class", oid="c.oid")}
  UNION ALL SELECT format('%s %I.%I grant %s to %s', c.relkind::text, n.nspname, c.relname, g.privilege_type,
      CASE WHEN g.grantee = 0 THEN 'public' ELSE pg_get_userbyid(g.grantee)::text END)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) g
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND {USER_SCHEMAS}
    AND g.grantee <> c.relowner AND {NOT_EXTENSION.format(catalog="pg_class", oid="c.oid")}
  UNION ALL SELECT format('function %I.%s owner %s', n.nspname, p.oid::regprocedure, pg_get_userbyid(p.proowner))
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {USER_SCHEMAS} AND {NOT_EXTENSION.format(catalog="pg_proc", oid="p.oid")}
  UNION ALL SELECT format('schema %I owner %s', n.nspname, pg_get_userbyid(n.nspowner)) FROM pg_namespace n
    WHERE {USER_SCHEMAS} AND n.nspname <> 'public'
) lines ORDER BY 1
"""  # noqa: S608 - constants only

# A foreign key to a partitioned table, or of one, has one for each partition, named anew by each load: what is to be
# proven leaves them out. A manifest that has them is compared with all there are.
_OF_PARTITIONS = "k.contype = 'f' AND k.conparentid <> 0"


def _constraints(*, of_partitions: bool) -> str:
    return _CONSTRAINTS.format(left_out="false" if of_partitions else _OF_PARTITIONS)


_CONSTRAINTS = f"""
SELECT line FROM (
  SELECT format('%I.%I: %s %s%s', n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid),
      CASE WHEN k.convalidated THEN '' ELSE ' NOT VALID' END) AS line
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {USER_SCHEMAS} AND k.contype <> 'n' AND NOT ({{left_out}})
    AND {NOT_EXTENSION.format(catalog="pg_class", oid="c.oid")}
  UNION ALL SELECT format('%s%s', pg_get_indexdef(i.indexrelid), CASE WHEN i.indisvalid THEN '' ELSE ' INVALID' END)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {USER_SCHEMAS} AND {NOT_EXTENSION.format(catalog="pg_class", oid="c.oid")}
  UNION ALL SELECT format('trigger %s', pg_get_triggerdef(t.oid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND {USER_SCHEMAS}
) lines ORDER BY 1
"""  # noqa: S608 - constants only


# Rows whose hash depends on an enum's OIDs lie in other partitions after a load, which pg_dump therefore sends through
# the root (source: PostgreSQL, pg_dump.c, getPartitioningInfo): such a tree is one table here.
_SCATTERED = """
SELECT pg_partition_root(partrelid) AS oid FROM pg_partitioned_table WHERE (
  SELECT o.oid FROM pg_opclass o JOIN pg_am a ON a.oid = o.opcmethod
  WHERE o.opcname = 'enum_ops' AND o.opcnamespace = 'pg_catalog'::regnamespace AND a.amname = 'hash'
) = ANY (partclass)
"""

_COLUMNS = f"""
WITH scattered AS ({_SCATTERED})
SELECT n.nspname, c.relname, c.relkind::text, c.relispopulated,
  array_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attnum IS NOT NULL),
  c.oid, array_agg(CASE WHEN b.typnamespace = 'pg_catalog'::regnamespace AND b.typname = ANY (%s)
    THEN CASE WHEN b.oid = y.oid THEN b.typname::text WHEN b.typname = 'xml' THEN '' ELSE 'array' END ELSE '' END
    ORDER BY a.attnum)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type y ON y.oid = a.atttypid
LEFT JOIN pg_type b ON b.oid = CASE WHEN y.typcategory = 'A' AND y.typelem <> 0 THEN y.typelem ELSE y.oid END
WHERE c.relpersistence <> 't' AND {USER_SCHEMAS} AND CASE c.relkind WHEN 'p' THEN c.oid IN (TABLE scattered)
  WHEN 'r' THEN NOT c.relispartition OR pg_partition_root(c.oid) NOT IN (TABLE scattered) ELSE c.relkind = 'm' END
AND {NOT_EXTENSION.format(catalog="pg_class", oid="c.oid")} GROUP BY 1, 2, 3, 4, c.oid ORDER BY 1, 2
"""  # noqa: S608 - constants only


async def _tables(connection: AsyncConnection, kind: str, of: Callable[[str], bool]) -> list[TableFacts]:
    """``kind`` empty: no digests."""
    from psycopg import sql

    facts, moved = [], await moved_columns(connection)
    cursor = await connection.execute(_COLUMNS, ([*HASHED, XML],))
    for schema, name, kind_of_table, populated, columns, oid, types in await cursor.fetchall():
        if not populated:
            # WITH NO DATA: it cannot be read, and pg_dump leaves it so.
            facts.append(TableFacts(schema, name, 0, "", kind_of_table == "m"))
            continue
        digest: Any = sql.SQL("''")
        if kind and kind_of_table != "m" and columns:
            # A dump's lines have their columns as they stand: another order after the load is for the server.
            if kind_of_table == "r" and oid not in moved and not of(f"{schema}.{name}"):
                facts.append(TableFacts(schema, name, 0, ""))
                continue
            typed = dict(zip(columns, types, strict=True))
            digest = rows_digest(kind, [(c, typed[c]) for c in moved.get(oid) or columns])
        query = sql.SQL("SELECT count(*), {} FROM {}{} AS t").format(
            digest, sql.SQL("ONLY " if kind_of_table == "r" else ""), sql.Identifier(schema, name)
        )
        row = await fetch_one(connection, query)
        facts.append(TableFacts(schema, name, int(row[0]), str(row[1]), kind_of_table == "m"))
    return facts
