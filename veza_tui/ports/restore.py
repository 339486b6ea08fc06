"""What a restore asks of a PostgreSQL server. One instance is one environment's live database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from veza_tui.model.backup import DatabaseFacts
from veza_tui.model.restore import SetAside, TargetFacts


class RestoreServer(Protocol):
    """Raises UnreachableError, RefusedError and ConfigError, each one line that says what to do."""

    @property
    def label(self) -> str:
        """``host:port/database`` for people; part of a plan's target."""
        ...

    async def target(self) -> TargetFacts:
        """What preflight judges."""
        ...

    async def facts(self, database: str = "", *, digests: bool = True) -> DatabaseFacts:
        """What a database (the live one by default) holds, in one snapshot."""
        ...

    async def exists(self, database: str) -> bool:
        """Whether there is a database of that name."""
        ...

    async def create_like_live(self, database: str) -> None:
        """An empty database from template0 with the live one's owner, encoding and locale; dropped first if present."""
        ...

    async def analyze(self, database: str) -> None:
        """ANALYZE the whole database."""
        ...

    async def swap(self, *, live: str, incoming: str, aside: str) -> None:
        """Both renames in one transaction; done already is not an error."""
        ...

    async def set_aside(self) -> list[SetAside]:
        """Databases that restores set aside, newest first."""
        ...

    async def drop(self, database: str) -> None:
        """Drop a database that is not the live one; gone already is not an error."""
        ...

    async def copy_tables(self, source: str, tables: Sequence[str], keep_in: str) -> dict[str, int]:
        """Replace the rows of the live database's ``tables`` by those of database ``source``, in one transaction.

        The present rows are kept in the schema ``keep_in`` of the live database. Returns rows now per table.
        """
        ...

    async def put_back_tables(self, keep_in: str) -> dict[str, int]:
        """Undo ``copy_tables``: the rows kept in the schema ``keep_in`` go back, in one transaction."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """The session advisory lock of this database's restores and backups; LockedError when somebody holds it."""
        ...
