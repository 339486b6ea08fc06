"""Databases, caches, storage and the values they need. Imports stand inside functions (start-up time)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veza_tui.adapters.postgres.database import PostgresDatabase
    from veza_tui.model.environment import Environment
    from veza_tui.ports.clock import Clock
    from veza_tui.ports.cluster import Cluster
    from veza_tui.ports.commands import Commands
    from veza_tui.ports.database import Database
    from veza_tui.ports.health import CacheProbe, DatabaseProbe
    from veza_tui.ports.restore import RestoreServer
    from veza_tui.ports.storage import Storage
    from veza_tui.wiring import World
    from veza_tui.workspace.load import Workspace
    from veza_tui.workspace.variables import Variables


Secrets = Callable[[str], Awaitable[str]]
"""Resolves ``${VAR}`` in a text, at the moment of use; raises ConfigError naming the variable, never a value."""


def database_probe(environment: Environment, secrets: Secrets) -> DatabaseProbe:
    """Vitals of the environment's database; the password is resolved for each connection."""
    from veza_tui.adapters.postgres.probe import PostgresProbe

    return PostgresProbe(environment.database, secrets)


def cache_probe(environment: Environment, secrets: Secrets) -> CacheProbe:
    """Vitals of the environment's cache; the password is resolved for each connection."""
    from veza_tui.adapters.redis.probe import RedisProbe

    return RedisProbe(environment.cache, secrets)


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


async def kubernetes_secret(cluster: Cluster, environment: Environment) -> Mapping[str, str]:
    """See ``operations.cluster_values``."""
    from veza_tui.operations.cluster_values import kubernetes_secret as read

    return await read(cluster, environment)


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
