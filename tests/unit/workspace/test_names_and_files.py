"""Hostile names and files: nothing outside the workspace is read or written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.workspace.conftest import PRODUCTION, Room
from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit
from veza_tui.workspace.files import check_name, inside, read_bytes, replace_file
from veza_tui.workspace.load import load_workspace

HOSTILE = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/etc/passwd",
    "a;b",
    "a b",
    "-rf",
    "a-",
    "x" * 300,
    "Production",
    "prödüction",
    "ｐrod",
    "prod\0",
    "prod\n",
    "$(id)",
    "prod.yaml",
    "a_b",
    "\x1b[31m",
    "\udce9",
    "deployment-pipeline",
    "environment-rules",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_get_one_printable_line(name: str, room: Room) -> None:
    workspace = room.workspace
    for ask in (workspace.environment, workspace.secrets_path, workspace.manifests, workspace.vars_path, check_name):
        with pytest.raises(ConfigError) as caught:
            ask(name)
        line = str(caught.value)
        assert line.isprintable()
        assert len(line) < 200
        assert caught.value.exit == Exit.USAGE


@pytest.mark.parametrize("name", ["a", "qa", "staging-2", "2024", "x" * 50])
def test_plain_names_are_taken(name: str) -> None:
    assert check_name(name) == name


@given(st.text(max_size=70))
def test_a_name_that_passes_makes_a_path_of_one_part(name: str) -> None:
    try:
        check_name(name)
    except ConfigError as error:
        assert str(error).isprintable()
    else:
        assert Path(f"{name}.yaml").parts == (f"{name}.yaml",)
        assert len(f"veza-{name}") <= 63
        assert name.isascii()
        assert not name.startswith("-")


def test_symlinks_out_of_the_workspace_are_refused(room: Room, tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("a: 1\n")
    path = room.root / PRODUCTION
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(ConfigError, match="leaves the workspace"):
        room.workspace.environment("production")
    (room.root / "secrets/production.env").unlink()
    (room.root / "secrets/production.env").symlink_to("/etc/passwd")
    with pytest.raises(ConfigError, match="leaves the workspace"):
        room.workspace.secrets_path("production")


@pytest.mark.parametrize("part", ["environments", "secrets", "k8s", "backups"])
def test_a_whole_folder_that_leads_out_is_refused(part: str, room: Room, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    folder = room.root / part
    if folder.exists():
        folder.rename(tmp_path / f"old-{part}")
    folder.symlink_to(away)
    with pytest.raises(ConfigError, match="leaves the workspace"):
        workspace = load_workspace(room.root)
        _ = workspace.secrets_path("qa"), workspace.manifests_path("qa"), workspace.backups_dir


def test_symlinks_inside_and_to_the_workspace_are_fine(room: Room, tmp_path: Path) -> None:
    path = room.root / PRODUCTION
    path.rename(room.root / "kept.yaml")
    path.symlink_to("../kept.yaml")
    link = tmp_path / "link"
    link.symlink_to(room.root)
    workspace = load_workspace(link)
    assert workspace.path == room.root
    assert workspace.environment("production").domain == "veza.com"


@pytest.mark.parametrize(
    ("given_path", "named"), [("/nonexistent", "/nonexistent"), ("a\0b", "a␀b"), ("x" * 5000, "x" * 299 + "…")]
)
def test_no_workspace_there_names_what_was_given(given_path: str, named: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_workspace(given_path)
    assert caught.value.message == f"no workspace at {named}"


def test_a_file_or_a_bare_directory_is_no_workspace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="not a directory"):
        load_workspace(tmp_path / "file")
    (tmp_path / "bare").mkdir()
    with pytest.raises(ConfigError, match=r"/bare is not a workspace: .*veza-tui init"):
        load_workspace(tmp_path / "bare")


def test_fifos_directories_and_circles_do_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dir").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    for name in ("fifo", "dir", "circle"):
        with pytest.raises(ConfigError):
            read_bytes(tmp_path, tmp_path / name, 100)


def test_size_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 101)
    assert len(read_bytes(tmp_path, tmp_path / "file", 101)) == 101
    with pytest.raises(ConfigError, match="larger"):
        read_bytes(tmp_path, tmp_path / "file", 100)


def test_dot_dot_does_not_leave(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="leaves"):
        inside(tmp_path, tmp_path / "a" / ".." / ".." / "x")


def test_replace_file_is_private_and_leaves_no_rest(tmp_path: Path) -> None:
    target = tmp_path / "target"
    victim = tmp_path / "victim"
    victim.write_text("kept")
    target.symlink_to(victim)
    replace_file(target, b"new")
    assert not target.is_symlink()
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o600
    assert victim.read_text() == "kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["target", "victim"]


def test_replace_file_that_cannot_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        replace_file(tmp_path / "target", b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["target"]
