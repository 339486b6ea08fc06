"""The overview through Textual's pilot: what a person sees and what keys do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tools.synthetic import (
    FixedClock,
    SyntheticFeed,
    SyntheticServices,
    crashing,
    environment,
    scene,
    three,
    view,
)
from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.view import Link
from veza_tui.model.workload import State
from veza_tui.tui import registry
from veza_tui.tui.actions import Situation, applies
from veza_tui.tui.app import VezaApp

NOW = 1_700_000_000.0
SIZES = [(80, 24), (160, 50)]


@pytest.fixture(autouse=True)
def _dark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEZA_THEME", "dark")
    monkeypatch.delenv("NO_COLOR", raising=False)


def screen_lines(app: VezaApp) -> list[str]:
    """The text on the screen, from the compositor."""
    return [
        "".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips(app.screen.size)
    ]


@asynccontextmanager
async def running(
    services: SyntheticServices | None = None, size: tuple[int, int] = (80, 24), **options: bool
) -> AsyncIterator[tuple[VezaApp, Pilot[int]]]:
    services = services or three(FixedClock(NOW))
    app = VezaApp(services, **options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: all(feed.started for feed in services.made))
        words = ("live", "stale", "down", "connecting")
        await until(pilot, lambda: any(word in screen_lines(app)[1] for word in words))
        await pilot.pause()
        yield app, pilot


async def until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    for _ in range(200):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came true:\n" + "\n".join(screen_lines(pilot.app)))  # type: ignore[arg-type]


def row_of(app: VezaApp, text: str) -> int:
    return next(i for i, line in enumerate(screen_lines(app)) if text in line)


@pytest.mark.parametrize("size", SIZES)
async def test_the_incident_is_seen_at_a_glance(size: tuple[int, int]) -> None:
    async with running(size=size) as (app, pilot):
        lines = screen_lines(app)
        assert "1 development ✔ ok" in lines[0]
        assert "3 PRODUCTION ▲ degraded ●3" in lines[0]
        await pilot.press("3")
        await until(pilot, lambda: "veza-production" in screen_lines(app)[1])
        lines = screen_lines(app)
        assert "●" not in lines[0]
        assert lines[1].startswith(" PRODUCTION veza.com")
        text = "\n".join(lines)
        assert "v1.4.2→v1.5.0" in text
        assert "503 database" in text
        first = row_of(app, "PODS 12 · 1 failing")
        assert "CrashLoopBackOff" in lines[first + 1]
        assert "exit 1 · “DB_URL is not set”" in lines[first + 2]
        assert "deploy by oncall" in lines[-2]
        assert lines[-1].rstrip().endswith("? help")


@pytest.mark.parametrize("which", ["", "hostile", "stale", "down", "empty", "loading", "denied", "connecting"])
async def test_every_line_is_as_wide_as_the_screen(which: str) -> None:
    async with running(three(FixedClock(NOW), first=which)) as (app, pilot):
        for size in [(80, 24), (160, 50), (60, 14), (100, 30), (250, 80)]:
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: app.screen.size == size)  # type: ignore[misc]
            await pilot.pause()
            lines = screen_lines(app)
            assert len(lines) == size[1]
            assert {cell_len(line) for line in lines} == {size[0]}
            assert all(line.isprintable() for line in lines)


async def test_stale_rows_say_so_and_are_dim_and_recovery_brings_them_back() -> None:
    services = three(FixedClock(NOW), first="stale")
    async with running(services) as (app, pilot):
        lines = screen_lines(app)
        assert "◌ stale" in lines[0]
        assert "stale 30 s" in lines[1]
        assert "no answer from" in lines[2]
        pane = app.overview.pane
        assert pane is not None
        table = pane.table
        dim = app.painter.style("stale", cursor=True)
        assert any(segment.style == dim for segment in table.render_line(0))
        services.made[0].publish(view("development", now=NOW))
        await until(pilot, lambda: "stale" not in "".join(screen_lines(app)))


async def test_the_cursor_stays_on_its_pod_when_rows_move() -> None:
    services = three(FixedClock(NOW), incident=False)
    async with running(services) as (app, pilot):
        await pilot.press("3", "j", "j")
        table = app.overview.table
        assert table is not None
        held = table.cursor
        feed: SyntheticFeed = services.made[2]
        bad = crashing(7777, now=NOW)
        feed.publish(replace(feed.view(), pods=MappingProxyType({**feed.view().pods, bad.uid: bad})))
        await pilot.pause()
        assert table.cursor == held
        assert table.rows[0].key == bad.uid
        await pilot.press("g")
        assert table.cursor == bad.uid
        feed.publish(
            replace(feed.view(), pods=MappingProxyType({k: v for k, v in feed.view().pods.items() if k != bad.uid}))
        )
        await pilot.pause()
        assert table.cursor == table.rows[0].key
        await pilot.press("G")
        assert table.cursor == table.rows[-1].key


async def test_paging_scrolls_and_keeps_the_cursor_in_sight() -> None:
    async with running(three(FixedClock(NOW), pods=300, incident=False)) as (app, pilot):
        table = app.overview.table
        assert table is not None
        await pilot.press("ctrl+d", "ctrl+d", "j")
        await pilot.pause()
        assert table.scroll_offset.y > 0
        name = next(row.cells[0].text for row in table.rows if row.key == table.cursor)
        assert any(name in line and line.startswith("▌") for line in screen_lines(app))
        await pilot.press("ctrl+u", "ctrl+u", "ctrl+u")
        assert table.scroll_offset.y == 0


async def test_letters_typed_into_the_filter_fire_nothing() -> None:
    async with running() as (app, pilot):
        await pilot.press("3", "slash", *"q2chat")
        await pilot.pause()
        assert app.is_running
        assert app.active_index == 2
        assert app.overview.pane is not None
        assert app.overview.pane.query_one(Input).value == "q2chat"
        assert "No pod matches" in "\n".join(screen_lines(app))
        await pilot.press(*["backspace"] * 6, *"chat", "enter")
        table = app.overview.table
        assert table is not None
        assert {row.cells[0].text[:4] for row in table.rows} == {"chat"}
        assert "4 match “chat”" in "\n".join(screen_lines(app))
        await pilot.press("1", "3")
        await pilot.pause()
        assert "4 match “chat”" in "\n".join(screen_lines(app)), "each tab keeps its own filter"
        await pilot.press("escape")
        assert len(table.rows) == 12


async def test_sort_keys_walk_the_columns_and_show_it() -> None:
    async with running() as (app, pilot):
        await pilot.press("3", "greater_than_sign")
        await pilot.pause()
        table = app.overview.table
        assert table is not None
        names = [row.cells[0].text for row in table.rows]
        assert names == sorted(names)
        await pilot.press("I")
        assert [row.cells[0].text for row in table.rows] == names[::-1]
        await pilot.press("greater_than_sign", "greater_than_sign")
        await pilot.pause()
        assert "STATUS↑" in "\n".join(screen_lines(app))
        await pilot.press("less_than_sign", "less_than_sign", "less_than_sign", "I")
        assert table.rows[0].cells[2].text == "CrashLoopBackOff"


async def test_enter_opens_the_pod_and_it_stays_live_until_it_is_gone() -> None:
    services = three(FixedClock(NOW))
    async with running(services) as (app, pilot):
        await pilot.press("3", "enter")
        await until(pilot, lambda: "CAUSE" in "\n".join(screen_lines(app)))
        text = "\n".join(screen_lines(app))
        assert "DB_URL is not set" in text
        assert "esc back" in text
        feed: SyntheticFeed = services.made[2]
        feed.publish(replace(feed.view(), pods=MappingProxyType({})))
        await until(pilot, lambda: "gone" in screen_lines(app)[2])
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


async def test_help_and_palette_come_from_the_table() -> None:
    async with running(size=(160, 50)) as (app, pilot):
        at = app.veza_screen.situation()
        await pilot.press("question_mark")
        await until(pilot, lambda: "ENVIRONMENTS" in "\n".join(screen_lines(app)))
        text = "\n".join(screen_lines(app))
        for action in registry.available():
            if action.shown and (applies(action, at) or not action.screens):
                assert action.title[:20] in text
        await pilot.press("escape", "colon", *"go to prod")
        await pilot.pause()
        assert "Go to production" in "\n".join(screen_lines(app))
        await pilot.press("enter")
        await until(pilot, lambda: app.active_index == 2)
        await pilot.press("colon", *"theme light", "enter")
        await until(pilot, lambda: app.palette.name == "veza-light")
        await pilot.press("colon", *"zzz", "enter", "escape")
        assert len(app.screen_stack) == 1


async def test_an_action_that_is_not_possible_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.HANDLERS, "deploy", "tests.tools.synthetic:never")
    services = three(FixedClock(NOW))
    services.read_only = True
    async with running(services) as (app, pilot):
        await pilot.press("D")
        await until(pilot, lambda: bool(app._notifications))
        assert "read-only" in next(iter(app._notifications)).message
        assert "D deploy" not in screen_lines(app)[-1]


async def test_a_handler_of_another_room_is_called_with_the_situation(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Situation] = []

    async def logs(app: VezaApp, at: Situation) -> None:
        seen.append(at)

    monkeypatch.setattr("tests.tools.synthetic.logs", logs, raising=False)
    monkeypatch.setitem(registry.HANDLERS, "logs", "tests.tools.synthetic:logs")
    async with running() as (app, pilot):
        await pilot.press("3")
        await until(pilot, lambda: "· l logs" in "\n".join(screen_lines(app)))
        assert "l logs" in screen_lines(app)[-1]
        await pilot.press("l")
        await until(pilot, lambda: bool(seen))
        assert seen[0].pod is not None
        assert seen[0].pod.status == "CrashLoopBackOff"
        assert seen[0].environment is not None
        assert seen[0].environment.name == "production"


async def test_problems_elsewhere_are_marked_until_looked_at() -> None:
    services = three(FixedClock(NOW), incident=False)
    async with running(services) as (app, pilot):
        assert "●" not in screen_lines(app)[0]
        services.made[1].change_pod("uid-0", state=State.FAILED, cause="exit 1")
        await until(pilot, lambda: "2 staging ▲ degraded ●1" in screen_lines(app)[0])
        await pilot.press("2")
        await until(pilot, lambda: "●" not in screen_lines(app)[0])


async def test_the_mouse_opens_tabs_and_pods_and_runs_hints() -> None:
    async with running() as (app, pilot):
        await pilot.click(offset=(screen_lines(app)[0].index("PRODUCTION"), 0))
        await until(pilot, lambda: app.active_index == 2)
        await pilot.pause()
        y = row_of(app, "stream-server-6c8d9f7b5-r457h")
        await pilot.click(offset=(10, y))
        table = app.overview.table
        assert table is not None
        assert next(row for row in table.rows if row.key == table.cursor).cells[0].text.endswith("-r457h")
        await pilot.click(offset=(10, y))
        await until(pilot, lambda: "CONTAINERS" in "\n".join(screen_lines(app)))
        await pilot.click(offset=(screen_lines(app)[-1].index("esc back"), 23))
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_tab_walks_the_environments_and_a_digit_typed_early_counts() -> None:
    async with running() as (app, pilot):
        await pilot.press("tab", "tab", "tab", "shift+tab")
        assert app.active_index == 2
    app = VezaApp(three(FixedClock(NOW)))
    app.activate(1)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "veza-staging" in screen_lines(app)[1])


async def test_panes_are_mounted_when_first_opened() -> None:
    async with running() as (app, pilot):
        assert len(app.query("EnvironmentPane")) == 1
        await pilot.press("2", "9")
        await until(pilot, lambda: len(app.query("EnvironmentPane")) == 2)
        assert app.active_index == 1


async def test_the_screen_survives_every_size_and_says_when_it_is_too_small() -> None:
    async with running() as (app, pilot):
        for size in [(40, 10), (80, 24), (250, 80), (60, 14), (59, 14), (160, 50), (20, 5), (80, 24)]:
            await pilot.resize_terminal(*size)
            await until(pilot, lambda size=size: app.screen.size == size)  # type: ignore[misc]
            await pilot.pause()
            lines = screen_lines(app)
            assert {cell_len(line) for line in lines} == {size[0]}
            if size[0] < 60 or size[1] < 14:
                assert "veza-tui needs" in "\n".join(lines)
            else:
                await until(pilot, lambda: "PODS" in "\n".join(screen_lines(app)))


async def test_ctrl_r_asks_again_and_a_broken_workspace_can_be_read_again() -> None:
    services = three(FixedClock(NOW))
    async with running(services) as (_, pilot):
        await pilot.press("ctrl+r")
        await until(pilot, lambda: services.made[0].refreshed == 1)

    class Broken(SyntheticServices):
        broken = True

        def environments(self) -> Sequence[Environment]:
            if self.broken:
                raise ConfigError("environments: cannot be read", hint="choose another with -C DIR")
            return super().environments()

    feed = SyntheticFeed("staging", then=view("staging", now=NOW))
    broken = Broken([environment("staging")], [feed], FixedClock(NOW))
    app = VezaApp(broken)
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "choose another with -C DIR" in "\n".join(screen_lines(app)))
        broken.broken = False
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "PODS" in "\n".join(screen_lines(app)))
    assert feed.closed


async def test_ages_change_together_with_the_tick_and_heard_at_without_a_publish() -> None:
    clock = FixedClock(NOW)
    services = three(clock)
    async with running(services) as (app, _):
        services.made[0]._view = replace(services.made[0].view(), link=Link.STALE)
        clock.at += 40
        app._on_tick()
        assert app.tick == NOW + 40
        assert "stale 40 s" in screen_lines(app)[1] or "stale" in app.tabs[0].view.link


async def test_exercises_are_listed_and_switched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    active: set[str] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        if request["do"] == "list":
            answer = {
                "ok": True,
                "incidents": [
                    {"name": n, "title": f"{n} happens", "environment": "staging", "active": n in active}
                    for n in ("bad-deploy", "db-down")
                ],
            }
        else:
            (active.add if request["do"] == "start" else active.discard)(request["incident"])
            answer = {"ok": True, "message": f"{request['incident']} {request['do']}"}
        writer.write(json.dumps(answer).encode() + b"\n")
        writer.close()

    path = tmp_path / "c"
    server = await asyncio.start_unix_server(serve, path)
    monkeypatch.setenv("VEZA_DEMO_CONTROL", str(path))
    monkeypatch.setitem(registry.HANDLERS, "exercises", "veza_tui.tui.handlers:open_exercises")
    async with server, running() as (app, pilot):
        await pilot.press("x")
        await until(pilot, lambda: "db-down happens" in "\n".join(screen_lines(app)))
        await pilot.press("j", "enter")
        await until(pilot, lambda: "on     staging" in "\n".join(screen_lines(app)))
        assert active == {"db-down"}
        await pilot.press("enter")
        await until(pilot, lambda: not active)


def test_the_fixture_scenes_differ() -> None:
    calm = view("development", now=NOW)
    assert scene("down", calm, NOW).link is Link.DOWN
