"""Redis or Valkey at a glance, for the health monitor; and the flush that a restore's plan may name."""

from __future__ import annotations

import asyncio
import importlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from veza_tui.model.environment import Cache
from veza_tui.model.errors import RefusedError, UnreachableError, VezaError
from veza_tui.model.text import printable
from veza_tui.ports.health import CacheVitals

if TYPE_CHECKING:
    from redis.asyncio import Redis

FLUSH_TIMEOUT = 30.0
"""Seconds."""


class RedisProbe:
    """See ``ports.health.CacheProbe``. Each question makes a connection of its own; the password is resolved then."""

    def __init__(self, cache: Cache, secrets: Callable[[str], Awaitable[str]]) -> None:
        self._cache = cache
        self._secrets = secrets
        self._label = f"{cache.host}:{cache.port}"

    async def vitals(self, *, timeout: float) -> CacheVitals:
        """Ask INFO; latency is that of connecting and asking together.

        Raises:
            UnreachableError: no answer within ``timeout`` seconds.
            RefusedError: the password is refused.
            ConfigError: the password's variable is nowhere.
        """
        async with self._client(timeout) as client:
            started = time.monotonic()
            info = await client.info()
            return vitals_of(info, time.monotonic() - started)

    async def flush(self) -> None:
        """FLUSHDB: only ever called by a restore's step that the plan names. On a Redis Cluster, on every primary."""
        async with self._client(FLUSH_TIMEOUT) as client:
            info = await client.info("cluster")
            if not info.get("cluster_enabled"):
                await client.flushdb()
                return
        from redis.asyncio.cluster import RedisCluster

        password = await self._password()
        async with RedisCluster(host=self._cache.host, port=self._cache.port, password=password) as cluster:
            await cluster.flushdb(target_nodes=RedisCluster.PRIMARIES)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _password(self) -> str | None:
        return (await self._secrets(self._cache.password) or None) if self._cache.password else None

    @asynccontextmanager
    async def _client(self, timeout: float) -> AsyncIterator[Redis]:
        await asyncio.to_thread(importlib.import_module, "redis.asyncio")
        import redis
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        client = Redis(
            host=self._cache.host,
            port=self._cache.port,
            password=await self._password(),
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=Retry(NoBackoff(), 0),
            client_name="veza-tui",
        )
        try:
            async with asyncio.timeout(timeout):
                yield client
        except (TimeoutError, redis.exceptions.TimeoutError):
            raise UnreachableError(
                f"the cache at {self._label} did not answer within {timeout:g} s", hint="is it up, and reachable?"
            ) from None
        except redis.exceptions.RedisError as error:
            raise self._explain(error) from None
        except OSError as error:
            raise UnreachableError(f"the cache at {self._label}: {_system(error)}", hint="is it up?") from None
        finally:
            await client.aclose()

    def _explain(self, error: Exception) -> VezaError:
        from redis.exceptions import AuthenticationError, NoPermissionError

        text = printable(str(error).strip() or type(error).__name__, limit=160)
        # redis-py leaves the server's error code out of the text, except where it knows no class for it.
        if isinstance(error, AuthenticationError) or "NOAUTH" in text or "Authentication required" in text:
            return RefusedError(
                f"the cache at {self._label} refuses the password", hint="check the environment's REDIS_PASSWORD"
            )
        if isinstance(error, NoPermissionError):
            return RefusedError(f"the cache at {self._label}: {text}")
        cause = error.__cause__ or error.__context__
        if isinstance(cause, OSError):
            text = _system(cause)
        return UnreachableError(f"the cache at {self._label}: {text}", hint="is it up, and reachable?")


def _system(error: OSError) -> str:
    return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else printable(str(error), limit=120)


def vitals_of(info: Mapping[str, Any], latency: float) -> CacheVitals:
    """CacheVitals from INFO's fields (names: https://redis.io/docs/latest/commands/info/)."""
    valkey = info.get("valkey_version")
    persistence = []
    if info.get("aof_enabled"):
        persistence.append("aof")
    if info.get("rdb_last_bgsave_status") != "ok" and "rdb_last_bgsave_status" in info:
        persistence.append("last save failed")
    elif info.get("rdb_last_save_time"):
        persistence.append("rdb")
    return CacheVitals(
        latency=latency,
        product=f"valkey {valkey}" if valkey else f"redis {info.get('redis_version', '')}".strip(),
        used_memory=int(info.get("used_memory") or 0),
        max_memory=int(info.get("maxmemory") or 0),
        evicted=int(info.get("evicted_keys") or 0),
        clients=int(info.get("connected_clients") or 0),
        role=str(info.get("role") or ""),
        persistence=", ".join(persistence) or "none",
        cluster_mode=bool(info.get("cluster_enabled")),
    )
