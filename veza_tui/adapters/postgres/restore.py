"""The restore port on a real PostgreSQL."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from veza_tui.adapters.postgres.connection import Endpoint, connect
from veza_tui.adapters.postgres.swap import MAINTENANCE, rename, swap
from veza_tui.adapters.postgres.table_state import resolve_tables
from veza_tui.adapters.postgres.tables import copy_tables, drop_kept_rows, put_back_tables
from veza_tui.adapters.postgres.target import set_aside_databases, target_facts
from veza_tui.adapters.postgres.tools import find_tools, installed
from veza_tui.model.errors import ConfigError, LockedError
from veza_tui.model.restore import SetAside, TargetFacts


class PostgresRestoreServer:
    """Fulfils ``ports.restore.RestoreServer``; ``endpoint.database`` is the live database."""

    def __init__(self, endpoint: Endpoint | Callable[[], Awaitable[Endpoint]], label: str = "") -> None:
        # A callable resolves the password at the moment of use.
        self._source = endpoint
        self.label = label or (endpoint.label if isinstance(endpoint, Endpoint) else "")

    async def _reach(self) -> Endpoint:
        return self._source if isinstance(self._source, Endpoint) else await self._source()

    async def target(self) -> TargetFacts:
        """What preflight judges."""
        return await target_facts(await self._reach())

    async def swap(self, *, live: str, incoming: str, aside: str) -> tuple[str, ...]:
        """Both renames in one transaction."""
        return await swap(await self._reach(), live=live, incoming=incoming, aside=aside)

    async def swap_back(self, *, live: str, incoming: str, aside: str) -> None:
        """The same back, where it was ever done."""
        await swap(await self._reach(), live=live, incoming=incoming, aside=aside, undo=True)

    async def rename(self, *, old: str, new: str) -> None:
        """One database, where there is nothing to swap with."""
        await rename(await self._reach(), old=old, new=new)

    async def drop_kept_rows(self, schema: str) -> None:
        """Drop a schema in which chosen tables' rows were kept."""
        await drop_kept_rows(await self._reach(), schema)

    async def set_aside(self) -> list[SetAside]:
        """What restores left on the server, newest first."""
        return await set_aside_databases(await self._reach())

    async def resolve_tables(self, tables: Sequence[str]) -> list[str]:
        """A partitioned table stands for its partitions."""
        return await resolve_tables(await self._reach(), tables)

    async def copy_tables(self, source: str, tables: Sequence[str], keep_in: str) -> dict[str, int]:
        """Replace tables' rows in one transaction."""
        return await copy_tables(await self._reach(), source, tables, keep_in)

    async def put_back_tables(self, keep_in: str) -> dict[str, int]:
        """Undo ``copy_tables``."""
        return await put_back_tables(await self._reach(), keep_in)

    def client_major(self, server_major: int) -> int:
        """Major version of the client programs found for this server; 0 when there are none that fit."""
        try:
            return find_tools(server_major).major
        except ConfigError:
            return max((t.major for t in installed()), default=0)

    @contextlib.asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """A session advisory lock in the maintenance database: the server drops it when we die.

        Raises:
            LockedError: another session holds it; names who, where the server tells.
        """
        endpoint = await self._reach()
        key = int.from_bytes(hashlib.sha256(f"veza-tui {endpoint.database}".encode()).digest()[:8], "big") >> 1
        async with connect(endpoint.on(MAINTENANCE)) as connection:
            cursor = await connection.execute("SELECT pg_try_advisory_lock(%s)", (key,))
            row = await cursor.fetchone()
            if row is None or not row[0]:
                cursor = await connection.execute(
                    "SELECT a.usename, a.client_addr::text, a.backend_start::timestamp(0)::text FROM pg_locks l"
                    " JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory'"
                    " AND (l.classid::bigint << 32) + l.objid::bigint = %s",
                    (key,),
                )
                holder = await cursor.fetchone()
                who = f"{holder[0]} from {holder[1] or 'this machine'} since {holder[2]}" if holder else "somebody"
                raise LockedError(f"database work on {endpoint.label} is under way: {who} holds the lock")
            yield
