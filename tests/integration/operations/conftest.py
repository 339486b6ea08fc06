"""A workspace, its state directory and `veza-tui` (with the command `noop`) as real processes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = (sys.executable, "-m", "tests.integration.operations.program")


@dataclass
class Desk:
    """One operator at a workspace."""

    path: Path
    env: dict[str, str]
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def run(self, *args: str, **more: Any) -> subprocess.CompletedProcess[str]:
        given: dict[str, Any] = {"env": self.env, "stdin": subprocess.DEVNULL, "timeout": 60, **more}
        return subprocess.run(
            [*PROGRAM, "-C", str(self.path), *args], capture_output=True, text=True, cwd=ROOT, **given
        )

    def spawn(self, *args: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [*PROGRAM, "-C", str(self.path), *args],
            env=self.env,
            cwd=ROOT,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.started.append(child)
        return child

    def start(self, steps: list[dict[str, Any]], *more: str, environment: str = "development") -> str:
        """Detached; the operation's id."""
        sure = ("--yes",) if environment == "development" else ("--confirm", environment)
        done = self.run("noop", environment, json.dumps(steps), *sure, "--detach", *more)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def status(self, operation: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("operations", "show", operation, "--json").stdout)
        return found

    def directory(self, operation: str) -> Path:
        return Path(self.env["XDG_STATE_HOME"]) / "veza-tui" / "operations" / operation

    def runner(self, operation: str) -> int:
        return int(json.loads((self.directory(operation) / "runner.json").read_text())["pid"])

    def journal(self, operation: str) -> list[dict[str, Any]]:
        path = self.directory(operation) / "journal.jsonl"
        raw = path.read_bytes() if path.exists() else b""
        return [json.loads(line) for line in raw[: raw.rfind(b"\n") + 1].splitlines()]

    def until(self, what: Callable[[], Any], seconds: float = 20) -> Any:
        """Wait for a fact about files that other processes write."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.01)
        raise AssertionError("it did not come true in time")

    def begun(self, operation: str, step: str) -> None:
        """Wait for the step's action to run."""
        self.until(lambda: f"begin {step}" in self.trace())

    def ended(self, operation: str) -> dict[str, Any]:
        """Wait for the newest attempt's end event."""
        return dict(
            self.until(lambda: (found := self.journal(operation)) and found[-1]["type"] == "end" and found[-1])["data"]
        )

    def open_gate(self, *names: str) -> None:
        for name in names:
            (self.path / f"gate-{name}").touch()

    def trace(self) -> list[str]:
        path = self.path / "trace"
        return path.read_text().splitlines() if path.exists() else []

    def made(self) -> set[str]:
        return {p.name.removeprefix("made-") for p in self.path.glob("made-*")}

    def kill(self, operation: str) -> None:
        """SIGKILL the runner and wait until it is gone."""
        pid = self.runner(operation)
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: not alive(pid))

    def audit(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("audit", "--json", "-n", "1000").stdout)
        return found

    def lease(self, environment: str = "development") -> dict[str, Any]:
        state = json.loads((Path(self.env["VEZA_TEST_CLUSTER"]) / "state.json").read_text())
        found: dict[str, Any] = state["objects"][f"leases/veza-{environment}/veza-tui-{environment}"]
        return found


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    workspace = tmp_path / "ws"
    shutil.copytree(ROOT / "environments", workspace / "environments")
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "VEZA_TEST_CLUSTER": str(tmp_path / "cluster"),
    }
    one = Desk(workspace, env)
    yield one
    for child in one.started:
        if child.poll() is None:
            child.kill()
        child.communicate()
    for path in (tmp_path / "state" / "veza-tui" / "operations").glob("*/runner.json"):
        pid = int(json.loads(path.read_text())["pid"])
        if alive(pid):
            os.kill(pid, signal.SIGKILL)
