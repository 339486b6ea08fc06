"""Follows a watch as a feed does, and keeps what is needed to tell loss from repetition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.ports.cluster import Heard, JSONObject, Lost, Removed, Resource, Synced, Upsert


def version(obj: JSONObject) -> tuple[str, str]:
    """Name and resourceVersion."""
    return obj["metadata"]["name"], obj["metadata"]["resourceVersion"]


class Collector:
    def __init__(self, cluster: KubernetesCluster, resource: Resource, namespace: str | None) -> None:
        self.items: dict[str, tuple[str, str]] = {}
        self.upserts: list[tuple[str, str]] = []
        self.removed: list[str] = []
        self.syncs = 0
        self.heard = 0
        self.lost: list[Any] = []
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._run(cluster, resource, namespace))

    async def _run(self, cluster: KubernetesCluster, resource: Resource, namespace: str | None) -> None:
        async for event in cluster.watch(resource, namespace, version):
            if isinstance(event, Synced):
                self.items = dict(event.items)
                self.syncs += 1
            elif isinstance(event, Upsert):
                self.items[event.uid] = event.item
                self.upserts.append(event.item)
            elif isinstance(event, Removed):
                self.items.pop(event.uid, None)
                self.removed.append(event.uid)
            elif isinstance(event, Lost):
                self.lost.append(event.error)
            elif isinstance(event, Heard):
                self.heard += 1
            self._changed.set()

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.items.values()}

    async def until(self, true: Callable[[], bool], timeout: float = 10.0) -> None:
        """Wait for something to come true; fails with what is known."""
        try:
            async with asyncio.timeout(timeout):
                while not true():
                    if self._task.done():
                        self._task.result()
                        raise AssertionError("the watch ended")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"not in {timeout} s: {self.__dict__}") from None

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def assert_nothing_repeated(self) -> None:
        assert len(self.upserts) == len(set(self.upserts)), self.upserts
        assert len(self.removed) == len(set(self.removed)), self.removed
