"""A pod's use as bars of its limits, and the autoscaler above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tools.heavy import HeavyCluster, big_pod
from tests.tools.synthetic import FixedClock, pod, three, view
from veza_tui.feeds.inspect.objects import Ref
from veza_tui.feeds.inspect.usage import PodUse, Use
from veza_tui.model.workload import AutoscalerRow, ReplicaSetRow
from veza_tui.tui.app import VezaApp
from veza_tui.tui.presentation.glyphs import ASCII, UNICODE
from veza_tui.tui.presentation.owners import autoscaler_words
from veza_tui.tui.presentation.pod import pod_lines
from veza_tui.tui.presentation.spans import line_width, plain
from veza_tui.tui.presentation.use import autoscaler_line, use_lines
from veza_tui.tui.screens.base import VezaScreen
from veza_tui.tui.screens.describe import DescribeScreen
from veza_tui.tui.screens.owners import OwnersScreen
from veza_tui.tui.screens.pod import PodScreen

NOW = 1_700_000_000.0
SCALE = AutoscalerRow("u", "backend-api", "backend-api", 3, 10, 4, 6, 91, 70, "")


def use(cpu: float, memory: float) -> PodUse:
    one = Use(cpu, memory)
    return PodUse(one, {"backend-api": one})


def test_bars_of_the_limits_and_the_colour_of_trouble() -> None:
    seen = view("production", now=NOW)
    one = pod(1, now=NOW)  # limits: 1 core, 1Gi
    (line,) = use_lines(one, use(0.25, 1020 * 2**20), replace(seen, autoscalers=()), 100, UNICODE)
    text = plain(line)
    assert "250m of 1.0 25%" in text
    assert "1020Mi of 1.0Gi 100%" in text or "1.0Gi of 1.0Gi 100%" in text
    roles = {s.role for s in line if "%" in s.text}
    assert roles == {"ok", "bad"}
    assert text.count(UNICODE.full) > 10
    unlimited = replace(one, containers=(replace(one.containers[0], cpu_limit="", memory_limit=""),))
    assert "250m, no limit" in plain(use_lines(unlimited, use(0.25, 1), seen, 100, UNICODE)[0])


def test_nothing_measured_says_nothing() -> None:
    seen = replace(view("production", now=NOW), autoscalers=())
    one = pod(1, now=NOW)
    assert use_lines(one, None, seen, 80, UNICODE) == []
    assert "USE" not in "\n".join(map(plain, pod_lines(one, seen, NOW, 80, UNICODE, gone=False)))
    page = "\n".join(map(plain, pod_lines(one, seen, NOW, 80, UNICODE, gone=False, use=use(0.1, 1))))
    assert page.index("CONTAINERS") < page.index("USE") < page.index("POD ")


def test_an_autoscaler_without_metrics_moves_nowhere() -> None:
    """As Kubernetes 1.34 leaves it where metrics.k8s.io is missing: desiredReplicas 0, five pods run on."""
    blind = replace(SCALE, current_replicas=5, desired_replicas=0, current_utilization=None, reason="no metrics")
    text = plain(autoscaler_line(blind, ASCII))
    assert "5 of 3-10 replicas" in text
    assert "no metrics" in text
    assert ASCII.arrow not in text
    assert autoscaler_words(blind, ASCII) == "auto 3-10 cpu ?/70%"
    assert autoscaler_words(SCALE, ASCII) == f"auto 3-10 cpu 91/70% 4{ASCII.arrow}6"


def test_the_autoscaler_of_the_pod_in_words() -> None:
    seen = view("production", now=NOW)
    one = pod(1, now=NOW)
    row = ReplicaSetRow("r", one.owner, "backend-api", "d", "3", 4, 4, (), NOW, 4)
    seen = replace(seen, replica_sets=(row,), autoscalers=(SCALE,))
    text = plain(use_lines(one, None, seen, 100, UNICODE)[0])
    assert "cpu 91% of 70%" in text
    assert "4 of 3-10 replicas" in text
    assert f"4{UNICODE.arrow}6" in text
    assert "cpu ? of 70%" in plain(autoscaler_line(replace(SCALE, current_utilization=None), ASCII))


@pytest.mark.parametrize("cells", [40, 60, 80, 160])
def test_it_fits(cells: int) -> None:
    seen = view("production", now=NOW)
    for line in use_lines(pod(1, now=NOW), use(0.5, 2**30), seen, cells, UNICODE):
        assert line_width(line) <= cells


class Asked:
    """A ``UseFeed`` that only notes what it is told."""

    def __init__(self) -> None:
        self.on = False
        self.pods: dict[str, PodUse] = {}

    def start(self) -> None:
        self.on = True

    async def stop(self) -> None:
        self.on = False


async def until(pilot: Pilot[Any], true: Callable[[], bool]) -> None:
    while not true():
        await pilot.pause(0.01)


@pytest.mark.parametrize("which", ["pod", "describe", "owners"])
async def test_the_use_is_asked_for_while_somebody_looks(which: str) -> None:
    app = VezaApp(three(FixedClock(NOW)))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: bool(app.tabs and app.tabs[0].view.pods))
        tab = app.tabs[0]
        cluster: Any = HeavyCluster(0, 0, big_pod(1))
        tab.feed.cluster = cluster if which == "pod" else None  # type: ignore[misc]
        ref = Ref("Pod", "big", "veza", "uid-0")
        screen: Any = {
            "pod": lambda: PodScreen(next(iter(tab.view.pods.values()))),
            "describe": lambda: DescribeScreen(tab, cluster, ref),
            "owners": lambda: OwnersScreen(tab),
        }[which]()
        asked = screen.use = Asked()
        await app.push_screen(screen)
        await until(pilot, lambda: asked.on)
        await app.push_screen(VezaScreen())
        await until(pilot, lambda: not asked.on)
        await app.pop_screen()
        await until(pilot, lambda: asked.on)
        await app.pop_screen()
        await until(pilot, lambda: not asked.on)


async def test_nothing_is_asked_of_what_is_no_pod_and_where_there_is_no_connection() -> None:
    app = VezaApp(three(FixedClock(NOW)))
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: bool(app.tabs and app.tabs[0].view.pods))
        tab = app.tabs[0]
        assert not PodScreen(next(iter(tab.view.pods.values()))).wants_use()
        cluster: Any = HeavyCluster(0, 0)
        assert not DescribeScreen(tab, cluster, Ref("Deployment", "api", "veza", "u")).wants_use()
