"""What the health monitor and operations ask of the database and the cache."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class DatabaseVitals:
    """PostgreSQL at a glance; times in seconds, sizes in bytes."""

    latency: float
    version: str
    connections: int
    max_connections: int
    longest_transaction: float
    blocked: int
    replication_lag: float | None
    size: int
    cache_hit: float | None
    """0..1."""


@dataclass(frozen=True, slots=True)
class CacheVitals:
    """Redis or Valkey at a glance; sizes in bytes, latency in seconds."""

    latency: float
    product: str
    """redis or valkey, with its version."""
    used_memory: int
    max_memory: int
    evicted: int
    clients: int
    role: str
    persistence: str
    cluster_mode: bool


class DatabaseProbe(Protocol):
    """Asks one environment's database; raises UnreachableError with one line when it does not answer in time."""

    async def vitals(self, *, timeout: float) -> DatabaseVitals:
        """Connect (or reuse a connection) and ask."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...


class CacheProbe(Protocol):
    """Asks one environment's cache; raises UnreachableError with one line when it does not answer in time."""

    async def vitals(self, *, timeout: float) -> CacheVitals:
        """Ask."""
        ...

    async def flush(self) -> None:
        """FLUSHDB: only ever called by a restore's step that the plan names."""
        ...

    async def close(self) -> None:
        """Close it."""
        ...
