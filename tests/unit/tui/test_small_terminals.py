"""Every size: the failing pod is seen on the smallest terminal that is served, and nothing breaks below it."""

from __future__ import annotations

import pytest

from tests.tools.synthetic import FixedClock, three
from veza_tui.feeds.clock import SystemClock
from veza_tui.model.view import HealthRow
from veza_tui.tui.app import VezaApp
from veza_tui.tui.presentation.glyphs import UNICODE
from veza_tui.tui.presentation.small import health_summary
from veza_tui.tui.presentation.spans import plain
from veza_tui.tui.widgets.table import Table


def lines(app: VezaApp) -> list[str]:
    strips = app.screen._compositor.render_strips(app.screen.size)
    return ["".join(segment.text for segment in strip) for strip in strips]


@pytest.mark.parametrize("size", [(60, 14), (76, 14), (80, 16), (80, 24)])
async def test_the_failing_pod_and_its_cause_are_seen(size: tuple[int, int]) -> None:
    app = VezaApp(three(FixedClock(1_700_000_000.0), first="production"))
    async with app.run_test(size=size) as pilot:
        while not app.tabs or not app.screen.query(Table) or not app.screen.query_one(Table).rows:
            await pilot.pause(0.01)
        await pilot.press("3")
        for _ in range(100):
            if any("exit 1" in line for line in lines(app)):
                break
            await pilot.pause(0.01)
        text = lines(app)
        assert any("chat-server" in line and "CrashLoop" in line for line in text), "\n".join(text)
        assert any("HEALTH" in line for line in text)
        assert text[-1].strip(), "the keys are on the last line"


async def test_no_size_breaks_a_screen() -> None:
    app = VezaApp(three(SystemClock()))
    async with app.run_test(size=(80, 24)) as pilot:
        while not app.tabs or not app.screen.query(Table) or not app.screen.query_one(Table).rows:
            await pilot.pause(0.01)
        for keys in (("3",), ("enter",), ("o",), ("question_mark",), ("colon",)):
            await pilot.press(*keys)
            for size in ((20, 5), (60, 14), (59, 13), (1, 1), (200, 6), (61, 40), (80, 24)):
                await pilot.resize_terminal(*size)
                await pilot.pause()
                assert len(lines(app)) == size[1]
            await pilot.press("escape")


def test_the_line_of_health_names_what_is_wrong() -> None:
    from veza_tui.model.workload import State

    def row(name: str, state: State, detail: str = "") -> HealthRow:
        return HealthRow(name, "service", state, None, detail, "", "", 0.0)

    rows = [row("a", State.OK), row("b", State.FAILED, "refused"), row("c", State.DEGRADED, "slow"), row("d", State.OK)]
    text = plain(health_summary(rows, 60, UNICODE))
    assert text.index("b refused") < text.index("c slow") < text.index("2 well")
    assert plain(health_summary(rows[:1], 60, UNICODE)).strip() == "HEALTH 1 well"
