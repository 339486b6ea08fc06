"""The part of the demo that starts first: directories, workspace, PostgreSQL and Valkey. Its imports are light."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from veza_tui.embedded.platform import lifetime
from veza_tui.embedded.platform.demo_workspace import ENVIRONMENTS, DemoWorkspace, Endpoints
from veza_tui.embedded.platform.postgres import DEFAULT_ROWS, Postgres
from veza_tui.embedded.platform.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Options:
    """What ``veza-tui demo`` was asked for. ``traffic`` in requests a second over all environments."""

    state: Path | None = None
    rows: int = DEFAULT_ROWS
    pods: int = 0
    time_scale: float = 1.0
    traffic: float = 1.5
    incident: str = ""


class Stores:
    """``start`` them, ``close`` them; ``close`` also removes the temporary directories."""

    def __init__(self, options: Options) -> None:
        self.home = lifetime.Home(options.state)
        with contextlib.ExitStack() as undo:
            undo.callback(self.home.close)
            run, state = self.home.run, self.home.state
            self.workspace = DemoWorkspace(state / "workspace")
            self.workspace.create()
            passwords = {e.database: self.workspace.password(e) for e in ENVIRONMENTS}
            self.postgres = Postgres(state, run, passwords, self.home.beside, options.rows, keep=self.home.kept)
            self.caches: dict[str, Valkey] = {}
            for environment in ENVIRONMENTS:
                name, password = environment.name, self.workspace.cache_password(environment)
                saved = state / f"valkey-{name}" if self.home.kept else None
                self.caches[name] = Valkey(name, run, password, saved)
            undo.pop_all()

    async def start(self) -> None:
        """All servers up, the workspace pointed at them.

        Raises:
            ExceptionGroup: of VezaError; a server does not come up.
        """
        os.environ[lifetime.MARKER] = str(self.home.run)  # for all children
        async with asyncio.TaskGroup() as group:
            group.create_task(self.postgres.start())
            for cache in self.caches.values():
                group.create_task(cache.start())
        ssl_mode = "require" if self.postgres.tls else "prefer"
        ports = {name: cache.port for name, cache in self.caches.items()}
        self.workspace.point(
            {name: Endpoints(self.postgres.host, self.postgres.port, port, ssl_mode) for name, port in ports.items()}
        )

    async def fill(self) -> None:
        """What makes them look used: recent messages, sessions, a commit in the workspace."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.workspace.commit())
            if not self.home.kept:
                group.create_task(self.postgres.freshen())
                for cache in self.caches.values():
                    group.create_task(cache.fill())

    async def close(self) -> None:
        """Stop all, end what left its parent, remove what is temporary. Idempotent."""
        stops = (self.postgres.close(), *(cache.stop() for cache in self.caches.values()))
        await asyncio.gather(*stops, return_exceptions=True)
        await asyncio.to_thread(lifetime.end_marked, str(self.home.run))
        self.home.close()
