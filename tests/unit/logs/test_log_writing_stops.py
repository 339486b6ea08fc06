"""The logs screen when the file that is written to cannot be written any more."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tools.synthetic import FixedClock, three
from veza_tui.model.log import Scope, Source, Target, tag
from veza_tui.tui.app import VezaApp
from veza_tui.tui.presentation.spans import plain
from veza_tui.tui.screens.logs import LogsScreen
from veza_tui.tui.widgets.sheet import Sheet
from veza_tui.tui.widgets.table import Table

LINE = b"2026-01-01T00:00:00.000000000Z said" + tag(0)


class SilentCluster:
    """Has the logs of nobody."""

    async def get(self, *_: Any) -> Any:
        await asyncio.Event().wait()

    async def ping(self) -> None:
        """The clock stands: an answer would be asked for again at once."""
        await asyncio.Event().wait()

    async def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> VezaApp:
    """On a disk without room for what is said."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    real = os.write

    def full(fd: int, data: bytes | memoryview) -> int:
        if b" said\n" in bytes(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, data)

    monkeypatch.setattr(os, "write", full)
    services = three(FixedClock(1_700_000_000.0))
    services._services["connect"] = lambda environment: SilentCluster()
    return VezaApp(services)


async def until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    """The test's own time limit ends what never comes true."""
    while not true():
        await pilot.pause(0.01)


async def opened(app: VezaApp, pilot: Pilot[int]) -> LogsScreen:
    await until(pilot, lambda: bool(app.tabs) and bool(app.screen.query(Table)))
    screen = LogsScreen(Target(Scope.POD, "nobody"))
    await app.push_screen(screen)
    await until(pilot, lambda: screen.session is not None)
    screen.sources[0] = Source(0, "uid", "veza", "web-0", "app", False)
    return screen


def stopped(screen: LogsScreen) -> str:
    """What the screen says about it, "" when it says nothing."""
    sheet = screen.query_one("#stopped", Sheet)
    return "\n".join(plain(line) for line in sheet.lines) if sheet.display else ""


async def test_it_stands_on_the_screen_until_it_is_dismissed_or_begun_again(app: VezaApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        for end in ("escape", "W"):
            assert stopped(screen) == ""
            await pilot.press("W")
            await until(pilot, lambda: screen._recorder.writing)
            screen._deliver([LINE])
            await until(pilot, lambda: bool(stopped(screen)))
            assert "No space left on device" in stopped(screen)
            assert "nobody-" in stopped(screen)
            assert not screen._recorder.writing
            await pilot.press(end)
            await until(pilot, lambda: not stopped(screen))
            assert app.screen is screen


async def test_leaving_says_what_could_not_be_written(app: VezaApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        await screen._recorder.open("web")
        screen._deliver([LINE])
        await pilot.press("escape")
        await until(pilot, lambda: not screen.is_attached)
        await until(pilot, lambda: any("No space left on device" in n.message for n in app._notifications))
        assert app.screen is app.overview
    assert app.return_code in (None, 0)


async def test_leaving_says_what_was_written(app: VezaApp) -> None:
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(app, pilot)
        file = await screen._recorder.open("web")
        screen._deliver([LINE.replace(b"said", b"heard")])
        await pilot.press("escape")
        await until(pilot, lambda: any(f"wrote 1 line to {file.path}" in n.message for n in app._notifications))
        assert file.path.read_bytes() == b"2026-01-01T00:00:00.000000000Z web-0/app heard\n"
