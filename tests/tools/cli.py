"""`veza-tui` as a child process in tests: a workspace, an environment, and what came back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Cli:
    """Runs commands in one workspace with one state directory."""

    workspace: Path
    environment: dict[str, str] = field(repr=False)

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "veza_tui", "-C", str(self.workspace), *arguments]

    def run(self, *arguments: str, code: int | None = 0, timeout: float = 90) -> subprocess.CompletedProcess[str]:
        """Run to the end; ``code`` is the exit code that must come back, None for any."""
        done = subprocess.run(
            self.argv(*arguments), env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        if code is not None:
            assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        return json.loads(self.run(*arguments, code=code).stdout)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on meanwhile; ended by TERM, then KILL."""
        process = subprocess.Popen(
            self.argv(*arguments), env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.communicate()

    def operation(self, text: str) -> dict[str, Any]:
        found: dict[str, Any] = self.json("operations", "show", text, "--json")
        return found

    @property
    def operations(self) -> Path:
        return Path(self.environment["XDG_STATE_HOME"]) / "veza-tui" / "operations"

    def journal(self, operation: str) -> list[dict[str, Any]]:
        lines = (self.operations / operation / "journal.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]


def make_cli(platform: Any) -> Cli:
    """On the demo, with a private copy of its workspace."""
    return Cli(platform.workspace_copy(), {**platform.environment, "PYTHONDONTWRITEBYTECODE": "1"})


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
