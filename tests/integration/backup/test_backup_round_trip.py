"""Real dumps of a real PostgreSQL: proven by a load, consistent under writes, readable by the script and back."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pyrage
import pytest

from tests.integration.backup.conftest import Backup, Place, as_is, settings_for
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.postgres.tools import find_tools
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.backup import differences
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.verify import PREFIX, StoredDump, sweep_scratch, verify_backup
from veza_tui.ports.database import LoadOptions, Scratch, TransferProgress

pytestmark = pytest.mark.integration


async def prove(catalogue: Catalogue, name: str, place: Place, identity: Path | None = None):  # type: ignore[no-untyped-def]
    return await verify_backup(
        catalogue, name, "production", place.database, SystemClock(), "ada", lambda p: None, identity=identity
    )


@pytest.mark.parametrize("form", ["plain", "custom", "directory"])
async def test_every_format_is_proven_by_a_load(place: Place, storage: LocalStorage, backup: Backup, form: str) -> None:
    seen: list[TransferProgress] = []
    manifest = await backup(storage, format=form, jobs=2, seen=seen)
    dump = manifest.dump
    assert dump is not None
    assert dump.format == form
    assert dump.lsn.count("/") == 1
    assert dump.server.system_identifier
    assert dump.client_version.split(".")[0] == str(dump.server.major)
    tables = {t.name: t for t in dump.database.tables}
    assert (tables["users"].rows, tables["messages"].rows, tables["nothing"].rows) == (2000, 20000, 0)
    assert tables["users"].digest != tables["messages"].digest
    assert seen[-1].done > 0
    assert (seen[-1].tables, seen[-1].tables_done) == (4, 4)
    catalogue = Catalogue(storage)
    verified = await prove(catalogue, manifest.name, place)
    assert verified.record.proven
    assert (verified.proof.tables, verified.proof.rows) == (5, 22004 + 2000)
    assert not await place.database.databases(PREFIX), "the scratch database is gone"


async def test_rows_digests_and_dump_are_of_one_snapshot_while_everybody_writes(
    place: Place, storage: LocalStorage, backup: Backup
) -> None:
    stop = threading.Event()

    def write() -> None:
        with place.connect() as connection:
            while not stop.is_set():
                connection.execute("INSERT INTO messages (user_id, body) VALUES (1, 'late')")
                connection.execute("UPDATE users SET t = t || '!' WHERE id = (SELECT 1 + (random() * 1999)::int)")
                connection.execute("DELETE FROM messages WHERE id = (SELECT min(id) FROM messages)")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for form in ("plain", "directory"):
            manifest = await backup(storage, format=form, jobs=2)
            assert (await prove(Catalogue(storage), manifest.name, place)).record.proven
    finally:
        stop.set()
        writer.join()


def mutations() -> list[str]:
    return [
        "DELETE FROM messages WHERE id = 7",
        "UPDATE messages SET body = 'x' WHERE id = 8",
        "UPDATE users SET mood = 'sad' WHERE id = 7",
        "UPDATE users SET extra = '{\"a\": [1]}' WHERE id = 7",
        "UPDATE users SET tags = ARRAY['x', '', '7'] WHERE id = 7",
        "UPDATE users SET t = t || ' ' WHERE id = 7",
        "UPDATE users SET born = born + interval '1 microsecond' WHERE id = 7",
        "SELECT setval('users_id_seq', 5)",
        "ALTER TABLE messages DROP CONSTRAINT messages_user_id_fkey",
        "CREATE TABLE more ()",
        "GRANT SELECT ON users TO veza_staging",
    ]


async def test_a_difference_of_one_value_is_seen(place: Place) -> None:
    before = await place.database.facts()
    assert differences(before, await place.database.facts()) == []
    for mutation in mutations():
        with place.connect() as connection:
            connection.execute(mutation)
        now = await place.database.facts()
        found = differences(before, now) or differences(now, before)
        assert found, mutation
        before = now


async def test_the_script_s_restore_reads_ours_and_ours_the_script_s(
    place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path
) -> None:
    manifest = await backup(storage)
    tools = find_tools(17)
    env = {**os.environ, "PGPASSWORD": place.server.passwords["veza_production"], "PGPORT": str(place.server.port)}
    other = f"{place.name}_script"
    place.server.admin(f"CREATE DATABASE {other} OWNER veza_production TEMPLATE template0")
    try:
        sql = storage.local(manifest.name, "database.sql")
        assert sql is not None
        # env-manager.sh: psql -h HOST -U USER -d NAME < database.sql
        with sql.open("rb") as dump:
            done = subprocess.run(
                [tools.path("psql"), "-h", place.server.host, "-U", "veza_production", "-d", other],
                stdin=dump, env=env, capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert done.returncode == 0
        assert "ERROR" not in done.stderr
        assert manifest.dump is not None
        promised = manifest.dump.database
        assert differences(promised, await place.database.facts(other, like=promised)) == []
    finally:
        await place.database.drop(other)
    # env-manager.sh: pg_dump -h HOST -U USER -d NAME > backups/STAMP/database.sql
    folder = tmp_path / "backups" / "20250101_010101"
    folder.mkdir()
    with (folder / "database.sql").open("wb") as out:
        subprocess.run(
            [tools.path("pg_dump"), "-h", place.server.host, "-U", "veza_production", "-d", place.name],
            stdout=out, env=env, check=True,
        )  # fmt: skip
    source = StoredDump(storage, Catalogue(storage).get("20250101_010101"))
    scan = await place.database.scan(source)
    assert scan.refused == ()
    assert scan.complete
    assert scan.rows["public.messages"] == 20000
    await place.database.create_scratch(Scratch(other, like=place.name))
    try:
        await place.database.load(other, source, lambda p: None)
        assert differences(await place.database.facts(), await place.database.facts(other)) == []
    finally:
        await place.database.drop(other)
    with pytest.raises(RefusedError, match="no manifest"):
        await prove(Catalogue(storage), "20250101_010101", place)


def children() -> list[str]:
    """The programs that this process has started and that still run."""
    names = []
    for path in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):  # a thread, or a program, that has just ended
            names += [Path(f"/proc/{pid}/comm").read_text().strip() for pid in path.read_text().split()]
    return names


@pytest.mark.parametrize("form", ["plain", "custom"])
async def test_an_encrypted_backup_is_proven_with_its_identity_and_never_lay_open(
    place: Place, tmp_path: Path, backup: Backup, form: str
) -> None:
    identity = pyrage.x25519.Identity.generate()
    key = tmp_path / "key"
    key.write_text(str(identity))
    storage = LocalStorage(tmp_path / "backups", [str(identity.to_public())])
    manifest = await backup(storage, format=form)
    marker = b"user 17"
    for path in (tmp_path / "backups").rglob("*"):
        assert not path.is_file() or marker not in path.read_bytes()
    catalogue = Catalogue(storage)
    with pytest.raises(RefusedError, match="--identity"):
        await prove(catalogue, manifest.name, place)
    assert "pg_restore" not in children()
    assert (await prove(catalogue, manifest.name, place, key)).record.proven
    assert not await place.database.databases(PREFIX)


async def test_a_dump_that_does_not_hold_what_its_manifest_says_is_not_proven(
    place: Place, storage: LocalStorage, backup: Backup
) -> None:
    """Every sum fits, but a table's rows are not those that the database had: only a load finds that."""
    from dataclasses import replace

    from veza_tui.operations.backup.catalogue import manifest_bytes

    manifest = await backup(storage)
    assert manifest.dump is not None
    facts = manifest.dump.database
    wrong = tuple(replace(t, digest="r1") if t.name == "users" else t for t in facts.tables)
    forged = replace(manifest, dump=replace(manifest.dump, database=replace(facts, tables=wrong)))
    path = storage.local(manifest.name, "manifest.json")
    assert path is not None
    path.write_bytes(manifest_bytes(forged))
    with pytest.raises(VezaError, match=r"public\.users has the right number of rows with other contents"):
        await prove(Catalogue(storage), manifest.name, place)
    assert not Catalogue(storage).get(manifest.name).proven
    assert not await place.database.databases(PREFIX)


async def test_owners_can_be_left_out_for_roles_that_are_not_here(
    place: Place, storage: LocalStorage, backup: Backup
) -> None:
    place.sql("DROP ROLE IF EXISTS gone; CREATE ROLE gone; GRANT CREATE ON SCHEMA public TO gone;"
              "ALTER TABLE nothing OWNER TO gone; GRANT SELECT ON users TO gone")  # fmt: skip
    place.sql("GRANT gone TO veza_production")
    manifests = [await backup(storage, format=form) for form in ("plain", "custom")]
    place.sql("REASSIGN OWNED BY gone TO veza_production; DROP OWNED BY gone; DROP ROLE gone")
    for manifest in manifests:
        source = StoredDump(storage, Catalogue(storage).get(manifest.name))
        assert "gone" in (await place.database.scan(source)).roles
        for owners in (True, False):
            scratch = f"{place.name}_roles"
            await place.database.create_scratch(Scratch(scratch, like=place.name))
            try:
                if owners:
                    with pytest.raises(VezaError, match='role "gone" does not exist'):
                        await place.database.load(scratch, source, lambda p: None)
                    assert (await place.database.facts(scratch)).tables == () or manifest.dump.format == "custom"
                else:
                    await place.database.load(scratch, source, lambda p: None, LoadOptions(owners=False))
                    assert len((await place.database.facts(scratch)).tables) == 5
            finally:
                await place.database.drop(scratch)


async def test_the_environment_s_own_database_is_never_loaded_into_or_dropped(place: Place) -> None:
    with pytest.raises(RefusedError):
        await place.database.drop(place.name)
    with pytest.raises(RefusedError):
        await place.database.load(place.name, None, lambda p: None)  # type: ignore[arg-type]


async def test_a_role_that_may_make_no_database_is_told_so(place: Place) -> None:
    place.server.admin("CREATE ROLE narrow LOGIN PASSWORD 'narrow'")
    narrow = PostgresDatabase(settings_for(place.server, place.name, user="narrow", password="narrow"), as_is)
    with pytest.raises(RefusedError, match="permission denied to create database"):
        await narrow.create_scratch(Scratch("bk_never"))


async def test_scratch_databases_of_dead_verifications_are_swept(place: Place) -> None:
    old, used = f"{PREFIX}1000000000_aaaaaa", f"{PREFIX}1000000000_bbbbbb"
    for name in (old, used):
        await place.database.create_scratch(Scratch(name, like=place.name))
    try:
        async with place.database.keep(used):
            assert await sweep_scratch(place.database) == [old]
    finally:
        await place.database.drop(used)


@pytest.mark.parametrize("mode", ["require", "verify-full"])
async def test_ssl_mode_is_honoured(place: Place, storage: LocalStorage, backup: Backup, mode: str) -> None:
    """A server without TLS, or without a certificate we trust, is not spoken to."""
    if mode == "require" and place.server.tls:
        pytest.skip("this server has TLS")
    strict = PostgresDatabase(settings_for(place.server, place.name, ssl_mode=mode), as_is)
    with pytest.raises(VezaError, match=r"(?i)ssl|certificate"):
        await backup(storage, database=strict)
    assert Catalogue(storage).records() == []


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell")
@pytest.mark.parametrize(
    "line",
    [r"\! touch {}", r"\copy nothing from program 'touch {}'", r"\o |touch {}", "\\set x `touch {}`", r"\i {}",
     "COPY nothing TO PROGRAM 'touch {}';"],
)  # fmt: skip
async def test_hostile_dumps_are_refused_and_run_nothing(
    place: Place, storage: LocalStorage, backup: Backup, tmp_path: Path, line: str
) -> None:
    proof = tmp_path / "executed"
    manifest = await backup(storage)
    sql = storage.local(manifest.name, "database.sql")
    assert sql is not None
    text = sql.read_bytes()
    folder = tmp_path / "backups" / "20250101_010101"
    folder.mkdir()
    middle = text.index(b"CREATE FUNCTION") if line.startswith("COPY") else text.index(b"SET lock_timeout")
    (folder / "database.sql").write_bytes(text[:middle] + line.format(proof).encode() + b"\n" + text[middle:])
    source = StoredDump(storage, Catalogue(storage).get("20250101_010101"))
    assert (await place.database.scan(source)).refused
    scratch = f"{place.name}_hostile"
    await place.database.create_scratch(Scratch(scratch, like=place.name))
    try:
        with pytest.raises(RefusedError, match=re.escape("line ")):
            await place.database.load(scratch, source, lambda p: None)
        assert (await place.database.facts(scratch)).tables == (), "one transaction: nothing stays"
    finally:
        await place.database.drop(scratch)
    await asyncio.sleep(0)
    assert not proof.exists()
