"""PostgreSQL and Valkey of the demo are real ones, and behave as their environment files say."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from veza_tui.embedded.platform import binaries
from veza_tui.embedded.platform.postgres import Postgres

if TYPE_CHECKING:
    from tests.integration.conftest import CacheServer, LoopThread, PostgresServer

pytestmark = pytest.mark.integration


def test_schema_is_plausible(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.dsn("veza_production")) as connection:

        def one(sql: str) -> Any:
            row = connection.execute(sql.encode()).fetchone()
            assert row is not None
            return row[0]

        assert one("select count(*) from messages") == 6000
        assert one("select count(*) from users") == 250
        assert one("select count(*) from pg_extension where extname in ('citext', 'pg_trgm', 'pgcrypto')") == 3
        assert one("select count(*) from pg_constraint where contype = 'f' and conrelid = 'messages'::regclass") == 3
        # The sequence stands where the next insert needs it.
        insert = "insert into messages (room_id, author_id, body) values (1, 1, 'x') returning id"
        assert one(insert) == 6001
        assert one("select last_message_at = now() from rooms where id = 1")
        connection.rollback()


def test_users_are_kept_apart(postgres_server: PostgresServer) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(postgres_server.dsn("veza_production", "veza_staging"))
    wrong = postgres_server.dsn("veza_production") + " password=wrong"
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(wrong)


def test_owner_can_do_what_a_restore_needs(postgres_server: PostgresServer) -> None:
    with psycopg.connect(postgres_server.dsn("postgres", "veza_staging"), autocommit=True) as connection:
        connection.execute("create database scratch_staging template template0")
        connection.execute("alter database scratch_staging allow_connections false")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'scratch_staging'")
        connection.execute("alter database scratch_staging rename to scratch_staging_2")
        connection.execute("drop database scratch_staging_2")


def test_tls_is_offered_where_the_wheel_has_it(postgres_server: PostgresServer) -> None:
    if not postgres_server.tls:
        pytest.skip("no TLS in this wheel, or no openssl")
    with psycopg.connect(postgres_server.dsn() + " sslmode=require") as connection:
        assert connection.pgconn.ssl_in_use


def test_postgres_comes_back_on_its_port(postgres_server: PostgresServer) -> None:
    port = postgres_server.port
    postgres_server.stop(immediate=True)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(postgres_server.dsn())
    postgres_server.start()
    assert postgres_server.port == port
    assert postgres_server.admin("select 1") == [(1,)]


def test_cache_wants_its_password(cache_server: CacheServer) -> None:
    with redis.Redis(cache_server.host, cache_server.port, password=cache_server.password) as client:
        assert client.ping()
    once = Retry(NoBackoff(), 0)
    with (
        redis.Redis(cache_server.host, cache_server.port, retry=once) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become somebody else")
def test_root_without_user_namespaces_runs_it_as_nobody(
    server_loop: LoopThread, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = binaries._version

    async def blocked(directory: Path, mode: str, *, required: bool = False) -> str:
        return "" if mode == "userns" else await version(directory, mode, required=required)

    monkeypatch.setattr(binaries, "_version", blocked)
    state, run = tmp_path / "state", tmp_path / "run"
    state.mkdir()
    run.mkdir()
    beside = Path(tempfile.gettempdir()) / f"pg-test-{os.getpid()}"
    passwords = {"veza_dev": "a", "veza_staging": "b", "veza_production": "c"}
    server = Postgres(state, run, passwords, beside, rows=1_000, keep=True)
    server_loop.call(server.start())
    try:
        assert Path(f"/proc/{server.pid}").stat().st_uid == binaries.NOBODY
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user="veza_dev", password="a", dbname="veza_dev"
        ) as connection:
            assert connection.execute("select count(*) from messages").fetchone() == (1000,)
    finally:
        server_loop.call(server.close())
    assert not beside.exists()
    assert (state / "postgres/data/PG_VERSION").exists()
