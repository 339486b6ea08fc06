"""A demo's directories: private, locked while it lives, swept when it was killed."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from veza_tui.embedded.platform import lifetime
from veza_tui.model.errors import LockedError


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def age(path: Path) -> None:
    old = time.time() - 120
    os.utime(path, (old, old))


def test_home_is_private_and_removed() -> None:
    home = lifetime.Home()
    assert home.run.stat().st_mode & 0o777 == 0o700
    home.beside.mkdir()
    home.close()
    assert not home.run.exists()
    assert not home.beside.exists()


def test_sweep_takes_the_killed_and_leaves_the_living(temporary: Path) -> None:
    living = lifetime.Home()
    killed = temporary / f"{lifetime.PREFIX}killed"
    killed.mkdir()
    (killed / "lock").touch()
    stranger = temporary / f"{lifetime.PREFIX}stranger"
    stranger.mkdir()
    for path in (living.run, killed, stranger):
        age(path)
    lifetime.sweep()
    assert living.run.exists()
    assert not killed.exists()
    assert stranger.exists()  # no lock: not ours to judge
    living.close()


def test_a_fresh_directory_is_left_alone(temporary: Path) -> None:
    fresh = temporary / f"{lifetime.PREFIX}fresh"
    fresh.mkdir()
    (fresh / "lock").touch()
    lifetime.sweep()
    assert fresh.exists()


def test_one_demo_a_kept_state(tmp_path: Path) -> None:
    first = lifetime.Home(tmp_path / "kept")
    with pytest.raises(LockedError, match="another demo runs on"):
        lifetime.Home(tmp_path / "kept")
    first.close()
    again = lifetime.Home(tmp_path / "kept")
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700
    again.close()
    assert (tmp_path / "kept").exists()
