"""What a dump without a manifest says of itself, read before anything is planned: rows, roles, extensions, version."""

from __future__ import annotations

import re
from dataclasses import dataclass

from veza_tui.model.backup import DatabaseFacts, TableFacts
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.errors import VezaError
from veza_tui.model.restore import Check
from veza_tui.operations.backup.verify import StoredDump
from veza_tui.operations.context import PlanContext
from veza_tui.ports.database import Database, ScanReport

READ_AT_MOST = 512 << 20
"""Bytes of a dump that are read for the plan (about 90 MB a second); a larger one is read when the restore runs."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the dump says; ``counted`` False where it does not tell the numbers of rows."""

    facts: DatabaseFacts
    major: int | None
    counted: bool
    silent: frozenset[str] = frozenset()
    """Tables of which the dump tells no rows, beside others of which it does: partitioned ones, materialised views."""


async def read_dump(context: PlanContext, record: BackupRecord) -> tuple[Said | None, list[Check]]:
    """A script's dump, and what of it stops a restore already now."""
    dump = StoredDump(context.service("storage"), record)
    if dump.encrypted:
        return None, [Check("the dump", None, "encrypted: it is read when the restore runs")]
    if dump.size > READ_AT_MOST:
        return None, [Check("the dump", None, f"{dump.size:,} bytes: its rows are counted when the restore runs")]
    database: Database = context.service("database")
    try:
        with dump.here() as source:
            scan = await database.scan(source)
    except VezaError as error:
        return None, [Check("the dump", False, error.message)]
    return _said(scan, dump.size, counted=dump.format == "plain"), _judged(scan)


def _judged(scan: ScanReport) -> list[Check]:
    if scan.refused:
        return [Check("the dump", False, scan.refused[0])]
    if scan.runs:
        return [Check("the dump", False, scan.runs[0])]
    if not scan.complete:
        return [Check("the dump", False, "it ends before its end")]
    if not scan.tables and not scan.rows:
        return [Check("the dump", False, "it holds no table at all")]
    return [Check("the dump", True, f"{sum(scan.rows.values()):,} rows")]


def _said(scan: ScanReport, size: int, *, counted: bool) -> Said:
    keys = sorted({*scan.tables, *scan.rows})
    tables = tuple(TableFacts(*_parts(key), scan.rows.get(key, 0), "") for key in keys)
    extensions = tuple((name, "") for name in scan.extensions)
    facts = DatabaseFacts("", "", "", "", "", size, tables, (), extensions, scan.roles)
    silent = frozenset(scan.tables) - scan.rows.keys() if scan.rows else frozenset()
    major = re.match(r"\d+", scan.dumped_from)
    return Said(facts, int(major[0]) if major else None, counted, silent)


def _parts(key: str) -> tuple[str, str]:
    schema, dot, name = key.partition(".")
    return (schema, name) if dot else ("public", schema)
