"""The swap: one transaction, a short outage, settings carried over, repeatable."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from typing import Any

import psycopg
import pytest

from veza_tui.adapters.postgres.connection import connect
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.postgres.restore import PostgresRestoreServer
from veza_tui.adapters.postgres.swap import swap
from veza_tui.model.environment import Database
from veza_tui.model.errors import LockedError, RefusedError, VezaError
from veza_tui.ports.database import Scratch

pytestmark = pytest.mark.integration


async def writer(pair: Any, accepted: list[float], stop: asyncio.Event) -> None:
    """A client that writes all through, and connects again when it is thrown out."""
    connection: psycopg.AsyncConnection | None = None
    while not stop.is_set():
        try:
            if connection is None:
                connection = await psycopg.AsyncConnection.connect(
                    host=pair.endpoint.host,
                    port=pair.endpoint.port,
                    user=pair.endpoint.user,
                    password=pair.endpoint.password,
                    dbname=pair.live,
                    autocommit=True,
                )
            await connection.execute("INSERT INTO messages (room, body) VALUES (1, 'written all through')")
            accepted.append(time.monotonic())
        except psycopg.Error:
            if connection is not None:
                await connection.close()
            connection = None
        await asyncio.sleep(0)
    if connection is not None:
        await connection.close()


async def as_is(text: str) -> str:
    return text


async def until(condition: Any, seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def test_clients_that_write_all_through_are_out_for_less_than_two_seconds(pair: Any) -> None:
    pair.run("DELETE FROM messages WHERE body = 'hello'")
    accepted: list[float] = []
    stop = asyncio.Event()
    writers = [asyncio.create_task(writer(pair, accepted, stop)) for _ in range(6)]
    await until(lambda: len(accepted) > 30)
    await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    swapped = time.monotonic()
    await until(lambda: accepted[-1] > swapped)
    stop.set()
    await asyncio.gather(*writers)
    accepted.sort()
    assert max(b - a for a, b in itertools.pairwise(accepted)) < 2.0
    # The live name now belongs to the scratch database's rows, the corrupt ones are kept under the other name.
    assert pair.run("SELECT count(*) FROM messages WHERE body = 'hello'")[0][0] == 100
    pair.run(f"ALTER DATABASE {pair.aside} ALLOW_CONNECTIONS true", "postgres")
    assert pair.run("SELECT count(*) FROM messages WHERE body = 'hello'", pair.aside)[0][0] == 0


async def test_settings_grants_limit_and_comment_go_over(pair: Any) -> None:
    for statement in (
        f"ALTER DATABASE {pair.live} SET work_mem = '9MB'",
        f'ALTER DATABASE {pair.live} SET search_path = public, "Odd, name"',
        f"ALTER DATABASE {pair.live} SET veza.mode = 'it''s'",
        f"ALTER DATABASE {pair.live} CONNECTION LIMIT 77",
        f"REVOKE CONNECT ON DATABASE {pair.live} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {pair.live} TO veza_dev",
        f"COMMENT ON DATABASE {pair.live} IS 'ours; don''t touch'",
    ):
        pair.run(statement, "postgres")
    described = (
        "SELECT datconnlimit, datacl::text, shobj_description(d.oid, 'pg_database'), datallowconn, setconfig::text"
        " FROM pg_database d LEFT JOIN pg_db_role_setting s ON s.setdatabase = d.oid WHERE datname = '{}'"
    )
    before = pair.run(described.format(pair.live), "postgres")
    pair.run(f"GRANT SET ON PARAMETER veza.mode TO {pair.endpoint.user}", "postgres")
    left_out = await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    after = pair.run(described.format(pair.live), "postgres")
    assert sorted(after[0][1].strip("{}").split(",")) == sorted(before[0][1].strip("{}").split(","))
    assert (after[0][0], *after[0][2:]) == (before[0][0], *before[0][2:])
    assert left_out == ()
    assert pair.run(f"SELECT datallowconn FROM pg_database WHERE datname = '{pair.aside}'", "postgres") == [(False,)]


async def test_a_setting_that_only_a_superuser_may_set_is_told_not_lost_in_silence(pair: Any) -> None:
    pair.run(f"ALTER DATABASE {pair.live} SET veza.only_root = 'x'", "postgres")
    (line,) = await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    assert "superuser" in line and "veza" in line
    assert pair.run("SELECT count(*) FROM messages") == [(100,)]


async def test_what_will_stay_behind_is_known_before_the_swap(pair: Any) -> None:
    """The preflight names exactly the settings that the swap then leaves out."""
    for setting in ("work_mem = '9MB'", "log_min_duration_statement = 5", "veza.odd = 'x'"):
        pair.run(f"ALTER DATABASE {pair.live} SET {setting}", "postgres")
    pair.run(f"ALTER ROLE veza_dev IN DATABASE {pair.live} SET statement_timeout = '9s'", "postgres")
    pair.run(f"ALTER ROLE {pair.endpoint.user} IN DATABASE {pair.live} SET statement_timeout = '8s'", "postgres")
    told = (await PostgresRestoreServer(pair.endpoint).target()).uncarried
    assert told == ("log_min_duration_statement", "veza.odd", "veza_dev: statement_timeout")
    left_out = await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    assert len(left_out) == len(told) and all("superuser must run" in line for line in left_out)


async def test_a_setting_that_the_server_no_longer_takes_is_told_and_keeps_nothing_away(pair: Any) -> None:
    pair.run(f"ALTER DATABASE {pair.live} SET work_mem = '9MB'", "postgres")
    pair.run("UPDATE pg_db_role_setting SET setconfig = '{wal_segments_of_old=3,work_mem=9MB}' WHERE setdatabase ="
             f" (SELECT oid FROM pg_database WHERE datname = '{pair.live}')", "postgres")  # fmt: skip
    (line,) = await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    assert "wal_segments_of_old" in line and "not carried over" in line
    assert pair.run("SHOW work_mem") == [("9MB",)]


async def test_the_scratch_database_lies_in_the_live_one_s_tablespace(pair: Any) -> None:
    """Where its operators put it because there is room."""
    space = f"space_{pair.live}"
    with psycopg.connect(pair.server.dsn("postgres", "postgres"), autocommit=True) as admin:
        admin.execute("SET allow_in_place_tablespaces = on")
        admin.execute(f"CREATE TABLESPACE {space} LOCATION ''".encode())
    try:
        pair.run(f"DROP DATABASE {pair.live} WITH (FORCE)", "postgres")
        pair.run(f"CREATE DATABASE {pair.live} OWNER {pair.endpoint.user} TABLESPACE {space}", "postgres")
        where = "SELECT spcname FROM pg_database JOIN pg_tablespace t ON t.oid = dattablespace WHERE datname = '{}'"
        for granted, expected in ((False, "pg_default"), (True, space)):
            if granted:
                pair.run(f"GRANT CREATE ON TABLESPACE {space} TO {pair.endpoint.user}", "postgres")
            pair.run(f"DROP DATABASE IF EXISTS {pair.scratch}", "postgres")
            reach = pair.endpoint
            settings = Database(reach.host, reach.port, pair.live, reach.user, reach.password, reach.ssl_mode)
            await PostgresDatabase(settings, as_is).create_scratch(Scratch(pair.scratch, like=pair.live))
            assert pair.run(where.format(pair.scratch), "postgres") == [(expected,)]
    finally:
        for name in (pair.live, pair.scratch):
            pair.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", "postgres")
        pair.run(f"DROP TABLESPACE {space}", "postgres")


async def test_it_can_be_repeated_and_undone(pair: Any) -> None:
    pair.run("UPDATE messages SET body = 'corrupt'")
    for _ in range(2):
        await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    assert pair.run("SELECT DISTINCT body FROM messages") == [("hello",)]
    await swap(pair.endpoint, live=pair.live, incoming=pair.aside, aside=pair.scratch)
    assert pair.run("SELECT DISTINCT body FROM messages") == [("corrupt",)]


async def test_a_session_that_may_not_be_ended_refuses_the_swap_and_changes_nothing(pair: Any) -> None:
    # A superuser's session: pg_signal_backend does not reach it.
    with psycopg.connect(pair.server.dsn(pair.live, "postgres"), autocommit=True) as foreign:
        foreign.execute("SELECT 1")
        with pytest.raises(RefusedError, match="postgres"):
            await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside, attempts=1)
    names = pair.run("SELECT datname FROM pg_database WHERE datallowconn", "postgres")
    assert {(pair.live,), (pair.scratch,)} <= set(names)
    assert (pair.aside,) not in names


async def test_a_database_that_is_missing_or_in_the_way_is_named(pair: Any) -> None:
    pair.run(f"CREATE DATABASE {pair.aside}", "postgres")
    with pytest.raises(RefusedError, match=pair.aside):
        await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)


@pytest.mark.parametrize("delay", [i * 0.004 for i in range(8)])
async def test_a_cut_connection_leaves_the_live_name_to_a_whole_database(pair: Any, delay: float) -> None:
    pair.run("UPDATE messages SET body = 'corrupt'")
    work = asyncio.create_task(swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside))
    await asyncio.sleep(delay)
    pair.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'veza-tui'"
        f" AND usename = '{pair.endpoint.user}'",
        "postgres",
    )
    with contextlib.suppress(VezaError, psycopg.Error):
        await work
    async with connect(pair.endpoint) as connection:
        cursor = await connection.execute("SELECT DISTINCT body, count(*) OVER () FROM messages GROUP BY body")
        rows = await cursor.fetchall()
    assert rows in ([("corrupt", 1)], [("hello", 1)])
    # Whatever happened, calling it again finishes it.
    await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
    assert pair.run("SELECT DISTINCT body FROM messages") == [("hello",)]


async def test_somebody_who_alters_the_database_keeps_nobody_out_for_long(pair: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("veza_tui.adapters.postgres.swap.LOCK_MILLISECONDS", 100)
    monkeypatch.setattr("veza_tui.adapters.postgres.swap._BETWEEN", 0.01)
    async with connect(pair.endpoint.on("postgres"), autocommit=False) as other:
        # As CREATE DATABASE ... TEMPLATE does from another database: ending the live one's sessions does not end it.
        await other.execute(f"COMMENT ON DATABASE {pair.live} IS 'x'")
        with pytest.raises(LockedError, match="COMMENT ON DATABASE"):
            await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside)
        await other.rollback()
    assert await swap(pair.endpoint, live=pair.live, incoming=pair.scratch, aside=pair.aside) == ()
