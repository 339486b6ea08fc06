"""The confirmation asks as hard as the case deserves, and nothing typed ahead answers it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Button, Input

from tests.tools.synthetic import FixedClock, three
from veza_tui.model.plan import Change
from veza_tui.tui.app import VezaApp
from veza_tui.tui.dialogs.base import Dialog
from veza_tui.tui.dialogs.confirm import ConfirmScreen, Question, confirm

PLAIN = Question(
    "Deploy v1.5.0 to staging",
    lines=("Three Deployments change.",),
    steps=("Apply", "Wait"),
    changes=(Change("Deployment/chat-server", "spec.image", "v1.4.2", "v1.5.0", by="kubectl"),),
    yes="Deploy",
)
TYPED = Question("Restore production", yes="Restore", typed="production", danger=True)


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEZA_THEME", "dark")
    monkeypatch.setattr(ConfirmScreen, "settle", 0.0)


@asynccontextmanager
async def asking(question: Question) -> AsyncIterator[tuple[VezaApp, Pilot[int], list[bool]]]:
    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    answers: list[bool] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: bool(app.tabs))

        async def ask() -> None:
            answers.append(await confirm(app, question))

        app.spawn(ask())
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.answers_since is not None)
        yield app, pilot, answers


async def until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came true")


def text(app: VezaApp) -> str:
    strips = app.screen._compositor.render_strips(app.screen.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_it_shows_what_will_happen_and_cancel_has_the_focus() -> None:
    async with asking(PLAIN) as (app, pilot, answers):
        shown = text(app)
        for word in ("Deploy v1.5.0 to staging", "Three Deployments", "1. Apply", "- v1.4.2", "+ v1.5.0", "kubectl"):
            assert word in shown
        assert isinstance(app.focused, Button)
        assert app.focused.id == "no"
        await pilot.press("enter")
        await until(pilot, lambda: answers == [False])


@pytest.mark.parametrize(("keys", "answer"), [(["y"], True), (["n"], False), (["escape"], False),
                                              (["right", "enter"], True)])  # fmt: skip
async def test_one_key_answers_the_simple_tier(keys: list[str], answer: bool) -> None:
    async with asking(PLAIN) as (_, pilot, answers):
        await pilot.press(*keys)
        await until(pilot, lambda: answers == [answer])


async def test_the_name_must_be_typed_whole() -> None:
    async with asking(TYPED) as (app, pilot, answers):
        yes = app.screen.query_one("#yes", Button)
        assert yes.disabled
        await pilot.press(*"prod", "enter")
        assert app.screen.query_one(Input).value == "prod"
        assert not answers
        assert yes.disabled
        await pilot.press(*"uction")
        await until(pilot, lambda: not yes.disabled)
        await pilot.press("enter")
        await until(pilot, lambda: answers == [True])


async def test_y_is_a_letter_where_a_name_must_be_typed() -> None:
    async with asking(TYPED) as (app, pilot, answers):
        await pilot.press("y", "n")
        assert app.screen.query_one(Input).value == "yn"
        assert not answers
        await pilot.press("escape")
        await until(pilot, lambda: answers == [False])


async def test_keys_typed_before_the_paint_are_dropped() -> None:
    async with asking(PLAIN) as (app, pilot, answers):
        dialog = app.screen
        assert isinstance(dialog, Dialog)
        early = events.Key("y", "y")
        early.time = monotonic() - 5
        app.post_message(early)
        await pilot.pause(0.02)
        assert not answers
        dialog.answers_since = None
        await pilot.press("y")
        await pilot.pause(0.02)
        assert not answers, "nothing is painted yet"
        dialog.answers_since = monotonic()
        await pilot.press("y")
        await until(pilot, lambda: answers == [True])


LONG = Question(
    "Deploy production",
    changes=tuple(
        Change(
            f"Deployment/service-{i}", f"spec.template.spec.containers[service-{i}].resources.limits.memory", "1", "2"
        )
        for i in range(12)
    ),
    steps=tuple(f"Step {i}" for i in range(8)),
    typed="production",
    danger=True,
)


async def test_a_long_plan_is_read_whole_at_80x24_and_says_that_there_is_more() -> None:
    async with asking(LONG) as (app, pilot, answers):
        await until(pilot, lambda: "more lines below" in text(app))
        seen = text(app)
        assert "limits.memory" in seen, "a field's path is wrapped, not cut"
        assert "Type production to go on:" in seen and "Cancel" in seen
        for _ in range(12):
            if "more line" not in text(app):
                break
            before = text(app)
            await pilot.press("pagedown")
            await until(pilot, lambda before=before: text(app) != before)  # type: ignore[misc]
            seen += text(app)
        for i in range(12):
            assert f"Deployment/service-{i} " in seen
        assert "8. Step 7" in text(app) and "more line" not in text(app)
        assert isinstance(app.focused, Button) and not answers, "reading answers nothing"
