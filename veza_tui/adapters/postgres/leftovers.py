"""Statements that a killed runner left behind: its server process ends them before it sees that nobody listens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from veza_tui.model.errors import LockedError

if TYPE_CHECKING:
    from psycopg import AsyncConnection

PATIENCE = 15.0
"""Seconds until such a statement must be gone."""

# Ours are told by the application's name, and by the database that their text names (as text, not as a parameter).
_OURS = """
FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename = current_user
AND application_name = 'veza-tui' AND state <> 'idle'
AND EXISTS (SELECT 1 FROM unnest(%s::text[]) n WHERE strpos(query, '"' || n || '"') > 0)
"""


async def end_leftovers(connection: AsyncConnection, names: Sequence[str]) -> None:
    """End what still works on databases of these names, and wait until it is over: done wholly or not at all.

    A CREATE DATABASE that comes to its end after a DROP of the same name would stay behind; a COMMIT on its way would
    be overtaken by a look at the names.

    Raises:
        LockedError: it does not end.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        cursor = await connection.execute(f"SELECT pg_terminate_backend(pid) {_OURS}", (list(names),))
        if not await cursor.fetchall():
            return
        if time.monotonic() > deadline:
            raise LockedError(f"an earlier operation still works on {names[0]} on the server", hint="try again")
        await asyncio.sleep(0.02)
