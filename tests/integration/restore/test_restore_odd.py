"""Dumps as they really are, and as nobody should send them; databases that are gone, empty or broken."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.integration.restore.bench import LIVE, NEW, OLD, TABLES, USER, Bench
from veza_tui.adapters.postgres.tools import find_tools
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.journal import OperationState
from veza_tui.model.restore import Part
from veza_tui.operations.backup.plan import BackupRequest, backup_planner
from veza_tui.operations.restore.plan import restore_planner, undo_plan
from veza_tui.operations.restore.request import RestoreRequest

pytestmark = pytest.mark.integration

_NUMBERS = itertools.count()
END = "\n--\n-- PostgreSQL database dump complete\n--\n"


@pytest.fixture(autouse=True)
def clean(bench: Bench) -> Iterator[None]:
    bench.reset()
    yield
    for role in ("ghost", "stranger"):
        for database in (LIVE, "postgres"):
            bench.sql(f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN"
                      f" EXECUTE 'DROP OWNED BY {role} CASCADE'; END IF; END $$", database)  # fmt: skip
        bench.sql(f"DROP ROLE IF EXISTS {role}")


def dump_of(bench: Bench, database: str, *arguments: str) -> bytes:
    """By pg_dump as the script calls it."""
    done = subprocess.run(
        [find_tools(17).path("pg_dump"), *arguments, bench.server.dsn(database, "postgres")],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"]},
    )
    return done.stdout


def script_made(bench: Bench, dump: bytes) -> str:
    """A backup as the script leaves it."""
    name = f"202001{next(_NUMBERS) // 24 + 1:02}_{next(_NUMBERS) % 24:02}0000"
    folder = Path(bench.service.world.directory) / "backups" / name
    folder.mkdir(parents=True)
    (folder / "staging.yaml").write_text("x: 1\n")
    (folder / "database.sql").write_bytes(dump)
    return name


@pytest.fixture(scope="module")
def source(bench: Bench) -> Iterator[str]:
    """A database like the live one before it was corrupted."""
    name = "odd_source"
    bench.sql(f"CREATE DATABASE {name} OWNER {USER}")
    bench.sql(f"SET ROLE {USER}; {TABLES}", name)
    yield name
    bench.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def good(bench: Bench, source: str) -> bytes:
    """Its dump."""
    return dump_of(bench, source)


async def run(bench: Bench, request: RestoreRequest) -> Any:
    preview = await bench.service.plan("staging", restore_planner(request), without_cluster=True)
    await bench.service.start(preview, confirmed="test")
    return bench.service.history()[0]


async def refused(bench: Bench, request: RestoreRequest) -> str:
    """Why the run ended with the live database as it was, and nothing left behind."""
    try:
        status = await run(bench, request)
    except RefusedError as error:  # seen already while it was planned
        why = str(error)
    else:
        assert status.state in (OperationState.ROLLED_BACK, OperationState.FAILED)
        why = str(status.reason)
    assert bench.live() == OLD and bench.names() == {""}
    return why


async def restored(bench: Bench, request: RestoreRequest) -> Any:
    status = await run(bench, request)
    assert status.state is OperationState.DONE, status.reason
    assert bench.live() == NEW
    return status


async def test_a_dump_that_creates_and_connects_goes_into_the_scratch_database_only(bench: Bench, source: str) -> None:
    dump = dump_of(bench, source, "--create", "--clean", "--if-exists")
    assert b"\\connect" in dump and b"DROP DATABASE" in dump
    status = await restored(bench, RestoreRequest(script_made(bench, dump)))
    assert bench.sql(f"SELECT 1 FROM pg_database WHERE datname = '{source}'") == [(1,)]
    proof = status.result["prove"]
    assert {t["table"]: t["now"] for t in proof["tables"]} == {"public.messages": 300, "public.users": 20}
    assert any("contents" in u for u in proof["unproven"])
    assert any("cannot be proven" in line for line in status.tail)


async def test_another_owner_is_refused_with_the_way_out(bench: Bench, good: bytes) -> None:
    name = script_made(bench, good.replace(f"OWNER TO {USER}".encode(), b"OWNER TO veza_production"))
    assert "--no-owners" in await refused(bench, RestoreRequest(name))
    await restored(bench, RestoreRequest(name, owners=False))


async def test_roles_that_are_missing_are_named(bench: Bench, good: bytes) -> None:
    name = script_made(bench, good.replace(USER.encode(), b"ghost"))
    why = await refused(bench, RestoreRequest(name))
    assert "ghost" in why and "--no-owners" in why
    await restored(bench, RestoreRequest(name, owners=False))


async def test_the_preflight_knows_the_roles_of_a_manifest(bench: Bench) -> None:
    world = bench.service.world
    bench.sql("CREATE ROLE stranger")
    bench.sql("TRUNCATE messages RESTART IDENTITY; INSERT INTO messages (author, body) SELECT 1 + g % 20,"
              " 'hello ' || g FROM generate_series(1, 300) g; GRANT SELECT ON users TO stranger", LIVE)  # fmt: skip
    preview = await bench.service.plan("staging", backup_planner(BackupRequest()), without_cluster=True)
    await bench.service.start(preview, confirmed="test")
    name = bench.service.history()[0].result["backup"]["name"]
    assert world.environments()
    bench.sql("DROP OWNED BY stranger", LIVE)
    bench.sql("DROP ROLE stranger")
    bench.reset()
    with pytest.raises(RefusedError, match=r"stranger: create them first.*--no-owners"):
        await run(bench, RestoreRequest(name))
    status = await restored(bench, RestoreRequest(name, owners=False))
    assert any("owners" in u for u in status.result["prove"]["unproven"])


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (lambda d: d.replace(b"CREATE TABLE public.users", b"CREATE TABEL public.users"), "syntax error"),
        (
            lambda d: d.replace(b"\t1\thello", b"\tone\thello", 1).replace(b"\thello 20\n", b"\thello\tx\n"),
            "extra data",
        ),
        (lambda d: d[: len(d) // 2], "truncated"),
        (lambda d: d.replace(b"-- PostgreSQL database dump complete", b""), "ends before its end"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"\\! touch MARK\n"), "psql"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"\\copy users from program 'touch MARK'\n"), "psql"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"\\o |touch MARK\n"), "psql"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"\\set x `touch MARK`\n"), "psql"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"COPY users FROM PROGRAM 'touch MARK';"), "COPY"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"SELECT 1 \\g |touch MARK\n"), "psql"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"ALTER SYSTEM SET work_mem = '1GB';"), "whole server"),
        (lambda d: d.replace(b"SET lock_timeout = 0;", b"COMMIT; DROP DATABASE kill_live;", 1) + b"DO $$ $$;", "code"),
    ],
    ids=[f"bad{n}" for n in range(12)],
)
async def test_a_bad_dump_changes_nothing_and_runs_nothing(
    bench: Bench, good: bytes, what: Any, why: str, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    dump = what(good).replace(b"MARK", str(mark).encode())
    assert why in await refused(bench, RestoreRequest(script_made(bench, dump), safety=False))
    assert not mark.exists()


async def test_a_link_in_a_backup_is_refused(bench: Bench, good: bytes, tmp_path: Path) -> None:
    name = script_made(bench, b"")
    elsewhere = tmp_path / "dump"
    elsewhere.write_bytes(good)
    file = Path(bench.service.world.directory) / "backups" / name / "database.sql"
    file.unlink()
    file.symlink_to(elsewhere)
    assert "symbolic link" in await refused(bench, RestoreRequest(name, safety=False))


async def test_another_environments_backup_wants_to_be_named(bench: Bench, good: bytes) -> None:
    name = script_made(bench, good)
    folder = Path(bench.service.world.directory) / "backups" / name
    (folder / "staging.yaml").rename(folder / "production.yaml")
    with pytest.raises(RefusedError, match="--from-environment production"):
        await run(bench, RestoreRequest(name))
    request = RestoreRequest(name, from_environment="production")
    preview = await bench.service.plan("staging", restore_planner(request), without_cluster=True)
    assert preview.typed == f"production into staging/{LIVE}"
    await restored(bench, request)


async def test_a_live_database_that_is_gone_comes_back(bench: Bench) -> None:
    bench.sql(f"DROP DATABASE {LIVE} WITH (FORCE)")
    status = await restored(bench, RestoreRequest(bench.backup))
    assert [s.id for s in status.steps] == ["integrity", "scratch", "load", "analyze", "prove", "swap", "cache"]
    assert bench.sql(f"SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = '{LIVE}'") == [(USER,)]
    # Taken back: the name is free again, the data is not thrown away. And once more, from the script's dump.
    await bench.service.undo(status.id)
    assert bench.service.show(status.id).state is OperationState.ROLLED_BACK
    assert bench.names() == {"_undone_T"}
    (undone,) = bench.sql(f"SELECT datname FROM pg_database WHERE datname LIKE '{LIVE}%'")
    name = script_made(bench, dump_of(bench, undone[0]))
    await restored(bench, RestoreRequest(name))


async def test_a_live_database_that_is_empty_or_closed_is_replaced(bench: Bench) -> None:
    bench.sql("DROP TABLE messages, users", LIVE)
    await restored(bench, RestoreRequest(bench.backup))
    bench.reset()
    bench.sql(f"ALTER DATABASE {LIVE} ALLOW_CONNECTIONS false")
    status = await run(bench, RestoreRequest(bench.backup))
    assert status.state is not OperationState.DONE and "--no-safety" in status.reason
    await restored(bench, RestoreRequest(bench.backup, safety=False))


async def test_a_sequence_behind_its_column_comes_back_as_it_was_and_is_told(bench: Bench) -> None:
    bench.sql("TRUNCATE messages; INSERT INTO messages (id, author, body)"
              " SELECT g, 1, 'hello ' || g FROM generate_series(1, 300) g; SELECT setval('messages_id_seq', 5)",
              LIVE)  # fmt: skip
    preview = await bench.service.plan("staging", backup_planner(BackupRequest(verify=True)), without_cluster=True)
    await bench.service.start(preview, confirmed="test")
    made = bench.service.history()[0]
    assert made.state is OperationState.DONE, made.reason
    bench.reset()
    status = await restored(bench, RestoreRequest(made.result["backup"]["name"]))
    assert any("messages_id_seq" in w and "setval" in w for w in status.result["prove"]["warnings"])


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
async def test_other_encodings_come_back_as_they_were(bench: Bench, encoding: str) -> None:
    """The live database was remade in UTF8 since; the backup's own encoding is what its digests are of."""
    bench.sql(f"DROP DATABASE {LIVE} WITH (FORCE)")
    bench.sql(
        f"CREATE DATABASE {LIVE} OWNER {USER} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        " LOCALE_PROVIDER libc"
    )
    bench.sql(f"SET ROLE {USER}; {TABLES}; UPDATE users SET name = 'Zoë' WHERE id = 1", LIVE)
    if encoding == "SQL_ASCII":
        with psycopg.connect(bench.server.dsn(LIVE, USER), autocommit=True) as raw:
            raw.execute("SET client_encoding = 'SQL_ASCII'")
            raw.execute(b"UPDATE users SET name = 'Zo\xeb' WHERE id = 2")
    preview = await bench.service.plan("staging", backup_planner(BackupRequest()), without_cluster=True)
    await bench.service.start(preview, confirmed="test")
    made = bench.service.history()[0]
    assert made.state is OperationState.DONE, made.reason
    bench.sql(f"DROP DATABASE {LIVE} WITH (FORCE)")
    bench.sql(f"CREATE DATABASE {LIVE} OWNER {USER}")
    bench.sql(f"SET ROLE {USER}; {TABLES}", LIVE)
    bench.reset()
    await restored(bench, RestoreRequest(made.result["backup"]["name"]))
    (row,) = bench.sql("SELECT getdatabaseencoding(), encode(textsend(name), 'hex') FROM users WHERE id = 2", LIVE)
    # psycopg gives bytes where there is no encoding.
    row = tuple(v.decode() if isinstance(v, bytes) else v for v in row)
    assert row == (encoding, "5a6feb" if encoding == "SQL_ASCII" else b"user 2".hex())
    # Back to the usual one for the tests after this.
    bench.sql(f"DROP DATABASE {LIVE} WITH (FORCE)")
    bench.sql(f"CREATE DATABASE {LIVE} OWNER {USER}")
    bench.sql(f"SET ROLE {USER}; {TABLES}", LIVE)


async def test_chosen_tables_come_back_and_undo_knows_them(bench: Bench) -> None:
    status = await run(bench, RestoreRequest(bench.backup, tables=("public.messages",), safety=False))
    assert status.state is OperationState.DONE, status.reason
    assert bench.live() == NEW and bench.names() == {""}
    server = bench.service.world.service(bench.service.world.environment("staging"), "restore")
    (kept,) = await server.set_aside()
    assert (kept.kind, kept.undoable) == ("tables", True) and kept.size > 0
    preview = await bench.service.plan("staging", undo_plan, without_cluster=True)
    await bench.service.start(preview, confirmed="test")
    assert bench.service.history()[0].state is OperationState.DONE
    assert bench.live() == OLD and await server.set_aside() == []


async def test_a_drill_that_fails_has_failed_and_leaves_nothing(bench: Bench, good: bytes) -> None:
    """It touched nothing live, so there was nothing to roll back: exit code 1, and no scratch database stays."""
    broken = good.replace(b"\nCOPY public.users", b"\nCOPY public.nowhere", 1)
    status = await run(bench, RestoreRequest(script_made(bench, broken), drill=True))
    assert (status.state, status.exit) == (OperationState.FAILED, 1)
    assert "nowhere" in status.reason and "nothing live was touched" in status.reason
    assert bench.names() == {""} and bench.live() == OLD


async def test_the_files_are_judged_before_anything_is_touched(bench: Bench, good: bytes) -> None:
    """One that could not be loaded could not even be undone."""
    world = bench.service.world
    present = Path(world.directory) / "environments" / "staging.yaml"
    before = present.read_bytes()
    name = script_made(bench, good)
    folder = Path(world.directory) / "backups" / name
    parts = frozenset((Part.DATABASE, Part.CONFIGURATION))
    for text, why in (("x: [1", "is no environment"), ("environment: production\n", "is no environment")):
        (folder / "staging.yaml").write_text(text)
        assert why in await refused(bench, RestoreRequest(name, parts))
    (folder / "staging.yaml").unlink()
    with pytest.raises(VezaError, match=r"holds no staging\.yaml"):
        await run(bench, RestoreRequest(name, parts))
    assert present.read_bytes() == before and not list(present.parent.glob("*.before-*"))


async def test_large_objects_and_a_view_that_was_never_filled_are_proven(bench: Bench) -> None:
    """What belongs to no table, larger than it is read at once; and what cannot be read is no difference."""
    bench.sql(f"SET ROLE {USER}; TRUNCATE messages RESTART IDENTITY; INSERT INTO messages (author, body) SELECT 1 +"
              " g % 20, 'hello ' || g FROM generate_series(1, 300) g; CREATE MATERIALIZED VIEW never AS SELECT 1 AS one"
              " WITH NO DATA; SELECT lo_from_bytea(4711, repeat('x', 2500000)::bytea), lo_create(4712)",
              LIVE)  # fmt: skip
    try:
        preview = await bench.service.plan("staging", backup_planner(BackupRequest(verify=True)), without_cluster=True)
        await bench.service.start(preview, confirmed="test")
        made = bench.service.history()[0]
        assert made.state is OperationState.DONE, made.reason
        database = bench.service.world.service(bench.service.world.environment("staging"), "database")
        there = (await database.facts()).large_objects
        bench.sql("SELECT lo_put(4711, 2400000, 'y')", LIVE)
        changed = (await database.facts()).large_objects
        assert there.rows == changed.rows == 2 and there.digest and there.digest != changed.digest
        status = await restored(bench, RestoreRequest(made.result["backup"]["name"], safety=False))
        rows = {t["table"]: (t["then"], t["now"], t["digest"]) for t in status.result["prove"]["tables"]}
        assert rows["pg_catalog.pg_largeobject"] == (2, 2, True) and rows["public.never"] == (0, 0, False)
        assert status.result["prove"]["unproven"] == []
        assert (await database.facts()).large_objects == there
    finally:
        bench.sql("SELECT lo_unlink(oid) FROM pg_largeobject_metadata; DROP MATERIALIZED VIEW IF EXISTS never", LIVE)


async def test_two_at_once_are_kept_apart_by_the_databases_own_lock(bench: Bench) -> None:
    server = bench.service.world.service(bench.service.world.environment("staging"), "restore")
    async with server.lock():
        assert "holds the lock" in await refused(bench, RestoreRequest(bench.backup, safety=False))


async def test_without_the_cluster_it_is_loud_in_the_audit_log(bench: Bench) -> None:
    await restored(bench, RestoreRequest(bench.backup, safety=False))
    text = (bench.service.state / "audit.jsonl").read_text()
    assert '"without-cluster"' in text
