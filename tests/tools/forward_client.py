"""The lab in a child process, and ``veza-tui forward`` in another."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass
class Lab:
    """See ``tests.tools.forward_lab``."""

    process: subprocess.Popen[bytes]
    kubeconfig: Path
    workspace: Path
    state: Path
    environment: dict[str, str] = field(default_factory=dict)

    def order(self, text: str) -> None:
        """``stop``, ``start`` or ``restart`` the API server; returns when it is done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"ok\n"

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "veza_tui", "-C", str(self.workspace), *arguments]

    def run(self, *arguments: str, stdin: bytes = b"", timeout: float = 30) -> subprocess.CompletedProcess[bytes]:
        """One command to its end."""
        return subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, env=self.environment, cwd=ROOT, timeout=timeout
        )

    def audit(self) -> list[dict[str, Any]]:
        """Lines of the audit log."""
        path = self.state / "veza-tui" / "audit.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextlib.contextmanager
def forward_lab() -> Iterator[Lab]:
    with tempfile.TemporaryDirectory(prefix="vz-", ignore_cleanup_errors=True) as name:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.tools.forward_lab", name],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            state = Path(name) / "xdg"
            env = {**os.environ, "KUBECONFIG": ready["kubeconfig"], "XDG_STATE_HOME": str(state)}
            yield Lab(process, Path(ready["kubeconfig"]), Path(ready["workspace"]), state, env)
        finally:
            process.stdin.close()
            process.wait(20)
            process.stdout.close()


class Forwarding:
    """``veza-tui forward --json``; ``until`` waits for an event."""

    def __init__(self, lab: Lab, *arguments: str) -> None:
        self.process = subprocess.Popen(
            lab.command("forward", *arguments, "--json"),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=lab.environment, cwd=ROOT,
        )  # fmt: skip
        self._events: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)

    def until(self, timeout: float = 15.0, **wanted: Any) -> dict[str, Any]:
        """The next event with these values."""
        while True:
            event = self._events.get(timeout=timeout)
            if event is None:
                assert self.process.stderr is not None
                raise AssertionError(f"it ended: {self.process.stderr.read().decode()}")
            if all(event.get(key) == value for key, value in wanted.items()):
                return event

    def end(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(15)

    def __enter__(self) -> Forwarding:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._thread.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
