"""Digests of the rows as a dump carries them: they cost the server nothing, for the dump passes by anyway.

A table's digest is the SHA-256 of its COPY lines, in the order in which they stand. The proof dumps the scratch
database again and compares. Both orders are the same: pg_dump reads a table from its first page to its last
(``synchronize_seqscans`` off), and COPY only appends to a table that the same transaction made or truncated, which psql
and pg_restore see to here (source: PostgreSQL, copyfrom.c, TABLE_INSERT_SKIP_FSM; pg_backup_archiver.c).

So that equal values make equal lines, the sessions of both dumps read and write them alike: see ``settings``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from veza_tui.adapters.postgres.scan import PlainFilter
from veza_tui.model.backup import DatabaseFacts
from veza_tui.model.text import printable

if TYPE_CHECKING:
    from psycopg import AsyncConnection

KIND = "c"
"""The first letter of these digests; the others are in ``digest``."""
_LENGTH = 32
"""Hexadecimal digits that are kept: 128 bits."""
_END = b"\\.\n\n\n"
"""What pg_dump writes after a table's rows in an archive (source: PostgreSQL, pg_dump.c, dumpTableData_copy)."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table in a dump; ``digest`` is empty when the dump does not tell it."""

    rows: int
    digest: str


def table_key(schema: str, name: str) -> str:
    """How a table is called here, by whoever names it."""
    return f"{printable(schema, limit=63)}.{printable(name, limit=63)}"


def of(sha256: hashlib._Hash) -> str:
    """The digest out of the sum."""
    return f"{KIND}{sha256.hexdigest()[:_LENGTH]}"


class PlainDigests(PlainFilter):
    """Of a plain dump."""

    def __init__(self) -> None:
        super().__init__()
        self._sums: dict[str, hashlib._Hash] = {}

    def _rows(self, data: bytes | memoryview, rows: int) -> None:
        super()._rows(data, rows)
        if self._copy not in self._sums:
            self._sums[self._copy] = hashlib.sha256()
        self._sums[self._copy].update(data)

    def result(self) -> dict[str, Rows]:
        """By ``table_key``, at the dump's end; a table that is not in it has no rows of its own in the dump."""
        self.finish()
        return {key: Rows(rows, of(self._sums.get(key, hashlib.sha256()))) for key, rows in self._found.rows.items()}


class ArchivedRows:
    """One table's rows in an archive: everything before the end mark."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()
        self._tail = b""
        self._lines = 0

    def feed(self, block: bytes) -> None:
        """The next bytes, uncompressed."""
        self._lines += block.count(b"\n")
        if len(block) < len(_END):
            block = self._tail + block
        else:
            self._sum.update(self._tail)
        self._sum.update(memoryview(block)[: -len(_END)])
        self._tail = block[-len(_END) :]

    def result(self) -> Rows:
        """At its end; without the mark nobody knows where the rows end."""
        if self._tail != _END:
            return Rows(0, "")
        return Rows(self._lines - _END.count(b"\n"), of(self._sum))


def with_rows(
    facts: DatabaseFacts, found: Mapping[str, Rows], wanted: Collection[str]
) -> tuple[DatabaseFacts, set[str]]:
    """The facts with rows and digests out of a dump, and which of the ``wanted`` tables have none there.

    ``wanted``, and what is left: ``TableFacts.key``.
    """
    tables, left = [], set()
    named = Counter(table_key(t.schema, t.name) for t in facts.tables)
    for table in facts.tables:
        key = table_key(table.schema, table.name)
        rows = found.get(key) if named[key] == 1 else None
        if table.key not in wanted:
            tables.append(table)
        elif rows is not None and rows.digest:
            tables.append(replace(table, rows=rows.rows, digest=rows.digest))
        else:
            tables.append(table)
            left.add(table.key)
    return replace(facts, tables=tuple(tables)), left


def with_tables(facts: DatabaseFacts, others: DatabaseFacts, keys: Collection[str]) -> DatabaseFacts:
    """The facts with these tables as ``others`` has them."""
    known = {(t.schema, t.name): t for t in others.tables}
    return replace(facts, tables=tuple([known[t.schema, t.name] if t.key in keys else t for t in facts.tables]))


_SETTINGS = """
SELECT current_setting('bytea_output'), current_setting('lc_monetary'),
  EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid >= 16384 AND atttypid IN ('money'::regtype, 'money[]'::regtype))
  OR EXISTS (SELECT 1 FROM pg_type WHERE typbasetype IN ('money'::regtype, 'money[]'::regtype))
  OR EXISTS (SELECT 1 FROM pg_range WHERE rngsubtype = 'money'::regtype),
  current_setting('standard_conforming_strings')
"""


async def settings(connection: AsyncConnection) -> dict[str, str]:
    """What pg_dump's environment needs so that equal values make equal lines; the rest it sets itself.

    The time zone goes in the start-up packet, which every pooler knows; options only where they change something.
    """
    row = await (await connection.execute(_SETTINGS)).fetchone()
    output, monetary, money, strings = row if row else ("hex", "C", False, "on")
    options = ["-c bytea_output=hex"] if output != "hex" else []
    options += ["-c lc_monetary=C"] if money and monetary != "C" else []
    # pg_dump writes its quotations as its session reads them, and a load reads them in one way alone.
    options += ["-c standard_conforming_strings=on"] if strings != "on" else []
    return {"PGTZ": "UTC", **({"PGOPTIONS": " ".join(options)} if options else {})}


def encoding(connection: AsyncConnection) -> list[str]:
    """Arguments of pg_dump for the text's encoding, which is UTF-8 otherwise.

    Text without an encoding passes as it is: as UTF-8 the server would check it.
    """
    raw = connection.info.parameter_status("server_encoding") == "SQL_ASCII"
    return ["--encoding=SQL_ASCII"] if raw else []
