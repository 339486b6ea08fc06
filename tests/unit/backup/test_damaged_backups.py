"""1,000 random damages: each is found, and found before any database is touched."""

import json
import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.backup.conftest import Clock, Make, Untouchable
from veza_tui.adapters.storage.local import LocalStorage
from veza_tui.model.catalogue import Hold, Proof
from veza_tui.model.errors import RefusedError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.verify import verify_backup


def flip(folder: Path, files: list[Path], chance: random.Random) -> str:
    path = chance.choice([f for f in files if f.stat().st_size])
    data = bytearray(path.read_bytes())
    at = chance.randrange(len(data))
    data[at] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    return f"flipped a bit of {path.name} at {at}"


def truncate(folder: Path, files: list[Path], chance: random.Random) -> str:
    path = chance.choice([f for f in files if f.stat().st_size])
    size = chance.randrange(path.stat().st_size)
    with path.open("r+b") as file:
        file.truncate(size)
    return f"truncated {path.name} to {size}"


def lengthen(folder: Path, files: list[Path], chance: random.Random) -> str:
    path = chance.choice(files)
    with path.open("ab") as file:
        file.write(chance.randbytes(chance.randint(1, 20)))
    return f"lengthened {path.name}"


def missing(folder: Path, files: list[Path], chance: random.Random) -> str:
    # Without proof.json it is merely unproven, without hold.json not held, without manifest.json it is the script's.
    path = chance.choice([f for f in files if f.name not in ("proof.json", "hold.json", "manifest.json")])
    path.unlink()
    return f"removed {path.name}"


def extra(folder: Path, files: list[Path], chance: random.Random) -> str:
    parent = chance.choice(sorted({f.parent for f in files}))
    path = parent / chance.choice(["database.sql.old", "x", ".hidden", "database.dump", "staging.yaml"])
    path.write_bytes(chance.randbytes(chance.randint(0, 30)))
    return f"added {path.name}"


def link(folder: Path, files: list[Path], chance: random.Random) -> str:
    path = chance.choice([f for f in files if f.name not in ("proof.json", "hold.json")])
    copy = folder.parent / f"{path.name}.elsewhere"
    shutil.move(path, copy)
    path.symlink_to(copy)
    return f"replaced {path.name} by a link to the same bytes"


def swapped(folder: Path, files: list[Path], chance: random.Random) -> str:
    one, other = chance.sample([f for f in files if f.name not in ("proof.json", "hold.json")], 2)
    a, b = one.read_bytes(), other.read_bytes()
    one.write_bytes(b)
    other.write_bytes(a)
    return f"swapped {one.name} and {other.name}"


def foreign(folder: Path, files: list[Path], chance: random.Random) -> str:
    other = chance.choice([d for d in sorted(folder.parent.iterdir()) if d.is_dir() and d != folder])
    shutil.copy(other / "manifest.json", folder / "manifest.json")
    return f"put the manifest of {other.name} there"


def edited(folder: Path, files: list[Path], chance: random.Random) -> str:
    path = folder / "manifest.json"
    data = json.loads(path.read_text())
    edits: list[Callable[[], Any]] = [
        lambda: data.update(environment="staging"),
        lambda: data.update(started=data["started"] + 60),
        lambda: data["files"].pop(),
        lambda: data["files"][0].update(sha256="0" * 64),
        lambda: data["dump"]["database"]["tables"][0].update(rows=4),
        lambda: data["dump"]["database"]["tables"].pop(),
        lambda: data["dump"]["server"].update(version_num=150000),
        lambda: data.pop("who"),
        lambda: data.update(version=2),
        lambda: data.update(extra=1),
    ]
    chance.choice(edits)()
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    return "edited the manifest"


DAMAGES = (flip, flip, flip, truncate, lengthen, missing, extra, link, swapped, foreign, edited)


@pytest.mark.parametrize("form", ["plain", "directory"])
async def test_500_random_damages_are_found_before_a_database_is_touched(tmp_path: Path, make: Make, form: str) -> None:
    storage = LocalStorage(tmp_path / "backups")
    catalogue = Catalogue(storage)
    name = (await make(storage, format=form)).name
    await make(storage, environment="staging", at=1_780_000_100.0)
    await make(storage, at=1_780_000_200.0)
    record = catalogue.get(name)
    catalogue.record_proof(name, Proof(record.digest, 1.0, "ada@bastion", "db", 2, 5, 0.1))
    catalogue.hold(name, Hold(1.0, "ada@bastion", "audit"))
    assert catalogue.check(name, "production") == []
    folder = tmp_path / "backups" / name
    whole = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    chance = random.Random(20261123 + len(form))
    started = time.process_time()  # not the wall's: others may be using the machine
    for _ in range(500):
        files = sorted(folder / path for path in whole)
        done = DAMAGES[chance.randrange(len(DAMAGES))](folder, files, chance)
        before = _bytes(folder)
        with pytest.raises(RefusedError):
            await verify_backup(
                catalogue,
                name,
                "production",
                Untouchable(),
                Clock(),
                "ada",
                lambda p: None,  # type: ignore[arg-type]
            )
        assert _bytes(folder) == before, f"looking changed something: {done}"
        _put_back(folder, whole)
    assert catalogue.check(name, "production") == []
    assert time.process_time() - started < 10


def _bytes(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def _put_back(folder: Path, whole: dict[Path, bytes]) -> None:
    for path in list(folder.rglob("*")):
        if path.is_symlink() or (path.is_file() and path.relative_to(folder) not in whole):
            path.unlink()
    for relative, data in whole.items():
        if not (folder / relative).is_file() or (folder / relative).read_bytes() != data:
            (folder / relative).write_bytes(data)


async def test_a_backup_of_another_environment_is_refused(make: Make, storage: LocalStorage) -> None:
    name = (await make(storage, environment="staging")).name
    with pytest.raises(RefusedError, match="of environment staging, not production"):
        Catalogue(storage).require_whole(name, "production")


async def test_a_forged_manifest_is_not_proven_by_the_old_proof(make: Make, storage: LocalStorage) -> None:
    """Digests are no signatures: whoever can write the files can write sums. The proof then belongs to another one."""
    catalogue = Catalogue(storage)
    manifest = await make(storage)
    record = catalogue.get(manifest.name)
    catalogue.record_proof(manifest.name, Proof(record.digest, 1.0, "ada", "db", 2, 5, 0.1))
    assert catalogue.get(manifest.name).proven
    from dataclasses import replace

    from veza_tui.operations.backup.catalogue import manifest_bytes

    path = storage.local(manifest.name, "manifest.json")
    assert path is not None
    path.write_bytes(manifest_bytes(replace(manifest, who="eve@else")))
    assert not catalogue.get(manifest.name).proven
    assert "proof of another manifest" in str(catalogue.check(manifest.name)[0])
