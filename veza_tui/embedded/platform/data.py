"""What stands in the demo's databases: roles, databases, the seed, fresh messages, seeding anew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from psycopg import AsyncConnection

SHARES = {"veza_production": 1, "veza_staging": 6, "veza_dev": 60}
"""Database -> what fraction (1/n) of the rows it gets; its owner has the same name."""
MINIMUM_ROWS = 1_000
_MEMBER_OF = "pg_monitor, pg_signal_backend"
_SEED = Path(__file__).with_name("seed.sql")


class Connect(Protocol):
    """Opens an autocommit connection as any role."""

    async def __call__(
        self, database: str = "postgres", *, user: str = "postgres"
    ) -> AsyncConnection[tuple[Any, ...]]: ...


def script() -> str:
    """The seed, with ``:rows`` in it."""
    return _SEED.read_text(encoding="utf-8")


async def create(connect: Connect, rows: int) -> None:
    """Roles without passwords, databases, and what is in them."""
    async with await connect() as admin:
        await admin.execute("CREATE ROLE veza_readonly NOLOGIN")
        for name in SHARES:
            for statement in (
                f"CREATE ROLE {name} LOGIN CREATEDB IN ROLE {_MEMBER_OF}",
                f"CREATE DATABASE {name} OWNER {name} STRATEGY FILE_COPY",
                f"REVOKE CONNECT, TEMPORARY ON DATABASE {name} FROM PUBLIC",
                f"GRANT CONNECT ON DATABASE {name} TO veza_readonly",
                f"ALTER DATABASE {name} SET timezone TO 'UTC'",
            ):
                await admin.execute(statement.encode())

    async def fill(database: str) -> None:
        async with await connect(database, user=database) as owner:
            await _seed(database, owner, rows)
            await owner.execute("VACUUM ANALYZE")

    await asyncio.gather(*map(fill, SHARES))
    async with await connect() as admin:
        await admin.execute("CHECKPOINT")


async def freshen(connect: Connect) -> None:
    """A few hundred messages of the last hours: the template may be days old."""
    for database, messages in (("veza_production", 240), ("veza_staging", 24), ("veza_dev", 6)):
        async with await connect(database, user=database) as owner:
            await owner.execute(
                "INSERT INTO messages (room_id, author_id, body, sent_at) "
                "SELECT 1 + i %% 5, 1 + i %% 9, 'Message ' || i, now() - make_interval(secs => i * 45) "
                "FROM generate_series(%s::int, 1, -1) i",
                (messages,),
            )


async def reseed(connect: Connect, database: str, rows: int) -> None:
    """Drop everything in a database and fill it anew, in one transaction."""
    async with await connect(database) as admin:
        await admin.set_autocommit(False)
        for statement in (
            "DROP SCHEMA public CASCADE",
            "CREATE SCHEMA public AUTHORIZATION pg_database_owner",
            "GRANT USAGE ON SCHEMA public TO PUBLIC",
            f"SET LOCAL SESSION AUTHORIZATION {database}",
        ):
            await admin.execute(statement.encode())
        await _seed(database, admin, rows)


async def _seed(database: str, owner: AsyncConnection[tuple[Any, ...]], rows: int) -> None:
    share = max(MINIMUM_ROWS, rows // SHARES[database])
    await owner.execute(script().replace(":rows", str(share)).encode())
