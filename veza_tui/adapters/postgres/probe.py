"""PostgreSQL at a glance, for the health monitor."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Awaitable, Callable

from veza_tui.adapters.postgres.connection import Endpoint, connect
from veza_tui.model.environment import Database
from veza_tui.model.errors import UnreachableError
from veza_tui.ports.health import DatabaseVitals

# Everything here may be read by any user: pg_stat_activity hides other users' transactions from one without
# pg_read_all_stats, and then the longest transaction is that of our own user's sessions. Transactions and blocked
# sessions are this database's: environments that share a server must not cry for one another. (A row lock that is
# waited for names no database in pg_locks.)
_QUERY = """
SELECT current_setting('server_version'),
       (SELECT coalesce(sum(numbackends), 0) FROM pg_stat_database)::int
         - (SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'veza-tui%')::int,
       current_setting('max_connections')::int,
       (SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0) FROM pg_stat_activity
         WHERE pid <> pg_backend_pid() AND xact_start IS NOT NULL AND datname = current_database())::float8,
       (SELECT count(DISTINCT waiting.pid) FROM pg_locks waiting JOIN pg_stat_activity USING (pid)
         WHERE NOT granted AND datname = current_database())::int,
       CASE WHEN pg_is_in_recovery()
            THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
            ELSE (SELECT extract(epoch FROM max(replay_lag)) FROM pg_stat_replication) END::float8,
       pg_database_size(current_database()),
       (SELECT blks_hit::float8 / nullif(blks_hit + blks_read, 0) FROM pg_stat_database
         WHERE datname = current_database())
"""


class PostgresProbe:
    """See ``ports.health.DatabaseProbe``.

    Each question makes a connection of its own: that is what shows that connections can still be had, and no idle
    session of ours stands in the way of a restore.
    """

    def __init__(self, database: Database, secrets: Callable[[str], Awaitable[str]]) -> None:
        self._database = database
        self._secrets = secrets

    async def vitals(self, *, timeout: float) -> DatabaseVitals:
        """Connect and ask; latency is that of both together.

        Raises:
            UnreachableError: no answer within ``timeout`` seconds.
            RefusedError: user, password or database refused.
            ConfigError: the password's variable is nowhere.
        """
        await asyncio.to_thread(importlib.import_module, "psycopg")
        database = self._database
        password = await self._secrets(database.password) if database.password else ""
        endpoint = Endpoint(database.host, database.port, database.user, database.name, password, database.ssl_mode)
        started = time.monotonic()
        try:
            async with asyncio.timeout(timeout):
                return await self._ask(endpoint, started)
        except TimeoutError:
            raise UnreachableError(
                f"PostgreSQL at {endpoint.label} did not answer within {timeout:g} s", hint="is it up, and reachable?"
            ) from None

    async def close(self) -> None:
        """Nothing is held open."""

    async def _ask(self, endpoint: Endpoint, started: float) -> DatabaseVitals:
        import psycopg

        async with connect(endpoint) as connection:
            try:
                row = await (await connection.execute(_QUERY)).fetchone()
            except psycopg.Error as error:
                text = str(error).strip().splitlines() or [type(error).__name__]
                raise UnreachableError(f"PostgreSQL at {endpoint.label}: {text[0]}") from None
            latency = time.monotonic() - started
        assert row is not None
        return DatabaseVitals(latency, *row)
