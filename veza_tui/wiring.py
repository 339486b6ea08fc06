"""The composition root: the only place where adapters meet ports. Imports stand inside functions (start-up time)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from veza_tui.feeds.environment import EnvironmentFeed
    from veza_tui.model.environment import Environment
    from veza_tui.ports.cluster import Cluster
    from veza_tui.ports.health import CacheProbe, DatabaseProbe

Secrets = Callable[[str], Awaitable[str]]
"""Resolves ``${VAR}`` in a text, at the moment of use; raises ConfigError naming the variable, never a value."""


class EnvironmentSource(Protocol):
    """The part of a workspace that feeds need."""

    def environment(self, name: str) -> Environment:
        """The environment ``name``; ConfigError when there is none."""
        ...


def connect_cluster(environment: Environment) -> Cluster:
    """The environment's cluster. Reads the kubeconfig (a few ms), connects at the first call.

    Raises:
        ConfigError: no kubeconfig, no such context, or something in it that cannot be used.
    """
    from veza_tui.adapters.kubernetes.client import open_cluster

    return open_cluster(environment.kubernetes)


def database_probe(environment: Environment, secrets: Secrets) -> DatabaseProbe:
    """Vitals of the environment's database; the password is resolved for each connection."""
    from veza_tui.adapters.postgres.probe import PostgresProbe

    return PostgresProbe(environment.database, secrets)


def cache_probe(environment: Environment, secrets: Secrets) -> CacheProbe:
    """Vitals of the environment's cache; the password is resolved for each connection."""
    from veza_tui.adapters.redis.probe import RedisProbe

    return RedisProbe(environment.cache, secrets)


def make_feeds(workspace: EnvironmentSource, names: Sequence[str]) -> list[EnvironmentFeed]:
    """One feed for each name, not started. Imports no client library: the feed does, in a thread, when it starts."""
    from veza_tui.feeds.environment import EnvironmentFeed

    feeds = []
    for name in names:
        environment = workspace.environment(name)
        feeds.append(EnvironmentFeed(environment, lambda environment=environment: connect_cluster(environment)))  # type: ignore[misc]
    return feeds
