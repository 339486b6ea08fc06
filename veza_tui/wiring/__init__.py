"""The composition root: the only place where adapters meet ports. Imports stand inside functions (start-up time)."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veza_tui.wiring.feeds import (
    health_store,
    last_operation,
    make_feed,
    make_feeds,
    newest_backup_of,
    newest_set_aside,
)
from veza_tui.wiring.screens import make_screen_services
from veza_tui.wiring.stores import (
    Secrets,
    backup_storage,
    cache_probe,
    database_probe,
    environment_variables,
    job_parts,
    kubernetes_secret,
    open_storage,
    operations_cache,
    postgres,
    process_commands,
    restore_server,
)

if TYPE_CHECKING:
    from veza_tui.model.environment import Environment
    from veza_tui.operations.audit import AuditLog
    from veza_tui.operations.forward.registry import Forwards
    from veza_tui.operations.service import OperationsService
    from veza_tui.operations.shell.shells import Shells
    from veza_tui.operations.store import OperationStore
    from veza_tui.ports.clock import Clock
    from veza_tui.ports.cluster import Cluster
    from veza_tui.ports.runner import Runners
    from veza_tui.workspace.load import Workspace

__all__ = [
    "SERVICES",
    "Secrets",
    "World",
    "audit_log",
    "backup_storage",
    "cache_probe",
    "cluster_address",
    "connect_cluster",
    "database_probe",
    "environment_variables",
    "forwards",
    "health_store",
    "job_parts",
    "kubernetes_secret",
    "last_operation",
    "make_feed",
    "make_feeds",
    "make_screen_services",
    "newest_backup_of",
    "newest_set_aside",
    "open_storage",
    "open_world",
    "operation_store",
    "operations_cache",
    "operations_service",
    "postgres",
    "postgres_clients",
    "process_commands",
    "restore_server",
    "runners",
    "shells",
]


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


# Ports that operations ask for by name (``context.service``): "module:function", called with (world, environment).
SERVICES: dict[str, str] = {
    "database": "veza_tui.wiring:postgres",
    "storage": "veza_tui.wiring:backup_storage",
    "restore": "veza_tui.wiring:restore_server",
    "cache_probe": "veza_tui.wiring:operations_cache",
    "commands": "veza_tui.wiring:process_commands",
}


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
        from veza_tui.ports.closing import close_all

        made = [*self._clusters.values(), *self._services.values()]
        self._clusters.clear()
        self._services.clear()
        await close_all(made)


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
