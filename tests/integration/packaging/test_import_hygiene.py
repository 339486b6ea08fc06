"""What each way into the program imports: clients and textual cost time and memory of those who need them only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from veza_tui.cli.main import COMMANDS

pytestmark = pytest.mark.integration

CLIENTS = ["kubernetes", "aiohttp", "psycopg", "redis", "boto3", "pyrage", "prometheus_client", "flask"]
SCREEN = ["textual"]
SHOWN = [name for name in COMMANDS if not name.startswith("_")]

# One process runs many command lines and tells after which one a module of the list had come in.
WATCH = """
import contextlib, io, json, sys
lines, forbidden = json.loads(sys.argv[1])
from veza_tui.cli.main import main
came = {}
for line in lines:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        code = main(line)
    new = [m for m in forbidden if m in sys.modules and not any(m in seen["new"] for seen in came.values())]
    came[" ".join(line)] = {"code": int(code), "new": new, "said": out.getvalue()[-300:]}
print(json.dumps(came))
"""


def watch(lines: list[list[str]], forbidden: list[str], place: Path) -> dict[str, Any]:
    environ = {k: v for k, v in os.environ.items() if not k.startswith("VEZA_")}
    environ |= {"KUBECONFIG": "/nowhere", "XDG_STATE_HOME": str(place / "state"), "HOME": str(place)}
    argv = [sys.executable, "-c", WATCH, json.dumps([lines, forbidden])]
    done = subprocess.run(
        argv, cwd=place, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_no_commands_help_imports_a_client_library_or_textual(tmp_path: Path) -> None:
    lines = [["--help"], ["--version"], *([name, "--help"] for name in SHOWN)]
    came = watch(lines, CLIENTS + SCREEN + ["veza_tui.embedded.platform.platform"], tmp_path)
    assert {line: c for line, c in came.items() if c["new"] or c["code"]} == {}
    assert len(came) == len(SHOWN) + 2


# A cheap run of each command: it begins its work and ends by itself, without a cluster.
CHEAP: dict[str, list[str]] = {
    "completion": ["bash"],
    "man": [],
    "info": ["--offline"],
    "init": ["made"],
    "validate": [],
    "operations": [],
    "approve": ["20260301t120405123-9f03ac", "--yes"],
    "audit": [],
    "demo": ["--rows", "1"],  # refused before it starts: the platform's own tests run it
    "agent": ["nowhere"],
    "monitor": ["nowhere"],
    "promote": ["staging", "development", "--dry-run"],
    "set-image": ["development", "backend-api=:v2", "--dry-run"],
    "scale": ["development", "2", "--dry-run"],
    "describe": ["development", "pod-1"],
    "shell": ["development", "pod-1"],
    "forward": ["development", "backend-api", "8080"],
    "status": ["development", "--timeout", "0.5"],
    "restore": ["development", "--dry-run"],
    "compare": ["development", "staging"],
    "logs": ["development", "--no-follow"],
}


def test_no_headless_command_imports_textual_when_it_runs(tmp_path: Path) -> None:
    made = watch([["init", "work"]], SCREEN, tmp_path)
    assert made["init work"]["code"] == 0, made
    lines = [[name, *CHEAP.get(name, ["development"])] for name in SHOWN]
    came = watch(lines, SCREEN, tmp_path / "work")
    assert {line: c for line, c in came.items() if c["new"]} == {}
    crashed = {line: c["said"] for line, c in came.items() if "unexpected" in c["said"]}
    assert crashed == {}


def test_the_screen_never_imports_an_adapter() -> None:
    script = (
        "import pkgutil, importlib, sys, veza_tui.tui as room\n"
        "for found in pkgutil.walk_packages(room.__path__, 'veza_tui.tui.'): importlib.import_module(found.name)\n"
        "bad = [m for m in sys.modules if m.startswith(('veza_tui.adapters', 'veza_tui.embedded'))]\n"
        f"print(bad + [m for m in {CLIENTS!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_are_quick(argument: str) -> None:
    program = Path(sys.executable).parent / "veza-tui"
    best = 9.0
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([str(program), argument], capture_output=True, check=True, timeout=30)
        best = min(best, time.perf_counter() - began)
    assert best < 0.3


def test_help_imports_no_yaml_either() -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "veza_tui", "--help"]
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stderr
    for module in (*CLIENTS, *SCREEN, "yaml", "rich", "asyncio", "veza_tui.tui", "veza_tui.wiring"):
        assert not any(line.rpartition("|")[2].strip() == module for line in said.splitlines()), module
