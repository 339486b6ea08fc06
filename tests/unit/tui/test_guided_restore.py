"""The guided restore, driven by keys: what it says of the moment, and that it is over when its run was looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from fake_backups import PROVEN, record
from fake_operations import release
from textual.screen import Screen

from tests.tools.screen import shown, until, until_shown
from tests.tools.synthetic import FixedClock, environment, three
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.restore import Check, Loss
from veza_tui.operations.restore.plan import Looked
from veza_tui.operations.restore.request import RestoreRequest
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
        production = next(e for e in services.environments() if e.name == "production")
        app.push_screen(RestoreScreen(production, Records(), [], ""))  # type: ignore[arg-type]
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
        drains = replace(production, backup=replace(production.backup, drain="scale"))
        assert RestoreScreen(drains, Records(), [], "").request().drain == "scale"  # type: ignore[arg-type]
        assert asked[0].moment == NOW - 300 and asked[0].drain == "none" and not asked[0].flush_cache
        app.pop_screen()
        await until(pilot, lambda: app.screen is home)


class Several:
    """A catalogue of two: one proven, one that is damaged."""

    def records(self, environment: str) -> list[BackupRecord]:
        return [PROVEN, record("20231113_215640", problem="damaged")]


LOSSES = (Loss("public.table_001", 999, 400), Loss("public.table_002", 998, 998))
FOUND = Looked(PROVEN, (Check("disk", True, "77 GB free"), Check("free names", True, "none")), LOSSES, 16.0)


def right_of(app: VezaApp) -> str:
    """What stands beside the answers."""
    return "\n".join(line[86:] for line in shown(app).splitlines())


@asynccontextmanager
async def guided(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], deploys: list[Any], name: str = ""
) -> AsyncIterator[tuple[VezaApp, Any]]:
    """The guided restore of production, whose checks find ``FOUND``."""

    async def look_at(app: VezaApp, environment: Any, request: Any) -> Looked:
        return FOUND

    monkeypatch.setattr("veza_tui.tui.restore.look_at", look_at)
    services = three(FixedClock(NOW), incident=False)
    app = VezaApp(services)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(app.tabs))
        production = next(e for e in services.environments() if e.name == "production")
        app.push_screen(RestoreScreen(production, Several(), deploys, name))  # type: ignore[arg-type]
        yield app, pilot


async def test_beside_the_answers_stands_what_they_lead_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async with guided(monkeypatch, (160, 50), [release(2, "v2"), release(1, "v1")]) as (app, pilot):
        await until(pilot, lambda: "THE BACKUP 20231114_215640" in right_of(app))
        assert "in the last 16 min is not in it" in right_of(app)
        await pilot.press("j")
        await until(pilot, lambda: "THE DEPLOY 2" in right_of(app) and "None is from before" in right_of(app))
        assert "why 2" in right_of(app) and "veza/api:v2" in right_of(app)
        await pilot.press("G")
        await until(pilot, lambda: "yesterday 14:05" in right_of(app))
        await pilot.press("g", "enter")
        await until_shown(pilot, app, "Which backup?")
        await until(pilot, lambda: "public.table_000" in right_of(app))
        await pilot.press("enter")
        await until_shown(pilot, app, "What is to come back?")
        await until(pilot, lambda: "the whole database" in right_of(app) and "proven" in right_of(app))
        await pilot.press("j", "space")
        await until(pilot, lambda: "the whole database, secrets" in right_of(app))
        await pilot.press("enter")
        await until_shown(pilot, app, "Is it safe")
        await until(pilot, lambda: "CHECKS 2 of 2 passed" in right_of(app) and "77 GB free" in right_of(app))
        text = shown(app)
        assert "public.table_002" in text and "599 rows back" in text, "every table, not only those that differ"
        await pilot.press("enter")
        await until(pilot, lambda: "599 come back" in right_of(app) and "run on: an outage below 2 s" in right_of(app))
        await pilot.press("k", "space")
        await until(pilot, lambda: "emptied afterwards" in right_of(app))


async def test_at_80_columns_the_decisions_stand_below_and_the_checks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    async with guided(monkeypatch, (80, 24), [], PROVEN.name) as (app, pilot):
        await until_shown(pilot, app, "Only table public.table_002", "DECIDED SO FAR")
        await pilot.press("enter")
        text = await until_shown(pilot, app, "2 checks passed")
        assert "CHECKS" not in text and "DECIDED" not in text
        await pilot.press("enter")
        await until_shown(pilot, app, "DECIDED SO FAR", "599 come back", "cache", "kept as it is")
        await pilot.press("k", "space")
        await until_shown(pilot, app, "emptied afterwards")


@pytest.mark.parametrize(("guided", "words"), [(True, "space on “Empty the cache"), (False, "--flush-cache empties")])
def test_the_plan_names_the_choice_on_the_page_or_the_option(guided: bool, words: str) -> None:
    from veza_tui.operations.restore.notes import notes_of

    request = RestoreRequest("b", guided=guided)
    notes = "\n".join(notes_of(request, environment("production"), "before", [], 1.0, True, True, False))
    assert words in notes
    assert ("--" in notes) is not guided and ("U on the overview" in notes) is guided
