"""Backups as a catalogue tells of them; nothing is on any disk."""

from __future__ import annotations

from dataclasses import replace

from veza_tui.model.backup import DatabaseFacts, DumpFacts, FileEntry, Manifest, ServerFacts, TableFacts
from veza_tui.model.catalogue import BackupRecord, Hold, Proof

NOW = 1_700_000_000.0
LONG = "the payment service asked for it at 14:05 after the schema change of the messages table went wrong twice: END"


def record(name: str = "20231114_215640", tables: int = 3, **changes: object) -> BackupRecord:
    facts = tuple(TableFacts("public", f"table_{n:03}", 1000 - n, "d" if n else "") for n in range(tables))
    database = DatabaseFacts("veza_production", "veza", "UTF8", "C", "C", 9, facts, (), (), ())
    dump = DumpFacts("plain", "database.sql", "0", 1, "17.10", "0/3373140", False,
                     ServerFacts("db.eu", 5432, "17.10", 170010, "1"), database)  # fmt: skip
    entries = (FileEntry("database.sql", 900, "x"),)
    manifest = Manifest(name, "production", "veza-tui", NOW - 1000, NOW - 999, "ada@ops1", entries,
                        {"server": "https://k"}, dump, reason="nightly")  # fmt: skip
    files = (("database.sql", 12_000_000), ("manifest.json", 900), ("production.env", 10))
    made = BackupRecord(name, "production", NOW - 1000, 12_000_910, files, manifest, "d1")
    return replace(made, **changes)  # type: ignore[arg-type]


PROVEN = record(proof=Proof("d1", NOW - 60, "ada@ops1", "db.eu:5432", 3, 2997, 1.5), hold=Hold(NOW, "bob", LONG))
