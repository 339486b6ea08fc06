"""validate, vars and init as a person calls them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.workspace.test_names_and_files import HOSTILE
from veza_tui.cli.main import main
from veza_tui.model.exits import Exit


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    for name in ("DB_PASSWORD", "REDIS_PASSWORD", "JWT_SECRET", "API_KEY", "VEZA_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    assert main(["init", str(tmp_path / "w")]) == Exit.DONE
    capsys.readouterr()
    return tmp_path / "w"


def test_init_makes_a_workspace_and_never_overwrites(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in (
        "environments/production.yaml",
        "environments/deployment-pipeline.yaml",
        "environments/environment-rules.yaml",
        "k8s/staging/25-secret.yaml",
        "secrets/production.env.example",
        ".gitignore",
    ):
        assert (root / file).is_file()
    assert (root / "secrets").stat().st_mode & 0o777 == 0o700
    assert "DB_PASSWORD=\n" in (root / "secrets/production.env.example").read_text()
    (root / ".gitignore").write_text("mine")
    (root / "environments/production.yaml").unlink()
    assert main(["init", str(root)]) == Exit.DONE
    out, err = capsys.readouterr()
    assert out.splitlines() == ["environments/production.yaml"]
    assert "kept" in err
    assert (root / ".gitignore").read_text() == "mine"


def test_git_ignores_what_init_says(root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    for file, ignored in (
        ("secrets/production.env", True),
        ("secrets/production.env.example", False),
        (".env.production", True),
        ("backups/20240101_000000/database.sql", True),
        ("environments/production.yaml", False),
    ):
        done = subprocess.run(["git", "-C", str(root), "check-ignore", "-q", file], check=False)
        assert (done.returncode == 0) is ignored, file


@pytest.mark.parametrize("where", ["", "a\0b", "/proc/nowhere/x", "x" * 5000])
def test_init_where_it_cannot(where: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", where]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_init_does_not_write_through_symlinks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "away").mkdir()
    (tmp_path / "w").mkdir()
    (tmp_path / "w/environments").symlink_to("../away")
    assert main(["init", str(tmp_path / "w")]) == Exit.USAGE
    assert list((tmp_path / "away").iterdir()) == []
    (tmp_path / "file").write_text("")
    assert main(["init", str(tmp_path / "file")]) == Exit.USAGE


def test_validate_clean_warnings_and_errors(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(root), "validate", "development"]) == Exit.DONE
    out, err = capsys.readouterr()
    assert (out, err) == ("", "development: nothing to report\n")
    assert main(["-C", str(root), "validate"]) == Exit.DONE
    out, err = capsys.readouterr()
    assert out.startswith("SEVERITY")
    assert "0 errors, 8 warnings" in err
    text = (root / "environments/production.yaml").read_text()
    (root / "environments/production.yaml").write_text(text.replace("port: 8081", "port: 8080"))
    assert main(["-C", str(root), "validate", "production"]) == Exit.USAGE
    out, _ = capsys.readouterr()
    assert "environments/production.yaml:29" in out
    assert "\x1b" not in out


def test_validate_json(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(root), "validate", "--json", "development"]) == Exit.DONE
    assert json.loads(capsys.readouterr().out) == []
    (root / "environments/development.yaml").write_text("a: \x1b\n")
    assert main(["-C", str(root), "validate", "--json"]) == Exit.USAGE
    findings = json.loads(capsys.readouterr().out)
    assert set(findings[0]) == {"severity", "file", "line", "key", "message", "todo", "rule", "environment"}
    assert findings[0]["file"] == "environments/development.yaml"
    assert findings[0]["severity"] == "error"


@pytest.mark.parametrize("command", ["validate", "vars"])
def test_hostile_names_get_one_line_and_exit_2(command: str, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in HOSTILE:
        assert main(["-C", str(root), command, name]) == Exit.USAGE, name
        out, err = capsys.readouterr()
        assert out == "", name
        assert err.count("\n") == 1, name
        assert err.strip().isprintable(), name
        assert len(err) < 300, name


def test_vars(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    secrets = root / "secrets/production.env"
    secrets.write_text("DB_PASSWORD=hunter2")
    secrets.chmod(0o644)
    assert main(["-C", str(root), "vars", "production"]) == Exit.DONE
    out, err = capsys.readouterr()
    assert out == ""
    assert "hunter2" not in err
    assert "chmod 600 secrets/production.env" in err
    secrets.chmod(0o600)
    assert main(["-C", str(root), "vars", "production"]) == Exit.DONE
    assert capsys.readouterr().err.count("\n") == 1
    path = root / ".env.production"
    assert path.read_text() == "name=production\ntype=prod\ndomain=veza.com\nDB_PASSWORD=hunter2"
    assert path.stat().st_mode & 0o777 == 0o600


def test_workspace_by_environment_variable(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VEZA_WORKSPACE", str(root))
    assert main(["validate", "development"]) == Exit.DONE
    monkeypatch.setenv("VEZA_WORKSPACE", str(root / "nowhere"))
    assert main(["validate"]) == Exit.USAGE
    assert "no workspace" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["validate", "-rf"], ["vars"], ["vars", "a", "b"], ["validat"], ["init"]])
def test_wrong_usage_is_one_line(arguments: list[str], root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-C", str(root), *arguments]) == Exit.USAGE
    assert capsys.readouterr().err.count("\n") == 1


def test_a_reader_that_goes_away_is_no_error_message(root: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m veza_tui -C {root} validate | head -c 1 >/dev/null"],
        capture_output=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        check=False,
    )
    assert b"Traceback" not in done.stderr
    assert b"BrokenPipe" not in done.stderr


def test_validate_imports_no_client_library(root: Path) -> None:
    code = (
        "import sys; from veza_tui.cli.main import main; "
        f"main(['-C', {str(root)!r}, 'validate']); "
        "bad = {'kubernetes', 'textual', 'aiohttp', 'psycopg', 'redis', 'boto3', 'ruamel'} & set(sys.modules); "
        "sys.exit(str(bad) if bad else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
