"""The name that must be typed: letters that come in one burst all arrive, in order, whatever had the focus."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.widgets import Input

from tests.tools.screen import until
from tests.tools.synthetic import FixedClock, three
from veza_tui.tui.app import VezaApp
from veza_tui.tui.dialogs.confirm import ConfirmScreen, Question
from veza_tui.tui.widgets.table import Table


async def test_a_burst_of_letters_is_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfirmScreen, "settle", 0.0)
    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    answers: list[bool | None] = []
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.tabs and app.screen.query(Table))
        for name, pause in (("production", False), ("production", True), ("nightly", True)):
            app.push_screen(ConfirmScreen(Question("t", typed=name)), answers.append)
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.answers_since is not None)
            screen = app.screen
            field = screen.query_one(Input)
            for letter in name:
                app.post_message(events.Key(letter, letter))
                if pause:
                    await asyncio.sleep(0)
            await until(pilot, lambda field=field, name=name: field.value == name)
            await pilot.press("enter")
            await until(pilot, lambda screen=screen: app.screen is not screen)
    assert answers == [True, True, True]


async def test_n_says_no_where_the_name_begins_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ConfirmScreen, "settle", 0.0)
    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    answers: list[bool | None] = []
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: app.tabs and app.screen.query(Table))
        app.push_screen(ConfirmScreen(Question("t", typed="production")), answers.append)
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.answers_since is not None)
        await pilot.press("n")
        await until(pilot, lambda: answers)
    assert answers == [False]
