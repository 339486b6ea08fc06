"""Read-only, enumerated: every command of the table either refuses, or is known to change nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.deploy.conftest import kubectl
from tests.tools.cli import Cli, make_cli
from veza_tui.cli.main import COMMANDS, main

pytestmark = pytest.mark.integration

PROD, DEV = ("production", "--confirm", "production"), ("development", "--yes")
# Every way in that changes something. Where there is nothing to act on, 2 is an answer too: nothing happens either way.
MUTATING: dict[str, list[tuple[str, ...]]] = {
    "deploy": [DEV, PROD],
    "rollback": [("staging", "--confirm", "staging")],
    "switch-back": [PROD],
    "retire": [PROD],
    "promote": [("staging", *PROD)],
    "set-image": [("development", "chat-server=:v1.4.1", "--yes")],
    "restart": [("development", "chat-server", "--yes")],
    "scale": [("development", "2", "chat-server", "--yes")],
    "pause": [("development", "chat-server", "--yes")],
    "resume": [("development", "chat-server", "--yes")],
    "backups": [("development", "prune", "--yes"), ("development", "hold", "x"), ("development", "release", "x")],
    "agent": [("development", "--once")],
    "unpin": [("development",)],
    "restore": [("development", "newest", "--yes")],
    "undo-restore": [DEV],
    "set-aside": [("development", "--drop", "x", "--yes")],
    "flush-cache": [DEV],
    "pipeline": [("staging", "--confirm", "staging")],
    "operations": [("resume", "2", "--yes"), ("undo", "2", "--yes"), ("cancel", "2")],
    "approve": [("20260301t120405123-9f03ac",)],
    "shell": [("development", "chat-server", "--", "true")],
    "vars": [("development",)],
    "init": [("made",)],
    "_run": [("20260301t120405123-9f03ac",)],
    "_backup-job": [()],
}
READING = {
    "status", "logs", "events", "describe", "compare", "monitor", "validate", "releases", "audit", "forward", "demo",
    "backup",  # adds one to backups/, and touches nothing that it reads
    "info", "completion", "man",
}  # fmt: skip


def test_the_table_is_whole() -> None:
    assert set(MUTATING) | READING == set(COMMANDS), "a new command says here whether it changes something"
    assert not set(MUTATING) & READING


@pytest.fixture(scope="module")
def cli(platform: Any) -> Cli:
    return make_cli(platform)


def world(platform: Any, folder: Path) -> Iterator[str]:
    for namespace in ("development", "staging", "production"):
        for path in ("apis/apps/v1", "api/v1"):
            for plural in ("deployments",) if "apps" in path else ("services", "configmaps", "secrets"):
                for obj in kubectl(platform, f"/{path}/namespaces/veza-{namespace}/{plural}")["items"]:
                    name = f"{namespace}/{plural}/{obj['metadata']['name']}"
                    # A Deployment's version moves with its pods; its generation with its spec alone.
                    yield f"{name} {obj['metadata'].get('generation', obj['metadata']['resourceVersion'])}"
    for file in sorted(p for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
        yield f"{file} {hashlib.sha256(file.read_bytes()).hexdigest()}"


def ask(arguments: tuple[str, ...], cli: Cli) -> int:
    try:
        return int(main(["-C", str(cli.workspace), *arguments]))
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize("way", ["flag", "variable", "file"])
def test_no_command_changes_anything(
    cli: Cli, platform: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    for key in ("KUBECONFIG", "XDG_STATE_HOME"):
        monkeypatch.setenv(key, cli.environment[key])
    monkeypatch.chdir(cli.workspace)
    before: tuple[str, ...] = ()
    if way == "variable":
        monkeypatch.setenv("VEZA_READ_ONLY", "1")
    if way == "file":
        for path in cli.workspace.glob("environments/*.yaml"):
            if not path.name.startswith(("deployment-", "environment-")):
                path.write_text(path.read_text().rstrip("\n") + "\n  access:\n    read_only: true\n")
    before = tuple(world(platform, cli.workspace))
    wrong = []
    for name, ways in MUTATING.items():
        if way == "file" and name in ("init", "vars", "_run", "_backup-job", "backups"):
            continue  # these touch files of this machine, not the environment
        if way == "variable" and name not in ("deploy", "unpin", "vars"):
            continue  # the same switch as the flag: where it is read is the same place for all
        for arguments in ways:
            code = ask((*(("--read-only",) if way == "flag" else ()), name, *arguments), cli)
            said = capsys.readouterr().err
            if "nothing to do" in said:
                continue
            if code not in (2, 6) or (code == 6 and not re.search(r"read-only|missing permissions", said)):
                wrong.append((name, arguments, code, said[-300:]))
    assert not wrong, "\n".join(map(str, wrong))
    assert tuple(world(platform, cli.workspace)) == before
