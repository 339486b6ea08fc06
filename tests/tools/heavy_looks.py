"""Heavy lists and texts under the keys of somebody in a hurry: filter, sort, resize, owners, events, YAML, help."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from textual.pilot import Pilot

from tests.tools.heavy import HeavyCluster, _until, heavy_app, ready
from tests.tools.watchdog import Watchdog
from veza_tui.feeds.inspect.objects import Ref
from veza_tui.ports.cluster import Synced
from veza_tui.tui.app import VezaApp
from veza_tui.tui.screens.yaml_view import YamlScreen
from veza_tui.tui.widgets.table import Table
from veza_tui.tui.widgets.text import TextView


class FullCluster(HeavyCluster):
    """5,000 events, and a ConfigMap of a megabyte."""

    def __init__(self) -> None:
        super().__init__(0, 0)
        text = "\n".join(f"key_{i}: value number {i} of many" for i in range(32_000))
        self.map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "big", "uid": "map"},
                    "data": {"application.yaml": text}}  # fmt: skip

    async def watch(self, resource: Any, namespace: Any, project: Callable[[Any], Any], **_: Any) -> AsyncIterator[Any]:
        if resource.plural == "events":
            yield Synced({f"e{i}": project(_event(i)) for i in range(5000)})
        elif resource.plural == "configmaps":
            yield Synced({"map": project(self.map)})
        await asyncio.Event().wait()

    async def get(self, *_: Any, **__: Any) -> dict[str, Any]:
        return self.map

    async def list_all(self, *_: Any) -> list[Any]:
        return []


def _event(number: int) -> dict[str, Any]:
    about = {"kind": "Pod", "name": f"chat-server-{number}", "namespace": "veza", "uid": f"uid-{number}"}
    return {"metadata": {"uid": f"e{number}", "name": f"e{number}"}, "type": "Warning" if number % 3 else "Normal",
            "reason": "BackOff", "message": f"Back-off {number} restarting failed container", "count": number,
            "involvedObject": about, "lastTimestamp": "2025-01-01T00:00:00Z",
            "firstTimestamp": "2025-01-01T00:00:00Z"}  # fmt: skip


async def looks(_: float) -> Watchdog:
    """Once through everything over 5,000 pods; as long as it takes."""
    cluster = FullCluster()
    app = heavy_app(5000, cluster)
    async with app.run_test(size=(160, 50)) as pilot:
        await ready(pilot, app)
        await _until(pilot, lambda: len(app.screen.query_one(Table).rows) == 5000)
        async with Watchdog() as dog:
            await _walk(pilot, app, cluster)
    return dog


async def _walk(pilot: Pilot[int], app: VezaApp, cluster: Any) -> None:
    def table() -> Table:
        return app.screen.query_one(Table)

    await _type(pilot, "slash", *"ch", "escape", *("greater_than_sign",) * 2, "I")
    await pilot.resize_terminal(80, 24)
    await pilot.resize_terminal(160, 50)
    await _type(pilot, "o")
    await _until(pilot, lambda: len(table().rows) > 5000)
    await _type(pilot, "G", "slash", "c")
    await _type(pilot, "escape", "e")
    await _until(pilot, lambda: app.veza_screen.title_name == "events" and len(table().rows) == 1000)
    await _type(pilot, "slash", "b")
    await pilot.press("escape", "escape", "question_mark")
    await _type(pilot, "j", "escape")
    assert app.tab is not None
    app.push_screen(YamlScreen(app.tab, cluster, Ref("ConfigMap", "big", "veza", "map")))
    await _until(pilot, lambda: app.veza_screen.title_name == "yaml" and _lines(app) > 32_000)
    await _type(pilot, "G", "g", "slash", "9")
    await _until(pilot, lambda: 0 < _lines(app) < 32_000)


def _lines(app: VezaApp) -> int:
    return sum(len(view.lines) for view in app.screen.query(TextView))


async def _type(pilot: Pilot[int], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await asyncio.sleep(0.01)
