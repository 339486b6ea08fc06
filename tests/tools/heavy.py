"""The heavy scenarios in one process, without a cluster: 5,000 pods that change, a flood of logs, a big object.

``python -m tests.tools.heavy`` prints how long the event loop was away in each, against the 50 ms that are promised.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from textual.pilot import Pilot

from tests.tools.synthetic import SyntheticFeed, SyntheticServices, environment, view
from tests.tools.watchdog import Watchdog
from veza_tui.feeds.clock import SystemClock
from veza_tui.feeds.inspect.objects import Ref
from veza_tui.ports.cluster import Synced, Upsert
from veza_tui.tui.app import VezaApp
from veza_tui.tui.widgets.table import Table

BUDGET = 0.05
"""Seconds for which a key may wait."""

NAMES = ("development", "staging", "production")


class HeavyCluster:
    """Logs as fast as ``rate`` (lines a second and pod) says; every watch gives one big object that keeps changing."""

    def __init__(self, rate: int, seconds: float, big: dict[str, Any] | None = None) -> None:
        self._rate, self._seconds, self._big = rate, seconds, big
        self.chunks: list[bytes] = []
        self.uids: dict[str, str] = {}

    def prepare(self) -> list[bytes]:
        """A tenth of a second's lines each, made before the clock runs."""
        start = datetime.now(UTC).timestamp()
        chunks, number = [], 0
        for _ in range(int(self._seconds * 10)):
            lines = []
            for _ in range(self._rate // 10):
                number += 1
                when = datetime.fromtimestamp(start + number / self._rate, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
                level = ("info", "debug", "warn", "error")[number % 4]
                lines.append(f'{when}000Z {{"level":"{level}","msg":"request {number} served","ms":{number % 97}}}\n')
            chunks.append("".join(lines).encode())
        return chunks

    async def logs(self, *_: Any, **__: Any) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
            await asyncio.sleep(0.1)
        await asyncio.Event().wait()

    async def watch(self, resource: Any, namespace: Any, project: Callable[[Any], Any], **_: Any) -> AsyncIterator[Any]:
        if resource.plural != "pods" or self._big is None:
            yield Synced(events(project) if resource.plural == "events" else {})
            await asyncio.Event().wait()
            return
        yield Synced({"uid-0": project(self._big)})
        for number in range(1000):
            await asyncio.sleep(0.2)
            self._big["metadata"]["resourceVersion"] = str(number)
            self._big["status"]["containerStatuses"][0]["restartCount"] = number
            yield Upsert("uid-0", project(dict(self._big)))

    async def get(self, resource: Any, name: str, namespace: str | None = None) -> dict[str, Any]:
        from tests.tools.log_world import Pod

        return Pod(name, self.uids[name], ("backend-api", "chat-server", "stream-server")).obj()

    async def ping(self) -> float:
        return 0.001

    async def close(self) -> None:
        """Nothing is open."""


def big_pod(containers: int) -> dict[str, Any]:
    """A pod that fills many screens."""
    names = [f"container-{i}" for i in range(containers)]
    environ = [{"name": f"VARIABLE_{i}", "value": "x" * 40} for i in range(10)]
    return {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "big", "namespace": "veza", "uid": "uid-0", "resourceVersion": "0",
                     "creationTimestamp": "2025-01-01T00:00:00Z", "labels": {f"label-{i}": "v" for i in range(50)}},
        "spec": {"nodeName": "node-1", "containers": [
            {"name": n, "image": f"registry.veza.com/{n}:v1", "env": environ, "ports": [{"containerPort": 8080}]}
            for n in names]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": n, "image": f"registry.veza.com/{n}:v1", "ready": True, "restartCount": 0, "imageID": "",
             "state": {"running": {"startedAt": "2025-01-01T00:00:00Z"}}} for n in names]},
    }  # fmt: skip


def events(project: Callable[[Any], Any]) -> dict[str, Any]:
    """Three hundred of them, about the big pod."""
    about = {"kind": "Pod", "name": "big", "namespace": "veza", "uid": "uid-0"}
    return {
        f"e{i}": project(
            {"metadata": {"uid": f"e{i}", "name": f"e{i}"}, "type": "Warning", "reason": "BackOff", "count": i,
             "message": "Back-off restarting failed container " * 3, "involvedObject": about,
             "lastTimestamp": "2025-01-01T00:00:00Z", "firstTimestamp": "2025-01-01T00:00:00Z"}
        )
        for i in range(300)
    }  # fmt: skip


class NoOperations:
    """An operations service of somebody who never ran one and may do everything."""

    def interrupted(self) -> list[Any]:
        return []

    async def missing(self, *_: Any) -> tuple[()]:
        return ()

    async def untouched(self, environment: str) -> bool:
        return False


def heavy_app(pods: int, cluster: HeavyCluster | None = None) -> VezaApp:
    """The real application on synthetic feeds of that size."""
    clock = SystemClock()
    feeds = []
    for name in NAMES:
        feed = SyntheticFeed(name, view(name, pods=pods, now=clock.now(), monotonic=clock.monotonic()))
        feed.cluster = cluster
        feeds.append(feed)
    services = SyntheticServices(
        [environment(n) for n in NAMES], feeds, clock, connect=lambda _: cluster, operations=NoOperations()
    )
    return VezaApp(services)


async def _keys(pilot: Pilot[int], keys: str, seconds: float) -> None:
    """Keys all the while, as a person holds them down."""
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(0.02)


async def many_pods(seconds: float) -> Watchdog:
    """5,000 pods an environment; ten times a second fifty of them change in each, while somebody moves about."""
    app = heavy_app(5000)
    async with app.run_test(size=(160, 50)) as pilot:
        await ready(pilot, app)
        await _until(pilot, lambda: len(app.screen.query_one(Table).rows) == 5000)
        async with Watchdog() as dog:
            churn = asyncio.create_task(_churn(app))
            await _keys(pilot, "jjjkkGgjj", seconds)
            churn.cancel()
    return dog


async def _churn(app: VezaApp) -> None:
    number = 0
    while True:
        await asyncio.sleep(0.1)
        for feed in app.services.made:  # type: ignore[attr-defined]
            number += 1
            old = feed.view()
            pods = dict(old.pods)
            for i in range(50):
                uid = f"uid-{(number * 53 + i * 97) % 5000}"
                pods[uid] = replace(pods[uid], restarts=number)
            feed.publish(replace(old, pods=MappingProxyType(pods)))
            await asyncio.sleep(0)


async def flood(seconds: float, lines: int = 60_000) -> Watchdog:
    """Twelve pods that together log so many lines a second, followed in the logs screen."""
    from veza_tui.tui.screens.logs import LogsScreen

    cluster = HeavyCluster(lines // 12, seconds + 1)
    cluster.chunks = await asyncio.to_thread(cluster.prepare)
    app = heavy_app(12, cluster)
    cluster.uids = {p.name: p.uid for feed in app.services.made for p in feed.view().pods.values()}  # type: ignore[attr-defined]
    async with app.run_test(size=(160, 50)) as pilot:
        await ready(pilot, app)
        await pilot.press("L")
        await _until(pilot, lambda: app.veza_screen.title_name == "logs")
        screen = app.veza_screen
        assert isinstance(screen, LogsScreen)
        async with Watchdog() as dog:
            await _keys(pilot, "kkkjG", seconds)
        assert screen.ring.end > lines * seconds / 2, "the flood did not flow"
    return dog


async def big_object(seconds: float) -> Watchdog:
    """The description of a pod of 100 containers and 300 events, which changes five times a second."""
    from veza_tui.tui.screens.describe import DescribeScreen

    cluster: Any = HeavyCluster(0, 0, big_pod(100))
    app = heavy_app(300, cluster)
    async with app.run_test(size=(160, 50)) as pilot:
        await ready(pilot, app)
        assert app.tab is not None
        async with Watchdog() as dog:
            app.push_screen(DescribeScreen(app.tab, cluster, Ref("Pod", "big", "veza", "uid-0")))
            await _keys(pilot, "jjjGg", seconds)
    return dog


async def ready(pilot: Pilot[int], app: VezaApp) -> None:
    await _until(pilot, lambda: len(app.tabs) == len(NAMES) and all(f.started for f in app.services.made))  # type: ignore[attr-defined]
    await asyncio.sleep(0.3)


async def _until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    for _ in range(500):
        if true():
            return
        await pilot.pause(0.01)
    raise AssertionError("it never came true")


SCENARIOS: dict[str, Callable[[float], Awaitable[Watchdog]]] = {
    "5,000 pods in each of three environments": many_pods,
    "60,000 log lines a second": flood,
    "description of a big pod": big_object,
}


def verdicts() -> Iterator[tuple[str, Watchdog]]:
    """Each scenario with the median of its three runs."""
    for name, scenario in SCENARIOS.items():
        yield name, sorted((asyncio.run(scenario(2.0)) for _ in range(3)), key=lambda dog: dog.worst)[1]


def main(strict: bool = False) -> int:
    """Print the verdicts."""
    over = False
    for name, dog in verdicts():
        good = dog.worst <= BUDGET
        over = over or not good
        print(
            f"  {name:<44} {dog.worst * 1000:>10.2f} ms     budget {BUDGET * 1000:g} ms  {'pass' if good else 'FAIL'}"
            f"     work {dog.worst_work * 1000:.1f} ms",
            flush=True,
        )
    return 1 if over and strict else 0


if __name__ == "__main__":
    sys.exit(main("--strict" in sys.argv))
