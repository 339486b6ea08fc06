"""A PostgreSQL of one's own, for as long as a benchmark needs it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.conftest import PostgresServer


@contextmanager
def postgres() -> Iterator[tuple[Path, PostgresServer]]:
    """The server, with the demo's small databases, and a directory that goes with it at the end of the block."""
    from tests.integration.conftest import PASSWORDS, LoopThread, PostgresServer
    from veza_tui.embedded.platform.postgres import Postgres

    with tempfile.TemporaryDirectory(prefix="vz-", ignore_cleanup_errors=True) as name:
        top = Path(name)
        (top / "st").mkdir()
        (top / "run").mkdir()
        loop = LoopThread()
        server = PostgresServer(Postgres(top / "st", top / "run", PASSWORDS, top / "pg", rows=1000), loop)
        server.start()
        try:
            yield top, server
        finally:
            loop.call(server.server.close())
            loop.close()


def settle(server: PostgresServer, database: str) -> None:
    """After a fill: nothing of it is left to do while something is measured."""
    server.admin("VACUUM ANALYZE", database)
    server.admin("CHECKPOINT", "postgres")
