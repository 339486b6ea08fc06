"""Lets a plain dump through table by table, for a server that cannot hold all tables' locks in one transaction."""

from __future__ import annotations

import re

from veza_tui.adapters.postgres.lexis import skip_blank
from veza_tui.adapters.postgres.opening import DumpFilter
from veza_tui.adapters.postgres.statements import TRANSACTIONS, Verdict

_TARGET = re.compile(rb'COPY\s+((?:"(?:[^"]|"")+"|[^\s."(]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[^\s."(]+))?)', re.I)
_PARTITIONED = re.compile(rb"\)\s*PARTITION BY (?:RANGE|LIST|HASH) \(")


class ApartFilter(DumpFilter):
    """As pg_restore does with several jobs: a table's rows come into the transaction that empties it, which keeps their
    order. The dump's own transactions stay. (Source: PostgreSQL, pg_backup_archiver.c, restore_toc_entry.)
    """

    def __init__(self, *, owners: bool = True, server_major: int = 0) -> None:
        super().__init__(owners=owners, server_major=server_major)
        # Rows that go through the root of a tree come in several parts, and a root cannot be emptied by itself.
        self._whole: set[str] = set()

    def _passed(self, verdict: Verdict, text: bytes) -> bytes:
        self._after_rows = b""
        if verdict.skip == TRANSACTIONS:
            return text
        if verdict.table and _PARTITIONED.search(text):
            self._whole.add(verdict.table)
        target = _TARGET.match(text, skip_blank(text)) if verdict.copy and not verdict.refuse else None
        if target is None or verdict.copy in self._whole:
            return super()._passed(verdict, text)
        self._whole.add(verdict.copy)
        # On the same lines, so that psql tells the dump's own.
        self._after_rows = b"COMMIT;"
        return b"BEGIN; TRUNCATE TABLE ONLY " + target[1] + b";" + text
