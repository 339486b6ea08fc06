"""`info` is made to be pasted: what helps is in it, what is secret is not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from veza_tui.cli.about import harmless

ROOT = Path(__file__).parents[3]
SECRETS = ("hunter2", "tok-SECRET", "proxy-pw", "url-pw", "q-SECRET", "env-pw")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("https://me:hunter2@host:6443/x", "https://host:6443/x"),
        ("https://tok@host/x", "https://host/x"),
        ("https://host/x?token=q-SECRET#frag", "https://host/x"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("sent Bearer abc.def to it", "sent Bearer *** to it"),
        ("password=hunter2 host=x", "password=*** host=x"),
        ("cannot use eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJr.c2ln here", "cannot use *** here"),
        ("a@b.c is no URL", "a@b.c is no URL"),
        ("\x1b[31mred", "␛[31mred"),
    ],
)
def test_what_is_harmless(text: str, clean: str) -> None:
    assert harmless(text) == clean


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    work = tmp_path / "work"
    shutil.copytree(ROOT / "environments", work / "environments")
    (work / "secrets").mkdir()
    (work / "secrets" / "production.env").write_text("DB_PASSWORD=hunter2\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(
        f"""apiVersion: v1
kind: Config
current-context: here
contexts: [{{name: here, context: {{cluster: c, user: u, namespace: n}}}}]
clusters: [{{name: c, cluster: {{server: "https://me:url-pw@127.0.0.1:{port}/base?key=q-SECRET",
  proxy-url: "http://p:proxy-pw@127.0.0.1:1"}}}}]
users: [{{name: u, user: {{token: tok-SECRET}}}}]
"""
    )
    (tmp_path / "veza-tui").mkdir()
    (tmp_path / "veza-tui" / "config.yaml").write_text("theme: lihgt\nbell: false\nkeys: {logs: f9}\n")
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith("VEZA_")},
        "KUBECONFIG": str(kubeconfig),
        "XDG_CONFIG_HOME": str(tmp_path),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "DB_PASSWORD": "env-pw",
        "REDIS_PASSWORD": "env-pw",
    }
    return work, environ


def run(place: tuple[Path, dict[str, str]], *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "veza_tui", "-C", str(place[0]), "info", *words]
    return subprocess.run(argv, env=place[1], capture_output=True, text=True, timeout=60, check=False)


def test_it_has_what_helps_and_nothing_secret(place: tuple[Path, dict[str, str]]) -> None:
    done = run(place, "--timeout", "1")
    assert done.returncode == 0, done.stderr
    for words in ("veza-tui", "textual", "python", str(place[0]), "here", "theme", "did you mean `light`?", "key logs"):
        assert words in done.stdout
    for secret in SECRETS:
        assert secret not in done.stdout + done.stderr
    found: dict[str, Any] = json.loads(run(place, "--json", "--timeout", "1").stdout)
    assert found["settings"]["bell"] is False
    assert found["settings"]["problems"][0]["key"] == "theme"
    assert [e["name"] for e in found["environments"]] == ["development", "staging", "production"]
    for environment in found["environments"]:
        assert environment["problem"]
        assert "permissions" not in environment
    assert not any(secret in json.dumps(found) for secret in SECRETS)


def test_a_cluster_that_never_answers_is_said_in_time(place: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(16)
        (tmp_path / "config").write_text(
            "{apiVersion: v1, kind: Config, current-context: x, contexts: [{name: x, context: {cluster: c, user: u}}],"
            f"clusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{silent.getsockname()[1]}'}}}}],"
            "users: [{name: u, user: {}}]}"
        )
        began = time.monotonic()
        found = json.loads(run(place, "--json", "--timeout", "0.3").stdout)
        assert time.monotonic() - began < 8
    assert {e["problem"] for e in found["environments"]} == {"unreachable: no answer in 0.3 s"}
    assert json.loads(run(place, "--json", "--offline").stdout)["environments"][0].get("problem") is None


def test_without_a_workspace_it_still_tells_the_rest(place: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    done = run((tmp_path / "nowhere", place[1]), "--offline")
    assert done.returncode == 0
    assert "VERSIONS" in done.stdout
    assert "workspace" in done.stdout.split("WORKSPACE")[1]


def test_the_actions_are_listed_with_their_keys(place: tuple[Path, dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "veza-tui" / "config.yaml").write_text("keys: {logs: f9}\n")
    listed = {a["action"]: a["keys"] for a in json.loads(run(place, "--keys", "--json").stdout)}
    assert listed["logs"] == ["f9"]
    assert listed["deploy"] == ["D"]
    assert "cursor.down" in run(place, "--keys").stdout
