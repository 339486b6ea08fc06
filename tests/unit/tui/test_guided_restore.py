"""The guided restore, driven by keys: what it says of the moment, and that it is over when its run was looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.screen import Screen

from tests.tools.screen import shown, until, until_shown
from tests.tools.synthetic import FixedClock, three
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.restore import Check
from veza_tui.operations.restore.plan import Looked
from veza_tui.tui.app import VezaApp
from veza_tui.tui.screens.restore import RestoreScreen

NOW = 1_700_000_000.0
RECORD = BackupRecord("20231114_215640", "production", NOW - 1000, 1_000_000, (("database.sql", 10),))


def line_with(app: VezaApp, text: str) -> str:
    """The first line of the screen that holds it."""
    return next((line for line in shown(app).splitlines() if text in line), "")


class Records:
    """A catalogue of one backup."""

    def records(self, environment: str) -> list[BackupRecord]:
        return [RECORD]


async def test_the_moment_is_said_back_and_after_the_run_escape_leads_home(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def look_at(app: VezaApp, environment: Any, request: Any) -> Looked:
        return Looked(RECORD, (Check("disk", True, "enough"),), (), 16.0)

    async def run_restore(app: VezaApp, environment: Any, request: Any) -> str:
        asked.append(request)
        app.push_screen(Screen())  # the operation's page, which the person then leaves
        return "operation"

    monkeypatch.setattr("veza_tui.tui.restore.look_at", look_at)
    monkeypatch.setattr("veza_tui.tui.restore.run_restore", run_restore)
    services = three(FixedClock(NOW), incident=False)
    app = VezaApp(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.tabs))
        home = app.screen
        environment = next(e for e in services.environments() if e.name == "production")
        app.push_screen(RestoreScreen(environment, Records(), [], ""))  # type: ignore[arg-type]
        await until_shown(pilot, app, "What happened, and when?")
        await pilot.press("down", "enter")
        await until_shown(pilot, app, "When did it happen?")
        await pilot.press(*"1h", "space", *"ago", "enter")
        await until_shown(pilot, app, "Which backup?", "NONE IS FROM BEFORE 2023-11-14")
        await pilot.press("escape", "down", "enter")
        await until_shown(pilot, app, "When did it happen?")
        await pilot.press(*"5m", "enter")
        await until_shown(pilot, app, "It happened 2023-11-14", "is marked")
        # The heading stands over its columns from the first look on.
        await until(pilot, lambda: "PROOF" in line_with(app, "BACKUP"))
        title, row = line_with(app, "BACKUP"), line_with(app, RECORD.name)
        assert title.index("PROOF") == row.index("no manifest")
        await pilot.press("enter")
        await until_shown(pilot, app, "What is to come back?")
        await pilot.press("enter")
        await until_shown(pilot, app, "Is it safe", "disk")
        await pilot.press("enter")
        await until_shown(pilot, app, "Show the plan")
        # Enter is never a switch: only space is, and without it nothing is stopped.
        await pilot.press("g", "enter")
        await until(pilot, lambda: bool(asked))
        # What the environment says of draining is where the choice begins.
        drains = replace(environment, backup=replace(environment.backup, drain="scale"))
        assert RestoreScreen(drains, Records(), [], "").request().drain == "scale"  # type: ignore[arg-type]
        assert asked[0].moment == NOW - 300 and asked[0].drain == "none" and not asked[0].flush_cache
        app.pop_screen()
        await until(pilot, lambda: app.screen is home)
