"""What the scanner of a plain dump has found so far."""

from __future__ import annotations

import re

from veza_tui.adapters.postgres.lexis import COMPLETE, VERSION
from veza_tui.adapters.postgres.statements import Verdict
from veza_tui.model.text import printable
from veza_tui.ports.database import ScanReport

MOST = 20
"""Reasons to refuse a dump that are kept."""


class Findings:
    """Rows per table, names, what was left out, and why the dump may not be loaded."""

    def __init__(self) -> None:
        self.rows: dict[str, int] = {}
        self.refused: list[str] = []
        self._roles: set[str] = set()
        self._extensions: set[str] = set()
        self._databases: set[str] = set()
        self._tables: set[str] = set()
        self._left_out: dict[str, int] = {}
        self._runs: list[str] = []

    def refuse(self, line: int, why: str) -> None:
        """It may not be loaded."""
        if len(self.refused) < MOST:
            self.refused.append(f"line {line}: {why}")

    def take(self, verdict: Verdict, line: int) -> None:
        """A statement was judged."""
        self._roles |= verdict.roles
        if verdict.extension:
            self._extensions.add(verdict.extension)
        if verdict.table:
            self._tables.add(verdict.table)
        if verdict.database:
            self._database(verdict.database, line)
        if verdict.skip:
            self._left_out[verdict.skip] = self._left_out.get(verdict.skip, 0) + 1
        if verdict.inserts:
            self.rows[verdict.inserted] = self.rows.get(verdict.inserted, 0) + verdict.inserts
        if verdict.runs and len(self._runs) < MOST:
            self._runs.append(f"line {line}: a routine that starts a program on the server: {verdict.runs}")
        if verdict.refuse:
            self.refuse(line, verdict.refuse)

    def connect(self, target: str, line: int) -> None:
        r"""A ``\connect`` was left out."""
        name = target.strip().split()[0] if not target.strip().startswith(('"', "-", "'")) else target.strip()
        found = re.search(r"dbname='([^']+)'", target)
        name = found[1] if found else name.strip("\"'")
        self._left_out["\\connect"] = self._left_out.get("\\connect", 0) + 1
        self._database(printable(name, limit=63), line)

    def _database(self, name: str, line: int) -> None:
        self._databases.add(name)
        if len(self._databases) > 1:
            self.refuse(line, "it holds more than one database (pg_dumpall): restore each by its own dump")

    def notes(self) -> tuple[str, ...]:
        """What was left out, one line each."""
        return tuple(f"left out: {what}" + (f" ({n} times)" if n > 1 else "") for what, n in self._left_out.items())

    def report(self, head: bytes, tail: bytes) -> ScanReport:
        """All of it; ``head`` and ``tail`` are the dump's first and last bytes."""
        version = VERSION.search(head)
        return ScanReport(
            rows=dict(self.rows),
            roles=tuple(sorted(self._roles)),
            extensions=tuple(sorted(self._extensions)),
            databases=tuple(sorted(self._databases)),
            dumped_from=version[1].decode(errors="replace") if version else "",
            complete=COMPLETE in tail,
            refused=tuple(self.refused),
            notes=self.notes(),
            tables=tuple(sorted(self._tables)),
            runs=tuple(self._runs),
        )
