"""Backups in a bucket, over HTTP: a real S3-compatible server (moto), in a process of its own."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.integration.backup.conftest import Backup, Place, as_is, settings_for
from tests.unit.backup.conftest import Clock, PaperDatabase
from tests.unit.operations.worlds import PLAIN
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage import s3, s3_write
from veza_tui.adapters.storage.s3 import S3Storage, open_bucket
from veza_tui.cli.backups_output import print_prune
from veza_tui.model.catalogue import Hold, Proof
from veza_tui.model.environment import Retention
from veza_tui.model.errors import ConfigError, RefusedError, UnreachableError, VezaError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.make import BackupJob, make_backup
from veza_tui.operations.backup.verify import verify_backup

pytestmark = pytest.mark.integration


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL_S3": s3_server,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret-of-s3",
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }.items():
        monkeypatch.setenv(name, value)
    name = f"veza-{abs(hash(request.node.name)) % 10**10}"
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-3"})
    yield name


async def dated(storage: S3Storage, at: float, environment: str = "production") -> str:
    """A small backup made at that time, on paper; its name."""
    return (await make_backup(BackupJob(environment, "ada"), storage, PaperDatabase(), Clock(at), lambda p: None)).name


def keys(storage: S3Storage) -> list[str]:
    return [key for key, _ in storage._keys("")]


@pytest.mark.parametrize("form", ["plain", "custom", "directory"])
async def test_made_listed_checked_proven_and_removed(
    place: Place, bucket: str, backup: Backup, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_write, "_PART", 5 << 20)
    if form == "plain":
        place.sql(
            "INSERT INTO messages (user_id, body) SELECT 1, repeat(md5(i::text), 16) FROM generate_series(1, 30000) i"
        )
    storage = open_bucket(f"s3://{bucket}/veza/backups")
    catalogue = Catalogue(storage)
    assert catalogue.records() == []
    manifest = await backup(storage, format=form, jobs=2)
    assert f"veza/backups/{manifest.name}/manifest.json" in keys(storage)
    assert not any(".claim" in key for key in keys(storage))
    if form == "plain":
        assert sum(f.size for f in manifest.files) > 15 << 20, "several parts"
    [record] = catalogue.records("production")
    assert (record.name, record.state, record.manifest) == (manifest.name, "unproven", manifest)
    verified = await verify_backup(
        catalogue, manifest.name, "production", place.database, SystemClock(), "ada", lambda p: None
    )
    assert verified.record.proven
    catalogue.hold(manifest.name, Hold(1.0, "ada", "audit"))
    assert catalogue.get(manifest.name).hold
    catalogue.release(manifest.name)
    assert catalogue.check(manifest.name, "production") == []
    storage.remove(manifest.name)
    assert catalogue.records() == []
    assert keys(storage) == []


async def test_encrypted_in_the_bucket(place: Place, bucket: str, backup: Backup, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(identity))
    storage = open_bucket(f"s3://{bucket}", [str(identity.to_public())])
    manifest = await backup(storage, format="custom")
    assert b"PGDMP" not in b"".join(storage.open(manifest.name, "database.dump.age"))
    catalogue = Catalogue(storage)
    verified = await verify_backup(
        catalogue, manifest.name, "production", place.database, SystemClock(), "ada", lambda p: None,
        identity=tmp_path / "key",
    )  # fmt: skip
    assert verified.record.proven


async def test_a_failed_dump_leaves_no_object_and_no_upload(place: Place, bucket: str, backup: Backup) -> None:
    storage = open_bucket(f"s3://{bucket}/x")
    wrong = PostgresDatabase(settings_for(place.server, place.name, password="no"), as_is)
    with pytest.raises(RefusedError):
        await backup(storage, database=wrong)
    assert keys(storage) == []
    assert list(storage._uploads("")) == []


async def test_two_in_one_second_and_the_claim_of_the_living(bucket: str) -> None:
    storage = open_bucket(f"s3://{bucket}/x")
    drafts = [storage.begin(1_780_000_000.0) for _ in range(3)]
    assert len({d.name for d in drafts}) == 3
    assert Catalogue(storage).records() == []
    with pytest.raises(ConfigError, match="never finished"):
        Catalogue(storage).get(drafts[0].name)
    assert storage.sweep() == [], "their owner lives"
    for draft in drafts:
        draft.abort()
    assert keys(storage) == []


UPLOADER = """
import sys, time
from veza_tui.adapters.storage import s3, s3_write
from veza_tui.adapters.storage.s3 import open_bucket
s3_write._PART = 5 << 20
draft = open_bucket(sys.argv[1]).begin(1_780_000_000.0)
draft.create("production.yaml").finish()
writer = draft.create("database.sql")
writer.write(b"x" * (6 << 20))
writer._parts[0].result()
print(draft.name, flush=True)
time.sleep(60)
"""


async def test_kill_9_leaves_nothing_listed_and_the_next_run_sweeps(bucket: str) -> None:
    address = f"s3://{bucket}/x"
    process = subprocess.Popen(
        [sys.executable, "-c", UPLOADER, address], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    storage = open_bucket(address)
    assert storage.sweep() == [], "its owner lives"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    assert Catalogue(storage).records() == []
    assert list(storage._uploads("x/"))
    assert storage.sweep() == [name]
    assert keys(storage) == []
    assert list(storage._uploads("x/")) == []


async def test_damage_in_the_bucket_is_found(place: Place, bucket: str, backup: Backup) -> None:
    storage = open_bucket(f"s3://{bucket}/x")
    manifest = await backup(storage, with_database=False, files=())
    client: Any = storage._client
    catalogue = Catalogue(storage)
    assert catalogue.check(manifest.name) == []
    client.put_object(Bucket=bucket, Key=f"x/{manifest.name}/extra", Body=b"1")
    assert [d.path for d in catalogue.check(manifest.name)] == ["extra"]


async def test_a_backup_whose_manifest_is_gone_is_damaged_not_unseen(bucket: str) -> None:
    storage = open_bucket(f"s3://{bucket}/x")
    client: Any = storage._client
    catalogue = Catalogue(storage)
    name = await dated(storage, 1_780_000_000.0)
    client.put_object(Bucket=bucket, Key="x/logs/app.log", Body=b"of somebody else")
    client.delete_object(Bucket=bucket, Key=f"x/{name}/manifest.json")
    [record] = catalogue.records("production")
    assert (record.name, record.state, record.note) == (name, "damaged", "manifest.json is missing")
    assert catalogue.newest("production") is None
    with pytest.raises(RefusedError, match=r"manifest\.json: is missing"):
        catalogue.require_whole(name, "production")
    assert storage.sweep() == [], "it is nobody's upload"


async def test_prune_in_the_bucket(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    storage = open_bucket(f"s3://{bucket}/x")
    catalogue = Catalogue(storage)
    noon = time.mktime((2026, 5, 29, 12, 0, 0, 0, 0, -1))  # a Friday
    names = [await dated(storage, noon - day * 86400) for day in (*range(6), 20, 21, 50, 51)]
    other = await dated(storage, noon - 60 * 86400, "staging")
    proven, held = names[-1], names[-2]
    catalogue.record_proof(proven, Proof(catalogue.get(proven).digest, 1.0, "ada", "PostgreSQL 17", 1, 1, 1.0))
    catalogue.hold(held, Hold(1.0, "ada", "audit"))
    retention = Retention(last=2, daily=3, weekly=2, monthly=1)
    production = replace(PLAIN, name="production", backup=replace(PLAIN.backup, retention=retention))

    def prune(**choice: Any) -> dict[str, Any]:
        given = {"yes": False, "confirm": "", "read_only": False, **choice}
        assert print_prune(production, catalogue, as_json=True, **given) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    before = keys(storage)
    told = prune()
    assert (told["dry_run"], told["removed"]) == (True, [])
    assert {b["name"]: b["why"] for b in told["backups"] if b["keep"]} == {
        names[0]: "one of the last 2",
        names[1]: "one of the last 2",
        names[2]: "daily: 2026-05-27",
        names[5]: "weekly: 2026-W21",  # Sunday, the newest of the week before
        held: "held: audit",
        proven: "the last proven one",
    }
    assert keys(storage) == before
    with pytest.raises(RefusedError):
        prune(yes=True, read_only=True)
    assert keys(storage) == before
    remove, late = storage.remove, Hold(1.0, "bob", "while others prune")

    def remove_slowly(name: str) -> None:
        remove(name)
        catalogue.hold(names[6], late)

    monkeypatch.setattr(storage, "remove", remove_slowly)
    gone = [names[3], names[4], names[7]]
    told = prune(yes=True)
    assert told["removed"] == gone
    assert [b["why"] for b in told["backups"] if b["name"] == names[6]] == ["held meanwhile"]
    assert {key.split("/")[1] for key in keys(storage)} == {*names, other} - set(gone)
    assert prune(yes=True)["removed"] == []
    catalogue.release(held)
    assert prune(confirm="production")["removed"] == [held]


async def test_a_removal_that_was_cut_off_is_ended_by_the_next_run(bucket: str) -> None:
    storage = open_bucket(f"s3://{bucket}/x")
    name = await dated(storage, 1_780_000_000.0)
    with pytest.MonkeyPatch.context() as patch:
        # As if killed between the manifest and the rest: the claim is of a process that is no more.
        patch.setattr(storage, "_wipe", lambda name: None)
        dead = {"host": socket.gethostname(), "pid": os.getpid(), "born": "1", "at": time.time()}
        patch.setattr(s3, "_claim", lambda: json.dumps(dead).encode())
        storage.remove(name)
    assert len(keys(storage)) > 1
    assert Catalogue(storage).records() == [], "it is on its way out"
    assert storage.sweep() == [name]
    assert keys(storage) == []


async def test_errors_are_one_line_without_the_secret(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="no such bucket"):
        Catalogue(open_bucket("s3://not-there-at-all/x")).records()
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(UnreachableError) as error:
        Catalogue(open_bucket(f"s3://{bucket}/x")).records()
    assert "secret-of-s3" not in str(error.value)
    for address in ("http://x/y", "s3://", "bucket/x"):
        with pytest.raises(VezaError, match="s3://bucket/prefix"):
            open_bucket(address)
