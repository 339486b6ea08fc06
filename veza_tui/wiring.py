"""The composition root: the only place where adapters meet ports. Imports stand inside functions (start-up time)."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veza_tui.adapters.postgres.database import PostgresDatabase
    from veza_tui.feeds.broken import BrokenFeed
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.feeds.history import HealthStore
    from veza_tui.model.environment import Environment
    from veza_tui.model.restore import SetAside
    from veza_tui.model.view import LastOperation, NewestBackup
    from veza_tui.operations.audit import AuditLog
    from veza_tui.operations.forward.registry import Forwards
    from veza_tui.operations.service import OperationsService
    from veza_tui.operations.shell.shells import Shells
    from veza_tui.operations.store import OperationStore
    from veza_tui.ports.clock import Clock
    from veza_tui.ports.cluster import Cluster
    from veza_tui.ports.commands import Commands
    from veza_tui.ports.database import Database
    from veza_tui.ports.health import CacheProbe, DatabaseProbe
    from veza_tui.ports.restore import RestoreServer
    from veza_tui.ports.runner import Runners
    from veza_tui.ports.storage import Storage
    from veza_tui.tui.provided import ProvidedServices
    from veza_tui.workspace.load import Workspace
    from veza_tui.workspace.variables import Variables

Secrets = Callable[[str], Awaitable[str]]
"""Resolves ``${VAR}`` in a text, at the moment of use; raises ConfigError naming the variable, never a value."""


def connect_cluster(environment: Environment) -> Cluster:
    """The environment's cluster. Reads the kubeconfig (a few ms), connects at the first call.

    Raises:
        ConfigError: no kubeconfig, no such context, or something in it that cannot be used.
    """
    from veza_tui.adapters.kubernetes.client import open_cluster

    return open_cluster(environment.kubernetes)


def cluster_address(environment: Environment) -> tuple[str, str]:
    """The kubeconfig context that an environment means, and its server's URL; nothing is asked.

    Raises:
        ConfigError: see ``connect_cluster``.
    """
    from veza_tui.adapters.kubernetes.kubeconfig import find_access

    access = find_access(environment.kubernetes.context)
    return access.context, access.server


def postgres_clients() -> list[tuple[str, str]]:
    """Version and directory of PostgreSQL's client programs on this machine."""
    from veza_tui.adapters.postgres.tools import installed

    return [(tools.version, str(tools.directory)) for tools in installed()]


def database_probe(environment: Environment, secrets: Secrets) -> DatabaseProbe:
    """Vitals of the environment's database; the password is resolved for each connection."""
    from veza_tui.adapters.postgres.probe import PostgresProbe

    return PostgresProbe(environment.database, secrets)


def cache_probe(environment: Environment, secrets: Secrets) -> CacheProbe:
    """Vitals of the environment's cache; the password is resolved for each connection."""
    from veza_tui.adapters.redis.probe import RedisProbe

    return RedisProbe(environment.cache, secrets)


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
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.feeds.health import INTERVAL
    from veza_tui.feeds.history import HealthRecorder
    from veza_tui.workspace.variables import Variables

    name = environment.name
    connected: list[Cluster] = []

    def connect() -> Cluster:
        connected[:] = [connect_cluster(environment)]
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


def make_screen_services(
    directory: Path, *, read_only: bool = False, health_interval: float | None = None
) -> ProvidedServices:
    """What the screens are given. Nothing is read before they ask for it: they paint first.

    Rooms add to ``services`` what their screens ask for by name.
    """
    import asyncio.sslproto
    from functools import cache
    from getpass import getuser

    from veza_tui.feeds.clock import SystemClock
    from veza_tui.tui.provided import ProvidedServices
    from veza_tui.workspace.load import load_workspace

    @cache
    def workspace() -> Workspace:
        return load_workspace(directory)

    # asyncio keeps a 256 KiB read buffer for each TLS connection: 9 MB for three environments' watches.
    asyncio.sslproto.SSLProtocol.max_size = 32 * 1024
    clock = SystemClock()

    def world() -> World:
        # Asked for by name, so that it is closed with the rest, and after all that rests on it.
        made: World = provided.service("world")
        return made

    provided = ProvidedServices(
        names=lambda: workspace().names(),
        environment=lambda name: workspace().environment(name),
        feed=lambda environment: make_feed(
            workspace(),
            environment,
            last_operation=last_operation,
            newest_backup=newest_backup_of(workspace),
            record=True,
            health_interval=health_interval,
            look_aside=True,
        ),
        clock=clock,
        user=getuser(),
        read_only=read_only,
        services={
            "workspace": workspace,
            "world": lambda: World(workspace(), clock, read_only=read_only),
            "operations": lambda: operations_service(world()),
            "health_store": lambda: lambda name: health_store(workspace(), name),
            "connect": lambda: connect_cluster,
            "forwards": lambda: forwards(world()),
            "shells": lambda: shells(world()),
        },
    )
    return provided


async def last_operation(environment: str) -> LastOperation | None:
    """The newest operation on an environment, from the journals of this machine."""
    import asyncio

    from veza_tui.model.view import LastOperation

    newest = await asyncio.to_thread(lambda: next(iter(operation_store().list(environment)), None))
    if newest is None:
        return None
    return LastOperation(newest.id, newest.kind, newest.user, str(newest.state), newest.ended or newest.started or 0.0)


def newest_backup_of(workspace: Callable[[], Workspace]) -> Callable[[str], Awaitable[NewestBackup | None]]:
    """Asks the catalogue for an environment's newest backup of its database."""
    import asyncio

    def read(environment: str) -> NewestBackup | None:
        from veza_tui.operations.backup.catalogue import Catalogue

        place = workspace()
        return Catalogue(open_storage(place, place.environment(environment))).newest(environment)

    async def newest(environment: str) -> NewestBackup | None:
        return await asyncio.to_thread(read, environment)

    return newest


async def newest_set_aside(environment: Environment, secrets: Secrets) -> SetAside | None:
    """What `undo-restore` would go back to; None when there is nothing."""
    from veza_tui.adapters.postgres.database import PostgresDatabase
    from veza_tui.adapters.postgres.restore import PostgresRestoreServer

    server = PostgresRestoreServer(PostgresDatabase(environment.database, secrets).endpoint)
    return next((s for s in await server.set_aside() if s.undoable), None)


async def kubernetes_secret(cluster: Cluster, environment: Environment) -> Mapping[str, str]:
    """See ``operations.cluster_values``."""
    from veza_tui.operations.cluster_values import kubernetes_secret as read

    return await read(cluster, environment)


# Ports that operations ask for by name (``context.service``): "module:function", called with (world, environment).
SERVICES: dict[str, str] = {
    "database": "veza_tui.wiring:postgres",
    "storage": "veza_tui.wiring:backup_storage",
    "restore": "veza_tui.wiring:restore_server",
    "cache_probe": "veza_tui.wiring:operations_cache",
    "commands": "veza_tui.wiring:process_commands",
}


def environment_variables(world: World, environment: Environment) -> Variables:
    """``${VAR}`` of the environment: secrets file, process environment, then its Kubernetes Secret."""
    from veza_tui.model.errors import VezaError
    from veza_tui.workspace.variables import Variables

    async def cluster_secret() -> Mapping[str, str]:
        try:
            cluster = world.cluster(environment)
        except VezaError:
            return {}  # no kubeconfig: work on the database alone must still find what the secrets file has
        return await kubernetes_secret(cluster, environment)

    return Variables(world.workspace, environment.name, cluster=cluster_secret)


def postgres(world: World, environment: Environment) -> PostgresDatabase:
    """The environment's PostgreSQL for backup and restore; the password is resolved for each connection."""
    from veza_tui.adapters.postgres.database import PostgresDatabase

    return PostgresDatabase(environment.database, environment_variables(world, environment))


def restore_server(world: World, environment: Environment) -> RestoreServer:
    """The same server for the swap and what stands around it."""
    from veza_tui.adapters.postgres.restore import PostgresRestoreServer

    settings = environment.database
    label = f"{settings.host}:{settings.port}/{settings.name}"
    return PostgresRestoreServer(postgres(world, environment).endpoint, label)


def operations_cache(world: World, environment: Environment) -> CacheProbe:
    """The environment's cache for a restore's flush."""
    return cache_probe(environment, environment_variables(world, environment))


def process_commands(world: World, environment: Environment) -> Commands:
    """Child processes of this machine."""
    from veza_tui.adapters.process.commands import ProcessCommands

    return ProcessCommands()


def backup_storage(world: World, environment: Environment) -> Storage:
    """Where the environment's backups lie: the workspace's ``backups/``, or the bucket that its file names."""
    return open_storage(world.workspace, environment)


def job_parts(spec: Mapping[str, Any], target: Path | None) -> tuple[Storage, Database, Clock]:
    """What a backup inside the cluster works with: the claim's directory or the bucket, and the database.

    Raises:
        ConfigError: the Job has no password, or nowhere to write.
    """
    import os

    from veza_tui.adapters.postgres.database import PostgresDatabase
    from veza_tui.adapters.process.clock import SystemClock
    from veza_tui.model.environment import Database as Settings
    from veza_tui.model.errors import ConfigError
    from veza_tui.operations.backup.inside import PASSWORD_VARIABLE

    password = os.environ.pop(PASSWORD_VARIABLE, "")  # the children shall not inherit it
    if not password:
        raise ConfigError(f"the Job's environment has no {PASSWORD_VARIABLE}")

    async def literal(text: str) -> str:
        return text

    storage: Storage
    if target is not None:
        from veza_tui.adapters.storage.local import LocalStorage

        storage = LocalStorage(target, spec["encrypt_to"])
    else:
        from veza_tui.adapters.storage.s3 import open_bucket

        storage = open_bucket(spec["storage"], spec["encrypt_to"])
    return storage, PostgresDatabase(Settings(**spec["database"], password=password), literal), SystemClock()


def open_storage(workspace: Workspace, environment: Environment) -> Storage:
    """The same without a world.

    Raises:
        ConfigError: ``data.backup.storage`` names something else than a bucket, or boto3 is not installed.
    """
    settings = environment.backup
    if settings.storage:
        from veza_tui.adapters.storage.s3 import open_bucket

        return open_bucket(settings.storage, settings.encrypt_to)
    from veza_tui.adapters.storage.local import LocalStorage

    return LocalStorage(workspace.backups_dir, settings.encrypt_to)


class World:
    """``operations.world.World``: one workspace, its environments, and one port of each kind for each of them."""

    def __init__(self, workspace: Workspace, clock: Clock, *, read_only: bool) -> None:
        self.workspace = workspace
        self.directory = workspace.path
        self.clock = clock
        self.read_only = read_only
        self._clusters: dict[str, Cluster] = {}
        self._services: dict[tuple[str, str], Any] = {}

    def environments(self) -> Sequence[str]:
        """Their names."""
        return self.workspace.names()

    def environment(self, name: str) -> Environment:
        """Loaded afresh."""
        return self.workspace.environment(name)

    def cluster(self, environment: Environment) -> Cluster:
        """One client an environment."""
        if environment.name not in self._clusters:
            self._clusters[environment.name] = connect_cluster(environment)
        return self._clusters[environment.name]

    def service(self, environment: Environment, name: str) -> Any:
        """The port that SERVICES registers by this name; KeyError when none does."""
        key = (environment.name, name)
        if key not in self._services:
            module, function = SERVICES[name].split(":")
            self._services[key] = getattr(importlib.import_module(module), function)(self, environment)
        return self._services[key]

    async def close(self) -> None:
        """Close the clusters' connections, and every service that can be closed."""
        for cluster in self._clusters.values():
            await cluster.close()
        for service in self._services.values():
            close = getattr(service, "close", None)
            if close is not None:
                result = close()
                if hasattr(result, "__await__"):
                    await result
        self._clusters.clear()
        self._services.clear()


def open_world(directory: Path, *, read_only: bool) -> World:
    """The workspace at ``directory`` with its ports; nothing is connected yet.

    Raises:
        ConfigError: it is no workspace.
    """
    from veza_tui.adapters.process.clock import SystemClock
    from veza_tui.workspace.load import load_workspace

    return World(load_workspace(directory), SystemClock(), read_only=read_only)


def operations_service(world: World) -> OperationsService:
    """Operations on that world, run by processes of this machine."""
    from veza_tui.operations.service import OperationsService

    return OperationsService(world, runners())


def forwards(world: World) -> Forwards:
    """The port forwards of this process."""
    from veza_tui.operations.forward.registry import Forwards

    return Forwards(world)


def shells(world: World) -> Shells:
    """Shells in that world's containers."""
    from veza_tui.operations.shell.shells import Shells

    return Shells(world)


def runners() -> Runners:
    """The processes of this machine."""
    from veza_tui.adapters.process.launcher import ProcessRunners

    return ProcessRunners()


def operation_store() -> OperationStore:
    """The operations on this machine, to be read; needs no workspace."""
    from veza_tui.operations.settings import state_directory
    from veza_tui.operations.store import OperationStore

    return OperationStore(state_directory(), runners())


def audit_log() -> AuditLog:
    """The audit log of this OS user on this machine."""
    from veza_tui.adapters.process.clock import SystemClock
    from veza_tui.operations.audit import AuditLog
    from veza_tui.operations.settings import state_directory

    return AuditLog(state_directory(), SystemClock())
