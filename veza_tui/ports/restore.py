"""What a restore asks of a PostgreSQL server beyond dump and load. One instance is one environment's live database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from veza_tui.model.restore import SetAside, TargetFacts


class RestoreServer(Protocol):
    """Raises UnreachableError, RefusedError and ConfigError, each one line that says what to do."""

    label: str
    """``host:port/database`` for people; part of a plan's target."""

    async def target(self) -> TargetFacts:
        """What preflight judges."""
        ...

    async def swap(self, *, live: str, incoming: str, aside: str) -> tuple[str, ...]:
        """Both renames in one transaction; done already is not an error. Returns what could not be carried over."""
        ...

    async def swap_back(self, *, live: str, incoming: str, aside: str) -> None:
        """The same back; that it never happened, or was taken back already, is not an error."""
        ...

    async def rename(self, *, old: str, new: str) -> None:
        """Rename one database where there is nothing to swap with; done already is not an error."""
        ...

    async def set_aside(self) -> list[SetAside]:
        """What restores left on the server, newest first."""
        ...

    async def drop_kept_rows(self, schema: str) -> None:
        """Drop a schema in which chosen tables' rows were kept."""
        ...

    async def resolve_tables(self, tables: Sequence[str]) -> list[str]:
        """Tables of the live database that hold the rows of ``tables``; ConfigError when one is none."""
        ...

    async def copy_tables(self, source: str, tables: Sequence[str], keep_in: str) -> dict[str, int]:
        """Replace the rows of the live database's ``tables`` by those of database ``source``, in one transaction.

        The present rows are kept in the schema ``keep_in`` of the live database; a schema of that name means that it
        was done already. Returns the rows now per table.
        """
        ...

    async def put_back_tables(self, keep_in: str) -> dict[str, int]:
        """Undo ``copy_tables``: the rows kept in the schema ``keep_in`` go back, in one transaction."""
        ...

    def client_major(self, server_major: int) -> int:
        """Major version of the client programs that would load the dump; ConfigError when there are none."""
        ...

    def lock(self) -> AbstractAsyncContextManager[None]:
        """The session advisory lock around database work; LockedError when somebody else holds it."""
        ...
