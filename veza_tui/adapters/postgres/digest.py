"""The digest of a table's rows, as an SQL expression: independent of their order, of server, load and time zone.

Every row becomes one 64-bit number, and these are summed. The number must bind a row's values to each other: a sum of
sums would not notice that two rows exchanged a value. So the hashes of the columns, each with a seed of its own, are
combined, and the combination is the seed of the last hash. Kinds, told by the first letter of a digest:

- ``s``: that, by the server's own hash functions of the plain types (``hashint8extended`` ...; source: PostgreSQL,
  pg_proc); other columns together as a record.
- ``r``: ``hash_record_extended`` of the row, summed. It is linear in the columns' hashes, so it misses most exchanges
  of values between rows; kept for the manifests that have it.
- ``t``: the hash of the row's text form, for servers before 14.

A fourth kind, ``c``, is made without the server: see ``row_digests``.

Columns without a hash that depends on nothing but their value (enums hash OIDs; json has none) are hashed as text in
every kind.

It finds accidents, not forgeries: the manifest's SHA-256 sums are for those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veza_tui.model.backup import DatabaseFacts

if TYPE_CHECKING:
    from psycopg import sql

# Types whose hash is a function of the value alone, the same on every server.
HASHED = (
    *("bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "name", "bytea"),
    *("uuid", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "jsonb", "inet", "cidr", "macaddr"),
)
# Those whose hash function can be called by itself. Text as its bytes, whatever its collation takes for equal; a
# bigint's hash folds it to 32 bits, so its value is mixed in too.
_DIRECT = {
    "int2": "hashint2extended({c}, {n})",
    "int4": "hashint4extended({c}, {n})",
    "int8": "(hashint8extended({c}, {n}) # {c})",
    "float8": "hashfloat8extended({c}, {n})",
    "text": 'hashtextextended({c} COLLATE "C", {n})',
    "varchar": 'hashtextextended({c}::text COLLATE "C", {n})',
    "uuid": "uuid_hash_extended({c}, {n})",
    "timestamp": "timestamp_hash_extended({c}, {n})",
}
_MOST_DIRECT = 200
"""More columns than this would nest the expression deeper than a server's stack may like."""
# Their hash takes for equal what is told apart elsewhere: a month and thirty days.
_AS_TEXT = ("interval",)
XML = "xml"
"""As it is written out: a load does not see a declaration that says nothing, which its cast to text keeps (source:
PostgreSQL, xml.c, xml_out_internal)."""
_FORMS = {"": "t.{}::text", XML: "textin(xml_out(t.{}))"}


def kind_for(server_version: int, like: DatabaseFacts | None) -> str:
    """The kind of digest: as ``like`` has it, so that the two can be compared; else the best that the server has."""
    best = "s" if server_version >= 140000 else "t"
    kinds = (t.digest[0] for t in (like.contents if like is not None else ()) if t.digest)
    known = next((k for k in kinds if k in ("s", "r", "t")), best)
    return best if best == "t" else known


def rows_digest(kind: str, columns: Sequence[tuple[str, str]]) -> sql.Composable:
    """The digest of all rows of a table ``t``, as text.

    ``columns``: name, and its type where that is in ``HASHED``, or ``XML``.
    """
    from psycopg import sql

    if kind == "t":
        row: sql.Composable = sql.SQL("hashtextextended({}::text, 0)").format(
            _record([(c, of if of == XML else "") for c, of in columns])
        )
    elif kind == "r":
        row = sql.SQL("hash_record_extended({}, 0)").format(_record(columns))
    else:
        row = _bound([c for c in columns if c[1] in _DIRECT], [c for c in columns if c[1] not in _DIRECT])
    # bigint sums are exact: PostgreSQL keeps them in 128 bits.
    return sql.SQL("{} || coalesce(sum({}), 0)").format(sql.Literal(kind), row)


def _bound(direct: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]) -> sql.Composable:
    from psycopg import sql

    direct, others = direct[:_MOST_DIRECT], [*direct[_MOST_DIRECT:], *others]
    hashes = [
        sql.SQL("coalesce({}, {})").format(
            sql.SQL(_DIRECT[of]).format(c=sql.SQL("t.{}").format(sql.Identifier(name)), n=sql.Literal(number)),
            sql.Literal(-number),
        )
        for number, (name, of) in enumerate(direct, 1)
    ]
    seed = sql.SQL(" # ").join(hashes) if hashes else sql.SQL("0")
    if not others:
        return sql.SQL("hashint4extended(0, {})").format(seed)
    # The zero: a record of nothing but NULLs hashes to 0, whatever its seed is.
    record = _record([(name, "" if of in _AS_TEXT else of) for name, of in others], sql.SQL("0"))
    hashed = sql.SQL("hash_record_extended({}, {})").format(record, seed)
    # Linear in its own columns again where there are several: bound to each other by one more.
    return hashed if len(others) == 1 else sql.SQL("hashint4extended(0, {})").format(hashed)


def _record(columns: Sequence[tuple[str, str]], *more: sql.Composable) -> sql.Composable:
    """``columns``: name, and its type where its value is hashed as it is, or ``XML``."""
    from psycopg import sql

    values = [sql.SQL(_FORMS.get(of, "t.{}")).format(sql.Identifier(name)) for name, of in columns]
    return sql.SQL("ROW({})").format(sql.SQL(", ").join([*values, *more]))
