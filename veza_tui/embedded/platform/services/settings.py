"""A service's configuration, from its container's environment variables (the ConfigMap and the Secret of k8s/ENV/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where PostgreSQL is."""

    host: str
    port: int
    name: str
    user: str
    password: str = field(repr=False)
    ssl_mode: str = "prefer"


@dataclass(frozen=True, slots=True)
class CacheSettings:
    """Where Valkey is."""

    host: str
    port: int
    password: str = field(default="", repr=False)


class Missing(Exception):
    """A variable is not set; the text is what the service logs."""


def database(env: Mapping[str, str]) -> DatabaseSettings:
    """From ``DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_SSL_MODE``.

    Raises:
        Missing: one of the first three is not set.
    """
    for name in ("DB_HOST", "DB_NAME", "DB_PASSWORD"):
        if not env.get(name):
            raise Missing(f"{name} is not set")
    name = env["DB_NAME"]
    return DatabaseSettings(
        env["DB_HOST"],
        int(env.get("DB_PORT") or 5432),
        name,
        env.get("DB_USER") or name,
        env["DB_PASSWORD"],
        env.get("DB_SSL_MODE") or "prefer",
    )


def cache(env: Mapping[str, str]) -> CacheSettings:
    """From ``REDIS_HOST REDIS_PORT REDIS_PASSWORD``.

    Raises:
        Missing: the host is not set.
    """
    if not env.get("REDIS_HOST"):
        raise Missing("REDIS_HOST is not set")
    return CacheSettings(env["REDIS_HOST"], int(env.get("REDIS_PORT") or 6379), env.get("REDIS_PASSWORD", ""))
