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


async def test_rows_of_inheriting_tables_and_the_state_of_triggers_stay(pair: Any) -> None:
    for database in (pair.live, pair.scratch):
        pair.run("CREATE TABLE base (id int, note text); CREATE TABLE child () INHERITS (base);"
                 "INSERT INTO base VALUES (1, 'base'); INSERT INTO child VALUES (2, 'child');"
                 "ALTER TABLE base OWNER TO veza_staging; ALTER TABLE child OWNER TO veza_staging;"
                 "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;"
                 "CREATE TRIGGER a_off BEFORE INSERT ON base FOR EACH ROW EXECUTE FUNCTION no();"
                 "CREATE TRIGGER b_always AFTER UPDATE ON base FOR EACH ROW EXECUTE FUNCTION no();"
                 "CREATE TRIGGER c_replica AFTER UPDATE ON base FOR EACH ROW EXECUTE FUNCTION no();"
                 "ALTER TABLE base DISABLE TRIGGER a_off; ALTER TABLE base ENABLE ALWAYS TRIGGER b_always;"
                 "ALTER TABLE base ENABLE REPLICA TRIGGER c_replica", database)  # fmt: skip
    pair.run("UPDATE child SET note = 'newer'; DELETE FROM ONLY base")
    server = PostgresRestoreServer(pair.endpoint)
    assert await server.copy_tables(pair.scratch, ["public.base"], "kept_here") == {"public.base": 1}
    assert pair.run("SELECT id, note FROM base ORDER BY 1") == [(1, "base"), (2, "newer")]
    states = "SELECT tgname, tgenabled::text FROM pg_trigger WHERE tgrelid = 'base'::regclass ORDER BY 1"
    assert pair.run(states) == [("a_off", "D"), ("b_always", "A"), ("c_replica", "R")]
    assert await server.put_back_tables("kept_here") == {"public.base": 0}
    assert pair.run("SELECT id, note FROM base ORDER BY 1") == [(2, "newer")]


async def test_a_partitioned_table_stands_for_its_partitions_with_the_keys_that_refer_to_it(pair: Any) -> None:
    for database in (pair.live, pair.scratch):
        pair.run("CREATE TABLE parts (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);"
                 "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (100);"
                 "CREATE TABLE \"Parts 2\" PARTITION OF parts FOR VALUES FROM (100) TO (200);"
                 "CREATE TABLE uses (part int REFERENCES parts); INSERT INTO parts SELECT g, 'x' FROM"
                 " generate_series(0, 199) g; INSERT INTO uses VALUES (5), (150); CREATE VIEW seen AS TABLE uses;"
                 "DO $$ DECLARE t text; BEGIN FOREACH t IN ARRAY ARRAY['parts', 'parts_1', 'Parts 2', 'uses'] LOOP"
                 " EXECUTE format('ALTER TABLE %I OWNER TO veza_staging', t); END LOOP; END $$", database)  # fmt: skip
    pair.run("UPDATE parts SET note = 'broken'")
    server = PostgresRestoreServer(pair.endpoint)
    tables = await server.resolve_tables(["public.parts", "public.parts_1"])
    assert sorted(tables) == ["public.Parts 2", "public.parts_1"]
    assert await server.copy_tables(pair.scratch, tables, "kept_here") == {"public.Parts 2": 100, "public.parts_1": 100}
    assert pair.run("SELECT count(*) FILTER (WHERE note = 'x') FROM parts") == [(200,)]
    assert pair.run("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND confrelid = 'parts'::regclass") == [
        (1,)
    ]
    await server.put_back_tables("kept_here")
    assert pair.run("SELECT count(*) FILTER (WHERE note = 'broken') FROM parts") == [(200,)]
    for table, why in (("public.seen", "a view"), ("public.nothing", "no table")):
        with pytest.raises(ConfigError, match=why):
            await server.resolve_tables([table])


async def test_a_forgotten_session_s_lock_is_not_waited_for_for_ever(pair: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("veza_tui.adapters.postgres.tables.LOCK_MILLISECONDS", 100)
    async with connect(pair.endpoint, autocommit=False) as forgotten:
        await forgotten.execute("SELECT count(*) FROM messages")
        with pytest.raises(LockedError, match=r"veza_staging.*idle in transaction.*nothing was changed"):
            await PostgresRestoreServer(pair.endpoint).copy_tables(pair.scratch, ["public.messages"], "kept_here")
    assert pair.run("SELECT count(*) FROM pg_namespace WHERE nspname = 'kept_here'") == [(0,)]


async def test_what_a_role_s_settings_say_does_not_cut_our_sessions(pair: Any) -> None:
    changed = dict.fromkeys(("statement_timeout", "idle_session_timeout", "lock_timeout", "transaction_timeout"), "1s")
    changed |= {"default_transaction_read_only": "on", "idle_in_transaction_session_timeout": "1s"}
    for name, value in changed.items():
        pair.run(f"ALTER DATABASE {pair.live} SET {name} = '{value}'", "postgres")
    async with connect(pair.endpoint) as connection:
        cursor = await connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", (list(changed),)
        )
        assert {row[1] for row in await cursor.fetchall()} == {"0", "off"}
        await connection.execute("CREATE TABLE allowed ()")
