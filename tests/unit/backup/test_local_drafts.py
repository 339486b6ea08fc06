"""Drafts: dead ones are swept, living ones are left; encryption on the way."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pyrage
import pytest

from tests.unit.backup.conftest import DUMP, Make
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.verify import StoredDump

HOLDER = """
import sys, time
from pathlib import Path
from veza_tui.adapters.storage.local import LocalStorage
draft = LocalStorage(Path(sys.argv[1])).begin(1_780_000_000.0)
writer = draft.create("database.sql")
writer.write(b"half a dump")
print(draft.name, flush=True)
time.sleep(60)
"""


def test_a_killed_run_leaves_a_draft_that_only_the_next_run_after_its_death_sweeps(tmp_path: Path) -> None:
    root = tmp_path / "backups"
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(root)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        name = process.stdout.readline().strip()
        storage = LocalStorage(root)
        assert storage.list() == []
        assert storage.sweep() == [], "its owner lives"
        assert (root / f".partial-{name}" / "database.sql").exists()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    assert Catalogue(storage).records() == []
    assert storage.sweep() == [name]
    assert list(root.iterdir()) == []


def test_a_draft_without_its_lock_is_given_a_minute(tmp_path: Path) -> None:
    draft = tmp_path / ".partial-20260101_000000"
    draft.mkdir()
    assert LocalStorage(tmp_path).sweep() == []
    old = time.time() - 120
    os.utime(draft, (old, old))
    assert LocalStorage(tmp_path).sweep() == ["20260101_000000"]


def test_remove_takes_it_out_of_the_list_first(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path)
    (tmp_path / "20260101_000000").mkdir()
    (tmp_path / "20260101_000000" / "database.sql").write_text("x")
    storage.remove("20260101_000000")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError):
        storage.remove("20260101_000000")


@pytest.mark.parametrize("form", ["plain", "custom"])
async def test_secrets_and_dump_are_encrypted_as_they_are_written(tmp_path: Path, make: Make, form: str) -> None:
    identity = pyrage.x25519.Identity.generate()
    other = pyrage.x25519.Identity.generate()
    storage = LocalStorage(tmp_path / "backups", [str(identity.to_public())])
    manifest = await make(storage, format=form)
    assert manifest.dump is not None
    assert manifest.dump.encrypted
    for path in (tmp_path / "backups").rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"plain-production-secret" not in data
            assert DUMP[:60] not in data
    catalogue = Catalogue(storage)
    record = catalogue.get(manifest.name)
    assert catalogue.check(manifest.name, "production") == []
    key, wrong = tmp_path / "key.txt", tmp_path / "wrong.txt"
    key.write_text(f"# created: now\n{identity}\n")
    wrong.write_text(f"{other}\n")
    with StoredDump(storage, record, key).open() as blocks:
        assert b"".join(blocks) == DUMP
    assert (
        b"".join(storage.reveal(manifest.name, "production.env.age", key)) == b"DB_PASSWORD=plain-production-secret\n"
    )
    with pytest.raises(RefusedError, match="cannot be decrypted"), StoredDump(storage, record, wrong).open() as blocks:
        b"".join(blocks)
    with pytest.raises(RefusedError, match="--identity"), StoredDump(storage, record).open() as blocks:
        b"".join(blocks)


async def test_a_directory_dump_cannot_be_encrypted_and_says_so(tmp_path: Path, make: Make) -> None:
    storage = LocalStorage(tmp_path / "backups", [str(pyrage.x25519.Identity.generate().to_public())])
    with pytest.raises(ConfigError, match="custom or plain"):
        await make(storage, format="directory")
    assert list((tmp_path / "backups").iterdir()) == []


async def test_a_wrong_recipient_is_found_before_anything_is_written(tmp_path: Path, make: Make) -> None:
    with pytest.raises(ConfigError, match="no age recipient"):
        await make(LocalStorage(tmp_path / "backups", ["age1nonsense"]))


def test_an_identity_file_that_cannot_be_used_does_not_show_its_contents(tmp_path: Path) -> None:
    from veza_tui.adapters.storage.age import read_identities

    path = tmp_path / "key"
    path.write_text("AGE-SECRET-KEY-1BROKEN\n")
    with pytest.raises(ConfigError) as error:
        read_identities(path)
    assert "BROKEN" not in str(error.value)


def test_an_ssh_key_can_open_it_too(tmp_path: Path) -> None:
    key = tmp_path / "id"
    made = subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=False)
    if made.returncode:
        pytest.skip("no ssh-keygen")
    public = " ".join((tmp_path / "id.pub").read_text().split()[:2])
    storage = LocalStorage(tmp_path / "backups", [public])
    draft = storage.begin(1_780_000_000.0)
    writer = draft.create("x.env", secret=True)
    writer.write(b"hello")
    assert writer.finish().path == "x.env.age"
    draft.commit(b"{}")
    assert b"".join(storage.reveal(draft.name, "x.env.age", key)) == b"hello"
