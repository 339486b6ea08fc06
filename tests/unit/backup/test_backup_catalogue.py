"""The catalogue: what it lists, what it says of the script's backups, what never shows."""

import os
import stat
from pathlib import Path

import pytest

from tests.unit.backup.conftest import Make, PaperDatabase
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.backup import manifest_from_json
from veza_tui.model.catalogue import NO_MANIFEST, Hold, Proof, seal, unseal
from veza_tui.model.errors import ConfigError, UnreachableError
from veza_tui.operations.backup.catalogue import Catalogue


async def test_layout_modes_and_manifest_of_a_backup(make: Make, storage: LocalStorage, tmp_path: Path) -> None:
    manifest = await make(storage, reason="before the deploy")
    folder = tmp_path / "backups" / manifest.name
    assert sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()) == [
        "database.sql", "k8s/deployment.yaml", "manifest.json", "production.env", "production.yaml",
    ]  # fmt: skip
    for path in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    record = Catalogue(storage).get(manifest.name)
    assert record.manifest == manifest
    assert manifest_from_json(record.manifest.to_json()) == manifest
    assert (record.state, record.environment, record.at) == ("unproven", "production", 1_780_000_000.0)
    assert record.to_json()["rows"] == 5
    assert Catalogue(storage).check(manifest.name, "production") == []


@pytest.mark.parametrize("form", ["plain", "custom"])
async def test_a_dump_that_fails_leaves_nothing(make: Make, storage: LocalStorage, tmp_path: Path, form: str) -> None:
    with pytest.raises(UnreachableError, match="gone"):
        await make(storage, format=form, database=PaperDatabase(UnreachableError("the server is gone")))
    assert list((tmp_path / "backups").iterdir()) == []
    assert Catalogue(storage).records() == []


async def test_two_in_one_second_get_two_names(make: Make, storage: LocalStorage) -> None:
    first, second, third = [await make(storage) for _ in range(3)]
    assert len({first.name, second.name, third.name}) == 3
    drafts = [storage.begin(1_780_000_000.0) for _ in range(3)]
    assert len({d.name for d in drafts} | {first.name, second.name, third.name}) == 6
    for draft in drafts:
        draft.abort()
    assert len(Catalogue(storage).records()) == 3


def test_the_script_s_backups_are_listed_and_cannot_be_proven(tmp_path: Path) -> None:
    folder = tmp_path / "backups" / "20250102_030405"
    folder.mkdir(parents=True)
    (folder / "production.yaml").write_text("x")
    (folder / "production.env").write_text("x")
    (folder / "database.sql").write_text("-- PostgreSQL database dump\n")
    (tmp_path / "backups" / ".partial-20250102_030406").mkdir()
    (tmp_path / "backups" / "latest").symlink_to(folder)
    (tmp_path / "backups" / "notes.txt").write_text("x")
    [record] = Catalogue(LocalStorage(tmp_path / "backups")).records("production")
    assert (record.environment, record.state, record.note) == ("production", "unprovable", NO_MANIFEST)
    assert record.has_database
    assert not record.proven
    assert record.at > 1_700_000_000


async def test_proof_and_hold(make: Make, storage: LocalStorage) -> None:
    catalogue = Catalogue(storage)
    name = (await make(storage)).name
    record = catalogue.get(name)
    catalogue.record_proof(name, Proof("0" * 64, 2.0, "ada", "db", 2, 5, 0.1))
    assert not catalogue.get(name).proven, "a proof of another manifest proves nothing"
    catalogue.record_proof(name, Proof(record.digest, 2.0, "ada", "db", 2, 5, 0.1))
    assert catalogue.get(name).state == "proven"
    catalogue.hold(name, Hold(3.0, "ada", "audit"))
    held = catalogue.get(name)
    assert held.hold == Hold(3.0, "ada", "audit")
    catalogue.release(name)
    catalogue.release(name)
    assert catalogue.get(name).hold is None
    assert catalogue.check(name) == []


async def test_newest_backup_for_the_overview(make: Make, storage: LocalStorage) -> None:
    catalogue = Catalogue(storage)
    assert catalogue.newest("production") is None
    old = await make(storage, at=1_780_000_000.0)
    new = await make(storage, at=1_780_003_600.0)
    await make(storage, at=1_780_007_200.0, with_database=False)
    await make(storage, at=1_780_007_200.0, environment="staging")
    newest = catalogue.newest("production")
    assert newest is not None
    assert (newest.name, newest.proven, newest.proven_at) == (new.name, False, None)
    catalogue.record_proof(old.name, Proof(catalogue.get(old.name).digest, 2.0, "ada", "db", 2, 5, 0.1))
    newest = catalogue.newest("production")
    assert newest is not None
    assert (newest.name, newest.proven, newest.proven_at) == (new.name, False, old.started)


@pytest.mark.parametrize("name", ["..", ".", "../x", "/etc", "a/b", "", ".partial-20250101_000000", "a\0b"])
def test_names_that_lead_elsewhere_are_refused(storage: LocalStorage, name: str) -> None:
    with pytest.raises(ConfigError):
        Catalogue(storage).get(name)


async def test_reading_never_follows_a_link_or_leaves_the_backup(
    make: Make, storage: LocalStorage, tmp_path: Path
) -> None:
    name = (await make(storage)).name
    folder = tmp_path / "backups" / name
    (tmp_path / "secret").write_text("x")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "k8s-link").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    for path in ("link", "k8s-link/secret", "../../secret", "/etc/passwd", "k8s/../../secret", "pipe", "k8s", "none"):
        with pytest.raises(ConfigError):
            storage.read(name, path)
    assert {d.path for d in Catalogue(storage).check(name)} == {"link", "k8s-link", "pipe"}


def test_seals_find_any_change() -> None:
    text = seal({"a": 1, "b": "x"})
    assert unseal(text) == {"a": 1, "b": "x"}
    for at in range(len(text)):
        changed = bytearray(text)
        changed[at] ^= 1
        with pytest.raises(ValueError):
            unseal(bytes(changed))
