"""What is saved of a log: all of it, or no file."""

import errno
import os
from pathlib import Path

import pytest

from veza_tui.feeds.logs.save import NotWritten, Stopped
from veza_tui.model.errors import VezaError
from veza_tui.model.log import Source, tag
from veza_tui.tui.log_recorder import Recorder
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.log_notice import stopped_lines
from veza_tui.tui.presentation.spans import plain

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


class Disk:
    """``os.write`` with room for so many bytes of log lines."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self._real = os.write
        monkeypatch.setattr(os, "write", self._write)

    def _write(self, fd: int, data: bytes | memoryview) -> int:
        if b"/app line" not in bytes(data):
            return self._real(fd, data)
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._real(fd, bytes(data)[: self.room])
        self.room -= written
        return written


def remembered(recorder: Recorder) -> Stopped | None:
    return recorder.stopped


async def test_writing_that_stopped_says_so_until_it_begins_again(
    recorder: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(monkeypatch, room=100)
    file = await recorder.open("web")
    for _ in range(3):
        recorder.take(LINES)
    with pytest.raises(NotWritten, match="No space left on device"):
        await recorder.run()
    assert not recorder.writing
    assert recorder.stopped == Stopped(0.0, file.path, "No space left on device", 2)
    assert file.path.read_bytes() == b"2026-01-01T00:00:00.000000000Z web-0/app line\n" * 2, "half a line is none"

    second = await recorder.open("web")
    assert remembered(recorder) is None
    recorder.take(LINES)
    with pytest.raises(NotWritten):
        await recorder.run()
    assert recorder.stopped == Stopped(0.0, second.path, "No space left on device", 0)
    assert [path.name for path in tmp_path.rglob("*.log")] == [file.path.name], "an empty file is no use"

    disk.room = 1000
    third = await recorder.open("web")
    recorder.take(LINES)
    await recorder.stop()
    assert remembered(recorder) is None
    assert third.lines == 1


async def test_a_file_that_cannot_be_made_is_remembered(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "veza-tui").write_text("not a directory")
    with pytest.raises(NotWritten):
        await recorder.open("web")
    assert recorder.stopped is not None
    assert (recorder.stopped.where, recorder.stopped.lines) == (tmp_path / "veza-tui" / "logs", None)


async def test_lines_keep_their_pod_when_another_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    sources = dict(SOURCES)
    recorder = Recorder(sources, lambda: 0.0)
    file = await recorder.open("web")
    recorder.take(LINES)
    sources.clear()
    recorder.take([])
    sources[0] = Source(0, "uid", "veza", "other", "app", False)
    recorder.take(LINES)
    await recorder.stop()
    assert [line.split()[1] for line in file.path.read_bytes().splitlines()] == [b"web-0/app", b"other/app"]


@pytest.mark.parametrize("cells", [80, 120])
def test_where_and_why_fit_on_a_small_screen(cells: int) -> None:
    where = Path("/home/somebody/.local/state/veza-tui/logs/production-backend-api-20260501-120000.log")
    for lines in (None, 0, 1_234_567):
        first, second = (
            plain(line) for line in stopped_lines(Stopped(0.0, where, "No space left on device", lines), cells, UNICODE)
        )
        assert max(len(first), len(second)) <= cells
        assert "No space left on device" in first
        assert first.endswith("W again  esc hides")
        assert "20260501-120000.log" in second
    assert stopped_lines(None, cells, UNICODE) == []
