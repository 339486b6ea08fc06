"""An answer that comes when its screen is closed paints nothing, and ends nothing."""

from __future__ import annotations

import asyncio

from tests.tools.synthetic import FixedClock, three
from veza_tui.operations.inspect.compare import Comparison
from veza_tui.tui.app import VezaApp
from veza_tui.tui.screens.compare import CompareScreen
from veza_tui.tui.widgets.table import Table


async def test_a_comparison_that_comes_too_late() -> None:
    answer: asyncio.Future[Comparison] = asyncio.get_running_loop().create_future()

    async def slow() -> Comparison:
        return await answer

    async def drift() -> object:
        raise NotImplementedError

    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.tabs or not app.screen.query(Table):
            await pilot.pause(0.01)
        screen = CompareScreen(app.tabs[0], slow, drift)  # type: ignore[arg-type]
        await app.push_screen(screen)
        await pilot.pause()
        assert screen.is_mounted
        await pilot.press("escape")
        await pilot.pause(0.05)
        assert not screen.is_mounted
        answer.set_result(Comparison((), ()))
        await pilot.pause(0.05)
        assert app.screen is app.overview
    assert app.return_code in (None, 0)


async def test_why_there_is_nothing_to_compare_is_said() -> None:
    async def read() -> Comparison:
        return Comparison((), (), (("staging", "the API server does not accept our credentials (401)"),), False)

    app = VezaApp(three(FixedClock(1_700_000_000.0)))
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.tabs or not app.screen.query(Table):
            await pilot.pause(0.01)
        await app.push_screen(CompareScreen(app.tabs[0], read, read))  # type: ignore[arg-type]
        for _ in range(50):
            strips = app.screen._compositor.render_strips(app.screen.size)
            text = "\n".join("".join(s.text for s in strip) for strip in strips)
            if "credentials" in text:
                break
            await pilot.pause(0.02)
        assert "staging: the API server does not accept our credentials (401)" in text
        assert "no difference" not in text
