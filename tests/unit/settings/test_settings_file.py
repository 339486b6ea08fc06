"""config.yaml: what it may say, what is said of its mistakes, what wins over it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from veza_tui.settings.load import Loaded, config_path, load_settings
from veza_tui.settings.model import Settings


def load(tmp_path: Path, text: str | bytes | None, **environ: str) -> Loaded:
    folder = tmp_path / "veza-tui"
    folder.mkdir(exist_ok=True)
    if text is not None:
        (folder / "config.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_settings({"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere", **environ})


def test_the_path_follows_xdg() -> None:
    assert config_path({"XDG_CONFIG_HOME": "/x", "HOME": "/h"}) == Path("/x/veza-tui/config.yaml")
    assert config_path({"HOME": "/h"}) == Path("/h/.config/veza-tui/config.yaml")
    assert config_path({"XDG_CONFIG_HOME": "relative", "HOME": "/h"}) == Path("/h/.config/veza-tui/config.yaml")


def test_no_file_and_an_empty_one_are_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, None) == Loaded(tmp_path / "veza-tui/config.yaml", False, Settings(), ())
    for text in ("", "# nothing yet\n", "---\n", "~\n"):
        loaded = load(tmp_path, text)
        assert (loaded.found, loaded.settings, loaded.line) == (True, Settings(), "")


def test_everything_that_can_be_set(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "theme: light\nascii: true\nmouse: false\nbell: false\nhealth_interval: 10\n"
        "keys:\n  yaml: Y\n  logs: [y, f5]\n  theme: ctrl-t\n",
    )
    assert loaded.line == ""
    assert loaded.settings == Settings("light", True, False, False, 10, loaded.settings.keys)
    assert dict(loaded.settings.keys) == {"yaml": ("Y",), "logs": ("y", "f5"), "theme": ("ctrl-t",)}


@pytest.mark.parametrize(
    ("text", "line", "key", "says", "todo"),
    [
        ("theme: lihgt\n", 1, "theme", "is not one of", "did you mean `light`?"),
        ("mouse: true\ntehme: dark\n", 2, "tehme", "is not a known key", "did you mean `theme`?"),
        ("mouse: yes\n", 1, "mouse", "true or false", "write true or false"),
        ("mouse: 'true'\n", 1, "mouse", "not a text", "write true or false"),
        ("health_interval: 1\n", 1, "health_interval", "outside 5 to 3600 seconds", "from 5 to 3600"),
        ("health_interval: soon\n", 1, "health_interval", "whole number", "plain digits"),
        ("- a\n", 1, "", "is a list, not settings", "key: value"),
        ("theme: dark\ntheme: light\n", 2, "theme", "", ""),
        ("theme: [dark\n", 0, "", "", ""),
        ("keys: l\n", 1, "keys", "must be a mapping", ""),
        ("keys:\n  lgos: l\n", 2, "keys.lgos", "is not an action", "did you mean `logs`?"),
        ("keys:\n  logs: hyper-x\n", 2, "keys.logs[0]", "is not a key", "ctrl-x"),
        ("keys:\n  logs:\n    - y\n    - f55\n", 4, "keys.logs[1]", "'f55' is not a key", "did you mean"),
        ("keys:\n  logs: ctrl-c\n", 2, "keys.logs[0]", "is reserved", "another key"),
        ("keys:\n  logs: 3\n", 2, "keys.logs[0]", "is reserved", "another key"),
        ("keys:\n  logs: ctrl-i\n", 2, "keys.logs[0]", "is sent by terminals as tab", "another key"),
        ("keys:\n  logs: {a: b}\n", 2, "keys.logs", "must be a key", "quotes"),
        ("keys:\n  quit: []\n", 2, "keys.quit", "cannot be left without a key", "give it one"),
        ("keys:\n  tab: a\n", 2, "keys.tab", "cannot be given other keys", "remove it"),
        ("keys:\n  logs: [z, z]\n", 2, "keys.logs[1]", "stands twice", "keep one"),
        ("keys:\n  logs: d\n", 2, "keys.logs", "`describe`", "`logs` and `describe`"),
        ("a: &a [*a]\n", 1, "", "", ""),
    ],
)
def test_each_mistake_has_line_key_and_what_to_do(
    tmp_path: Path, text: str, line: int, key: str, says: str, todo: str
) -> None:
    loaded = load(tmp_path, text)
    found = [f for f in loaded.findings if not key or f.key.removesuffix("[0]") == key.removesuffix("[0]")]
    assert found, loaded.findings
    assert found[0].file == str(tmp_path / "veza-tui/config.yaml")
    assert not line or found[0].line == line
    assert says in found[0].message
    assert todo in found[0].todo
    assert "\n" not in loaded.line
    assert "config.yaml" in loaded.line


def test_what_is_right_counts_although_something_is_wrong(tmp_path: Path) -> None:
    settings = load(tmp_path, "theme: lihgt\nascii: true\nkeys:\n  logs: d\n  yaml: Y\n").settings
    assert settings == Settings(ascii=True)


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"\x00", b"theme: \x1b[31m\n", b"&a [" * 4000, b"a: b\n" * 100_000])
def test_hostile_files_are_one_printable_line(tmp_path: Path, text: bytes) -> None:
    loaded = load(tmp_path, text)
    assert loaded.settings == Settings()
    assert loaded.line.isprintable()
    assert len(loaded.line) < 700


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "veza-tui").mkdir()
    path = tmp_path / "veza-tui" / "config.yaml"
    os.mkfifo(path)
    assert "is not a regular file" in load(tmp_path, None).line
    path.unlink()
    path.symlink_to(path)
    assert load(tmp_path, None).line
    path.unlink()
    path.mkdir()
    assert load(tmp_path, None).line


def test_a_link_to_where_dotfiles_live_is_followed(tmp_path: Path) -> None:
    home = tmp_path / "dotfiles.yaml"
    home.write_text("theme: ansi\n")
    (tmp_path / "veza-tui").mkdir()
    (tmp_path / "veza-tui" / "config.yaml").symlink_to(home)
    assert load(tmp_path, None).settings.theme == "ansi"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    text = "theme: light\nascii: true\nmouse: false\nbell: false\nhealth_interval: 10\n"
    got = load(
        tmp_path,
        text,
        VEZA_THEME="contrast",
        VEZA_ASCII="0",
        VEZA_MOUSE="1",
        VEZA_BELL="yes",
        VEZA_HEALTH_INTERVAL="60",
    )
    assert got.settings == Settings("contrast", False, True, True, 60)
    assert load(tmp_path, text, VEZA_THEME="").settings.theme == "light"
    wrong = load(tmp_path, text, VEZA_THEME="pink", VEZA_ASCII="maybe", VEZA_HEALTH_INTERVAL="1e3")
    assert [f.file for f in wrong.findings] == ["VEZA_THEME", "VEZA_ASCII", "VEZA_HEALTH_INTERVAL"]
    assert wrong.settings.theme == "light"


def test_options_win_over_everything() -> None:
    from veza_tui.cli.commands.ui import with_options
    from veza_tui.cli.main import Options

    base = Settings(ascii=True, mouse=True)
    assert with_options(base, Options(None, False, False)) == base
    assert with_options(base, Options(None, False, False, False, False)) == Settings(ascii=False, mouse=False)


def test_validate_config_prints_findings_and_exits_2(tmp_path: Path) -> None:
    load(tmp_path, "theme: lihgt\nkeys:\n  logs: d\n")
    environ = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "veza_tui", "validate", "--config", *more]
        return subprocess.run(argv, env=environ, capture_output=True, text=True, cwd=tmp_path, check=False)

    done = run("--json")
    assert done.returncode == 2
    assert [(f["line"], f["key"]) for f in json.loads(done.stdout)] == [(1, "theme"), (3, "keys.logs")]
    done = run()
    assert done.returncode == 2
    assert re.search(r"config.yaml:1 +theme .*did you mean `light`", done.stdout)
    load(tmp_path, "theme: light\n")
    assert run().returncode == 0
