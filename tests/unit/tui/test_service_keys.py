"""The keys that touch services: one service or all, each a plan that is asked about."""

from __future__ import annotations

import pytest
from fake_operations import Operations, asked, at

from tests.tools.screen import until, until_shown
from veza_tui.tui.screens.overview import OverviewScreen

TOUCH = "production touch_planner [('kind', '{}'), ('replicas', {}), ('services', {})]"
CASES = (
    (("T", "1"), TOUCH.format("restart", None, "('backend-api',)")),
    (("T", "4"), TOUCH.format("restart", None, "()")),
    (("S", "2", "5", "enter"), TOUCH.format("scale", 5, "('chat-server',)")),
    (("Z", "3"), TOUCH.format("pause", None, "('stream-server',)")),
    (("W", "4"), TOUCH.format("resume", None, "()")),
    (("M", "2", "v", "9", "enter"), "production set_image_planner [('texts', ['chat-server=:v9'])]"),
    (
        ("M", "4", "v", "9", "enter"),
        "production set_image_planner [('texts', ['backend-api=:v9', 'chat-server=:v9', 'stream-server=:v9'])]",
    ),
)


pytestmark = pytest.mark.usefixtures("at_once")


async def test_each_key_touches_one_service_or_all() -> None:
    operations = Operations()
    async with at(operations) as (app, pilot):

        async def answering(word: str) -> None:
            await until_shown(pilot, app, word)
            await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)

        for keys, planned in CASES:
            operations.planned.clear()
            await pilot.press(keys[0])
            await answering("which service?")
            await pilot.press(keys[1])
            if keys[2:]:
                await answering("how many" if keys[0] == "S" else "Which image")
                await pilot.press(*keys[2:])
            await asked(pilot, app)
            assert operations.planned == [planned]
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, OverviewScreen))
        await until_shown(pilot, app, "nothing was changed")
        assert operations.started == []


@pytest.mark.parametrize(
    ("key", "question", "typed", "refusal"),
    [
        ("S", "how many", "-1", "not a number from 0 to 1000"),
        ("M", "Which image", ":bad", "'::bad' is not an image reference"),
    ],
)
async def test_what_cannot_be_meant_is_refused_in_its_field(key: str, question: str, typed: str, refusal: str) -> None:
    operations = Operations()
    async with at(operations, key) as (app, pilot):
        await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)
        await pilot.press("1")
        await until_shown(pilot, app, question)
        await pilot.press(*typed, "enter")
        await until_shown(pilot, app, refusal)
        await pilot.press("escape")
        assert operations.planned == []
