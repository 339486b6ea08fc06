"""The health monitor's probes on a real PostgreSQL and a real Valkey."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import psycopg
import pytest

from veza_tui.adapters.postgres.probe import PostgresProbe
from veza_tui.adapters.redis.probe import RedisProbe
from veza_tui.model.environment import Cache, Database
from veza_tui.model.errors import ConfigError, RefusedError, UnreachableError

pytestmark = pytest.mark.integration


def database(server: Any, **changes: Any) -> Database:
    known = {"host": server.host, "port": server.port, "name": "veza_production", "user": "veza_production"}
    return Database(**{**known, "password": "${DB_PASSWORD}", **changes})


@pytest.fixture
def deaf() -> Any:
    """A port that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_postgres_vitals(postgres_server: Any) -> None:
    asked: list[str] = []

    async def secrets(text: str) -> str:
        asked.append(text)
        return str(postgres_server.passwords["veza_production"])

    probe = PostgresProbe(database(postgres_server), secrets)
    before = (await probe.vitals(timeout=5)).connections
    asked.clear()
    async with await psycopg.AsyncConnection.connect(postgres_server.dsn()):
        vitals = await probe.vitals(timeout=5)
    assert vitals.version[:2].isdigit()
    # The service's session counts, the question's own does not.
    assert before < vitals.connections <= vitals.max_connections
    assert vitals.size > 1_000_000
    assert vitals.blocked == 0
    assert vitals.replication_lag is None
    assert 0 < vitals.latency < 5
    await probe.vitals(timeout=5)
    assert asked == ["${DB_PASSWORD}"] * 2
    # Nothing of ours stays connected: a restore could not swap the database otherwise.
    held = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'veza-tui'"
    for _ in range(50):
        if postgres_server.admin(held) == [(0,)]:
            break
        time.sleep(0.02)
    assert postgres_server.admin(held) == [(0,)]


async def test_who_waits_in_another_database_is_not_ours(postgres_server: Any) -> None:
    def probe(name: str) -> PostgresProbe:
        async def secrets(text: str) -> str:
            return str(postgres_server.passwords[name])

        return PostgresProbe(database(postgres_server, name=name, user=name), secrets)

    there, here = probe("veza_production"), probe("veza_staging")
    row = "CREATE TEMP TABLE nobody (n int); SELECT pg_advisory_xact_lock(7)"
    connect = psycopg.AsyncConnection.connect
    async with await connect(postgres_server.dsn()) as holds, await connect(postgres_server.dsn()) as waits:
        await holds.execute(row)
        waiting = asyncio.create_task(waits.execute(row))
        while (vitals := await there.vitals(timeout=5)).blocked == 0:
            await asyncio.sleep(0.02)
        other = await here.vitals(timeout=5)
        assert (vitals.blocked, other.blocked) == (1, 0)
        assert vitals.longest_transaction > other.longest_transaction == 0
        await holds.rollback()
        await waiting


async def test_postgres_ssl_mode_is_honoured(postgres_server: Any) -> None:
    async def secrets(text: str) -> str:
        return str(postgres_server.passwords["veza_production"])

    probe = PostgresProbe(database(postgres_server, ssl_mode="require"), secrets)
    if postgres_server.tls:
        await probe.vitals(timeout=5)
    else:
        with pytest.raises(UnreachableError, match="SSL"):
            await probe.vitals(timeout=5)


async def test_postgres_refusals(postgres_server: Any, deaf: int) -> None:
    async def wrong(text: str) -> str:
        return "wrong-password"

    async def nowhere(text: str) -> str:
        raise ConfigError("${DB_PASSWORD} is neither here nor there")

    with pytest.raises(RefusedError) as refused:
        await PostgresProbe(database(postgres_server), wrong).vitals(timeout=5)
    assert "wrong-password" not in str(refused.value)
    with pytest.raises(ConfigError):
        await PostgresProbe(database(postgres_server), nowhere).vitals(timeout=5)
    with pytest.raises(UnreachableError):
        await PostgresProbe(database(postgres_server, port=9), wrong).vitals(timeout=5)
    started = time.monotonic()
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.3 s"):
        await PostgresProbe(database(postgres_server, port=deaf), wrong).vitals(timeout=0.3)
    assert time.monotonic() - started < 2


async def test_cache_vitals_and_refusals(cache_server: Any, deaf: int) -> None:
    async def right(text: str) -> str:
        return str(cache_server.password)

    async def wrong(text: str) -> str:
        return "wrong-password"

    def cache(port: int) -> Cache:
        return Cache(cache_server.host, port, "${REDIS_PASSWORD}")

    vitals = await RedisProbe(cache(cache_server.port), right).vitals(timeout=5)
    assert vitals.product.startswith("valkey ")
    assert vitals.used_memory > 100_000
    assert vitals.role == "master"
    assert not vitals.cluster_mode
    with pytest.raises(RefusedError) as refused:
        await RedisProbe(cache(cache_server.port), wrong).vitals(timeout=5)
    assert "wrong-password" not in str(refused.value)
    with pytest.raises(RefusedError):
        await RedisProbe(Cache(cache_server.host, cache_server.port, ""), right).vitals(timeout=5)
    with pytest.raises(UnreachableError, match="connection refused"):
        await RedisProbe(cache(9), right).vitals(timeout=5)
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.3 s"):
        await RedisProbe(cache(deaf), right).vitals(timeout=0.3)


async def test_flush_empties_the_cache(cache_server: Any) -> None:
    import redis.asyncio

    async def right(text: str) -> str:
        return str(cache_server.password)

    client = redis.asyncio.Redis(host=cache_server.host, port=cache_server.port, password=cache_server.password)
    await client.set("a", "1")
    await RedisProbe(Cache(cache_server.host, cache_server.port, "${REDIS_PASSWORD}"), right).flush()
    assert await client.dbsize() == 0
    await client.aclose()
