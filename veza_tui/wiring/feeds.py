"""Live views: feeds and what they ask for. Imports stand inside functions (start-up time)."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from veza_tui.model.errors import VezaError
from veza_tui.wiring.stores import (
    Secrets,
    cache_probe,
    database_probe,
    kubernetes_secret,
    open_storage,
)

if TYPE_CHECKING:
    from veza_tui.feeds.broken import BrokenFeed
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.feeds.history import HealthStore
    from veza_tui.model.environment import Environment
    from veza_tui.model.restore import SetAside
    from veza_tui.model.view import LastOperation, NewestBackup
    from veza_tui.ports.cluster import Cluster
    from veza_tui.workspace.load import Workspace


def make_feeds(
    workspace: Workspace,
    names: Sequence[str],
    *,
    last_operation: Callable[[str], Awaitable[LastOperation | None]] | None = None,
    newest_backup: Callable[[str], Awaitable[NewestBackup | None]] | None = None,
    record: bool = False,
    others_live_on: bool = False,
) -> list[EnvironmentFeed | BrokenFeed]:
    """One feed for each name, not started; the two functions are called with an environment's name.

    Imports no client library: the feed does, in a thread, when it starts. ``others_live_on``: an environment that
    cannot be read gets a feed that says so.

    Raises:
        ConfigError: one of the environments cannot be read.
    """
    from veza_tui.feeds.broken import BrokenFeed
    from veza_tui.model.errors import ConfigError

    feeds: list[EnvironmentFeed | BrokenFeed] = []
    for name in names:
        try:
            environment = workspace.environment(name)
        except ConfigError as error:
            if not others_live_on:
                raise
            feeds.append(BrokenFeed(name, error))
            continue
        feeds.append(
            make_feed(workspace, environment, last_operation=last_operation, newest_backup=newest_backup, record=record)
        )
    return feeds


def make_feed(
    workspace: Workspace,
    environment: Environment,
    *,
    last_operation: Callable[[str], Awaitable[LastOperation | None]] | None = None,
    newest_backup: Callable[[str], Awaitable[NewestBackup | None]] | None = None,
    record: bool = False,
    health_interval: float | None = None,
    look_aside: bool = False,
) -> EnvironmentFeed:
    """The feed of an environment that is read already; not started. ``record`` keeps the health history on disk.

    ``health_interval`` is in seconds; None is the feed's own. ``look_aside`` asks the database's server now and then
    what a restore has set aside.
    """
    from veza_tui import wiring
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.feeds.health import INTERVAL
    from veza_tui.feeds.history import HealthRecorder
    from veza_tui.workspace.variables import Variables

    name = environment.name
    connected: list[Cluster] = []

    def connect() -> Cluster:
        connected[:] = [wiring.connect_cluster(environment)]
        return connected[0]

    async def cluster_secret() -> Mapping[str, str]:
        return await kubernetes_secret(connected[0], environment) if connected else {}

    variables = Variables(workspace, name, cluster=cluster_secret)
    return EnvironmentFeed(
        environment,
        connect,
        database=database_probe(environment, variables),
        cache=cache_probe(environment, variables),
        last_operation=None if last_operation is None else lambda: last_operation(name),
        newest_backup=None if newest_backup is None else lambda: newest_backup(name),
        set_aside=(lambda: newest_set_aside(environment, variables)) if look_aside else None,
        recorder=HealthRecorder(health_store(workspace, name)) if record else None,
        health_interval=health_interval or INTERVAL,
    )


def health_store(workspace: Workspace, environment: str) -> HealthStore:
    """Where the environment's health history is kept."""
    from veza_tui.feeds.history import HealthStore
    from veza_tui.operations.settings import state_directory

    return HealthStore(state_directory(), environment, workspace.path)


async def last_operation(environment: str) -> LastOperation | None:
    """The newest operation on an environment, from the journals of this machine."""
    import asyncio

    from veza_tui import wiring
    from veza_tui.model.view import LastOperation

    newest = await asyncio.to_thread(lambda: next(iter(wiring.operation_store().list(environment)), None))
    if newest is None:
        return None
    return LastOperation(newest.id, newest.kind, newest.user, str(newest.state), newest.ended or newest.started or 0.0)


BUCKET_SECONDS = 30.0
"""How long an answer about a bucket is believed: the feeds ask every five seconds, and requests there cost money."""


def newest_backup_of(
    workspace: Callable[[], Workspace], monotonic: Callable[[], float] = time.monotonic
) -> Callable[[str], Awaitable[NewestBackup | None]]:
    """Asks the catalogue for an environment's newest backup of its database."""
    import asyncio

    known: dict[tuple[str, str], tuple[float, NewestBackup | VezaError | None]] = {}

    def read(environment: str) -> NewestBackup | None:
        from veza_tui.operations.backup.catalogue import Catalogue

        place = workspace()
        settings = place.environment(environment)
        if not settings.backup.storage:
            return Catalogue(open_storage(place, settings)).newest(environment)
        key = (environment, settings.backup.storage)
        until, answer = known.get(key, (0.0, None))
        if key not in known or monotonic() >= until:
            try:
                answer = Catalogue(open_storage(place, settings)).newest(environment)
            except VezaError as error:
                answer = error
            known[key] = (monotonic() + BUCKET_SECONDS, answer)
        if isinstance(answer, VezaError):
            raise answer
        return answer

    async def newest(environment: str) -> NewestBackup | None:
        return await asyncio.to_thread(read, environment)

    return newest


async def newest_set_aside(environment: Environment, secrets: Secrets) -> SetAside | None:
    """What `undo-restore` would go back to; None when there is nothing."""
    import asyncio
    import importlib

    for module in ("psycopg", "veza_tui.adapters.postgres.database", "veza_tui.adapters.postgres.restore"):
        # Some 150 ms of imports: a key would wait for them.
        await asyncio.to_thread(importlib.import_module, module)
    from veza_tui.adapters.postgres.database import PostgresDatabase
    from veza_tui.adapters.postgres.restore import PostgresRestoreServer

    server = PostgresRestoreServer(PostgresDatabase(environment.database, secrets).endpoint)
    return next((s for s in await server.set_aside() if s.undoable), None)
