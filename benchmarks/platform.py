"""The embedded platform as a child, for as long as a benchmark needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def platform(*arguments: str) -> Iterator[dict[str, Any]]:
    """``veza-tui demo --headless`` until the end of the block; yields its JSON line."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", "veza_tui", "demo", "--headless", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            assert child.stdout is not None
            line = child.stdout.readline()
            if not line:
                child.wait()
                errors.seek(0)
                raise RuntimeError("the platform did not start: " + errors.read().decode(errors="replace")[-2000:])
            ready = json.loads(line)
            yield ready
        finally:
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def environment(ready: dict[str, Any]) -> dict[str, str]:
    """Environment variables with which a program finds the platform."""
    found = {str(k): str(v) for k, v in ready.get("environment", {}).items()}
    return found or {"KUBECONFIG": ready["kubeconfig"], "VEZA_WORKSPACE": ready["workspace"]}


def command(ready: dict[str, Any]) -> list[str]:
    """The real program on the platform's workspace."""
    return [sys.executable, "-m", "veza_tui", "-C", str(ready["workspace"])]


ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
