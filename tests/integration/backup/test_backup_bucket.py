"""Backups in a bucket, over HTTP: moto's S3 server in this process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyrage
import pytest

from tests.integration.backup.conftest import Backup, Place, as_is, settings_for
from veza_tui.adapters.postgres.database import PostgresDatabase
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.adapters.storage import s3_write
from veza_tui.adapters.storage.s3 import S3Storage, open_bucket
from veza_tui.model.catalogue import Hold
from veza_tui.model.errors import ConfigError, RefusedError, UnreachableError, VezaError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.verify import verify_backup

pytestmark = [
    pytest.mark.integration,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


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
from veza_tui.adapters.storage import s3_write
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
