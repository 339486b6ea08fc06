"""Chosen tables go back in one transaction, the others are not touched, and it can be undone."""

from __future__ import annotations

from typing import Any

import pytest

from veza_tui.adapters.postgres.connection import connect
from veza_tui.adapters.postgres.facts import database_facts
from veza_tui.adapters.postgres.restore import PostgresRestoreServer
from veza_tui.model.backup import differences
from veza_tui.model.errors import ConfigError, LockedError, RefusedError

pytestmark = pytest.mark.integration


async def test_chosen_tables_come_back_and_the_others_stay(pair: Any) -> None:
    pair.run("DELETE FROM messages; UPDATE rooms SET secret = '\\x00'; INSERT INTO users (name) VALUES ('new')")
    pair.run(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
        "CREATE TRIGGER no BEFORE INSERT OR DELETE OR TRUNCATE ON messages FOR EACH STATEMENT EXECUTE FUNCTION no()"
    )
    server = PostgresRestoreServer(pair.endpoint)
    async with connect(pair.endpoint) as connection:
        before = await database_facts(connection)
    counts = await server.copy_tables(pair.scratch, ["public.rooms", "public.messages"], "kept_here")
    assert counts == {"public.rooms": 100, "public.messages": 100}
    assert pair.run("SELECT count(*) FROM rooms WHERE secret = '\\xdead'")[0][0] == 100
    assert pair.run("SELECT count(*) FROM users")[0][0] == 101
    # A resumed operation calls it again: nothing more happens, the kept rows are still the old ones.
    assert await server.copy_tables(pair.scratch, ["public.rooms", "public.messages"], "kept_here") == counts
    assert await server.put_back_tables("kept_here") == {"public.messages": 0, "public.rooms": 100}
    async with connect(pair.endpoint) as connection:
        assert differences(before, await database_facts(connection)) == []
    assert await server.put_back_tables("kept_here") == {}


async def test_rows_that_do_not_fit_the_other_tables_are_refused(pair: Any) -> None:
    pair.run("INSERT INTO users (name) VALUES ('new'); INSERT INTO rooms (owner) VALUES (101)")
    with pytest.raises(RefusedError, match="nothing was changed"):
        await PostgresRestoreServer(pair.endpoint).copy_tables(pair.scratch, ["public.users"], "kept_here")
    assert pair.run("SELECT count(*) FROM users")[0][0] == 101
    assert pair.run("SELECT count(*) FROM pg_constraint WHERE contype = 'f'")[0][0] == 2


async def test_sequences_never_go_back(pair: Any) -> None:
    pair.run("SELECT setval('messages_id_seq', 5000)")
    await PostgresRestoreServer(pair.endpoint).copy_tables(pair.scratch, ["public.messages"], "kept_here")
    assert pair.run("SELECT nextval('messages_id_seq')")[0][0] == 5001


async def test_a_table_of_one_side_only_is_named(pair: Any) -> None:
    with pytest.raises(ConfigError, match="no_such"):
        await PostgresRestoreServer(pair.endpoint).copy_tables(pair.scratch, ["public.no_such"], "kept_here")


async def test_the_advisory_lock_is_exclusive_and_names_its_holder(pair: Any) -> None:
    one, other = PostgresRestoreServer(pair.endpoint), PostgresRestoreServer(pair.endpoint)
    async with one.lock():
        with pytest.raises(LockedError, match="veza_staging"):
            async with other.lock():
                raise AssertionError("two hold it")
    async with other.lock():
        pass


async def test_target_facts_see_what_a_preflight_must_know(pair: Any) -> None:
    pair.run(f"CREATE DATABASE live_x_before_20260101_000000 OWNER {pair.endpoint.user}", "postgres")
    try:
        server = PostgresRestoreServer(pair.endpoint.on("live_x"))
        found = await server.set_aside()
        assert [s.name for s in found] == ["live_x_before_20260101_000000"]
        assert not (await server.target()).exists
    finally:
        pair.run("DROP DATABASE live_x_before_20260101_000000", "postgres")
    async with connect(pair.endpoint):
        facts = await PostgresRestoreServer(pair.endpoint).target()
    assert facts.exists and facts.owns_live and facts.can_create and not facts.superuser
    assert facts.connections == 1 and facts.foreign_sessions == ()
    assert facts.free_disk is not None and facts.free_disk > 0
    assert {"pgcrypto", "citext"} <= facts.extensions
