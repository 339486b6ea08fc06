"""Keys that come in one burst, as over a slow line: what is typed behind a key that opens an input is text."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tools.synthetic import FixedClock, three
from veza_tui.tui import registry
from veza_tui.tui.actions import Situation
from veza_tui.tui.app import VezaApp
from veza_tui.tui.dialogs.ask import AskScreen, ask
from veza_tui.tui.screens.events import EventsScreen
from veza_tui.tui.screens.palette import PaletteScreen
from veza_tui.tui.widgets.table import Table

NAMES = {"/": "slash", ":": "colon", "?": "question_mark", "!": "exclamation_mark", " ": "space"}


async def burst(pilot: Pilot[int], text: str) -> None:
    """All keys before the first is looked at."""
    for char in text:
        pilot.app.post_message(events.Key(NAMES.get(char, char), char))
    for _ in range(5):
        await pilot.pause()


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done besides."""
    done: list[str] = []

    def handler(action: str) -> registry.Handler:
        real = original(action)

        def note(app: VezaApp, at: Situation) -> object:
            done.append(action)
            return real(app, at) if action in ("filter", "palette", "scale") else None

        return note  # type: ignore[return-value]

    original = registry.handler
    monkeypatch.setattr("veza_tui.tui.dispatch.handler", handler)
    return done


async def test_a_filter_typed_in_one_burst_deploys_nothing(called: list[str]) -> None:
    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.tabs or not app.screen.query(Table) or not app.screen.query_one(Table).rows:
            await pilot.pause(0.01)
        await burst(pilot, "/Dq2chat")
        assert called == ["filter"]
        assert app.active_index == 0
        assert app.tabs[0].want.filter == "Dq2chat"
        assert app.screen.query_one(Input).value == "Dq2chat"
        await pilot.press("x", "enter")
        assert app.tabs[0].want.filter == "Dq2chatx"


async def test_the_same_on_the_screens_that_look_closer(called: list[str]) -> None:
    services = three(FixedClock(1_700_000_000.0))
    app = VezaApp(services)
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.tabs:
            await pilot.pause(0.01)

        class Silent:
            async def watch(self, *_: object, **__: object) -> object:
                await asyncio.Event().wait()
                yield None

        app.push_screen(EventsScreen(app.tabs[0], Silent()))  # type: ignore[arg-type]
        while app.veza_screen.title_name != "events" or not app.screen.query(Input):
            await pilot.pause(0.01)
        await pilot.pause()
        await burst(pilot, "/Rx D")
        assert called == ["filter"]
        assert app.screen.query_one(Input).value == "Rx D"


async def test_the_palette_takes_letters_and_no_enter(called: list[str]) -> None:
    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.tabs or not app.screen.query(Table):
            await pilot.pause(0.01)
        for key in (events.Key("colon", ":"), events.Key("D", "D"), events.Key("e", "e"), events.Key("enter", "\r"),
                    events.Key("p", "p")):  # fmt: skip
            app.post_message(key)
        for _ in range(5):
            await pilot.pause()
        assert called == ["palette"], "enter typed before anything was seen chooses nothing"
        assert isinstance(app.screen, PaletteScreen)
        assert app.screen.query_one(Input).value == "Dep"


async def test_a_question_that_a_key_asks_at_once_takes_the_letters_behind_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def scale(app: VezaApp, at: Situation) -> None:
        asked.append(await ask(app, "How many?"))

    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    original = registry.handler
    monkeypatch.setattr("veza_tui.tui.dispatch.handler", lambda a: scale if a == "help" else original(a))
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.tabs or not app.screen.query(Table):
            await pilot.pause(0.01)
        await burst(pilot, "?2D")
        assert isinstance(app.screen, AskScreen)
        assert app.active_index == 0
        await pilot.press("enter")
        await pilot.pause()
    assert asked == ["2D"]
