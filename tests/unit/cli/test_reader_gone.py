"""A reader that goes away ends a command as SIGPIPE does: 141, and not a word."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["man"], ["completion", "bash"], ["info", "--json"]])
def test_nobody_reads(args: list[str], tmp_path: object) -> None:
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "VEZA_WORKSPACE": str(tmp_path), "KUBECONFIG": f"{tmp_path}/none"}
    done = subprocess.run(
        [sys.executable, "-m", "veza_tui", *args], stdout=write, stderr=subprocess.PIPE, env=environment, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")
