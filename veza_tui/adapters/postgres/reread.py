"""The digests of what was loaded: the scratch database is dumped again, to nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veza_tui.adapters.postgres.connection import Endpoint
from veza_tui.adapters.postgres.facts import database_facts
from veza_tui.adapters.postgres.pg_dump import pg_dump
from veza_tui.adapters.postgres.row_digests import KIND, PlainDigests, encoding, settings, with_rows
from veza_tui.adapters.postgres.tools import find_tools
from veza_tui.model.backup import DatabaseFacts

if TYPE_CHECKING:
    from psycopg import AsyncConnection


async def facts_like(connection: AsyncConnection, endpoint: Endpoint, like: DatabaseFacts) -> DatabaseFacts:
    """Facts of the connected database, which nobody else writes to, with digests of the same kinds as ``like`` has.

    Raises:
        VezaError: it cannot be read.
    """
    carried = {t.key for t in like.tables if t.digest.startswith(KIND)}
    facts = await database_facts(connection, like=like, of=lambda key: key not in carried)
    if not carried:
        return facts
    tools = find_tools(connection.info.server_version // 10000)
    arguments = ["--format=plain", "--data-only", "--no-blobs", *encoding(connection)]
    digests = PlainDigests()
    await pg_dump(endpoint, tools, arguments, await settings(connection), lambda block: digests.feed(bytes(block)))
    return with_rows(facts, digests.result(), carried)[0]
