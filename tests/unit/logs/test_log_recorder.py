"""What is saved of a log: all of it, or no file."""

import errno
import os
from pathlib import Path

import pytest

from veza_tui.model.errors import VezaError
from veza_tui.model.log import Source, tag
from veza_tui.tui.log_recorder import Recorder

SOURCES = {0: Source(0, "uid", "veza", "web-0", "app", False)}
LINES = [b"2026-01-01T00:00:00.000000000Z line" + tag(0)]


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return Recorder(SOURCES, lambda: 0.0)


async def test_saved_whole(recorder: Recorder) -> None:
    file = await recorder.save("web", LINES, SOURCES)
    assert file.path.read_bytes() == b"2026-01-01T00:00:00.000000000Z web-0/app line\n"


async def test_a_full_disk_is_told_and_keeps_no_half(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(fd: int, data: bytes) -> int:
        if b"web-0/app" in bytes(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(VezaError, match="No space left on device"):
        await recorder.save("web", LINES, SOURCES)
    assert not list(tmp_path.rglob("*.log"))
