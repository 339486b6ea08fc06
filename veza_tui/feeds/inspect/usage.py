"""CPU and memory of pods from metrics.k8s.io, asked rarely and only while somebody looks; absent without a word."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from veza_tui.feeds.fields import mapping, objects, text
from veza_tui.feeds.inspect.quantity import quantity
from veza_tui.model.workload import PodRow
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import POD_METRICS, Cluster, ClusterError, JSONObject

log = logging.getLogger(__name__)
INTERVAL = 15.0
"""Seconds between two questions: metrics-server itself measures every 15 s."""
ABSENT = 120.0
"""Seconds until a cluster without the API is asked again."""


@dataclass(frozen=True, slots=True)
class Use:
    """Cores and bytes in use."""

    cpu: float
    memory: float

    def __add__(self, other: Use) -> Use:
        return Use(self.cpu + other.cpu, self.memory + other.memory)


@dataclass(frozen=True, slots=True)
class PodUse:
    """A pod's use, whole and by container."""

    whole: Use
    containers: Mapping[str, Use]


def project_use(obj: Mapping[str, Any]) -> PodUse:
    """The use in a raw PodMetrics."""
    found = {}
    for container in objects(obj.get("containers")):
        usage = mapping(container.get("usage"))
        cpu, memory = quantity(text(usage.get("cpu"))), quantity(text(usage.get("memory")))
        found[text(container.get("name"))] = Use(float(cpu or 0), float(memory or 0))
    whole = Use(0.0, 0.0)
    for use in found.values():
        whole = whole + use
    return PodUse(whole, found)


def limits(pod: PodRow) -> tuple[float | None, float | None]:
    """(cores, bytes) that the pod's running containers may use together; None where one has no limit."""
    cpus = [quantity(c.cpu_limit) for c in pod.containers if not c.init]
    memories = [quantity(c.memory_limit) for c in pod.containers if not c.init]
    cpu = None if not cpus or None in cpus else float(sum(c for c in cpus if c is not None))
    memory = None if not memories or None in memories else float(sum(m for m in memories if m is not None))
    return cpu, memory


class UseFeed:
    """Asks every INTERVAL between ``start`` and ``stop``; ``pods`` is by pod name, empty while there is no answer.

    ``pod`` asks for that one alone.
    """

    def __init__(self, cluster: Callable[[], Cluster | None], namespace: str, clock: Clock,
                 changed: Callable[[], None], pod: str = "") -> None:  # fmt: skip
        self._pod = pod
        self.pods: Mapping[str, PodUse] = {}
        self._cluster = cluster
        self._namespace = namespace
        self._clock = clock
        self._changed = changed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, when it does not run yet."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Nobody looks any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _ask(self, cluster: Cluster) -> list[JSONObject]:
        if self._pod:
            return [await cluster.get(POD_METRICS, self._pod, self._namespace)]
        return list(await cluster.list_all(POD_METRICS, self._namespace))

    async def _run(self) -> None:
        while True:
            pause = INTERVAL
            cluster = self._cluster()
            fresh: Mapping[str, PodUse] = {}
            if cluster is not None:
                try:
                    found = await self._ask(cluster)
                    fresh = {text(mapping(o.get("metadata")).get("name")): project_use(o) for o in found}
                except ClusterError as error:
                    # No metrics-server (404, 503) or not allowed (403): quiet, and asked again seldom.
                    # A pod that was just born has no measure yet either (404): that is asked for again soon.
                    pause = ABSENT if error.status == 403 or (error.status == 404 and not self._pod) else INTERVAL
                except Exception:
                    log.exception("pod metrics")
                    pause = ABSENT
            if fresh != self.pods:
                self.pods = fresh
                self._changed()
            await self._clock.sleep(pause if cluster is not None else 2.0)
