"""A cluster without a network, probes and a clock that tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

from tests.tools import synthetic
from veza_tui.model.environment import (
    Cache,
    Database,
    Environment,
    EnvironmentType,
    KubernetesTarget,
    Resources,
    Service,
)
from veza_tui.model.view import Identity
from veza_tui.ports.cluster import ClusterError, HttpAnswer, JSONObject, NotFound, Resource, Synced, WatchEvent

IDENTITY = Identity("https://api", "ctx", "veza", "me", "v1.34.0", "uid")


def environment(name: str = "production") -> Environment:
    return replace(
        synthetic.environment(name),
        type=EnvironmentType.PROD,
        services=(Service("backend_api", "backend-api", 8080, 1, Resources("1", "1Gi")),),
        database=Database("db", 5432, "veza", "veza", "x"),
        cache=Cache("cache", 6379, ""),
        kubernetes=KubernetesTarget("ctx", "veza"),
    )


class FakeCluster:
    """Each kind's watch yields what the test puts into its queue."""

    def __init__(self) -> None:
        self.queues: dict[str, asyncio.Queue[WatchEvent[Any]]] = {}
        self.projects: dict[str, Callable[[JSONObject], Any]] = {}
        self.opened: list[str] = []
        self.ping_error: ClusterError | None = None
        self.answer: HttpAnswer | ClusterError = HttpAnswer(200, b'{"status":"ok"}', 0.01)
        self.log_lines: dict[str, bytes] = {}
        self.log_calls: list[tuple[str, str, bool]] = []
        self.namespaces = {"veza"}
        self.closed = False

    def queue(self, kind: str) -> asyncio.Queue[WatchEvent[Any]]:
        return self.queues.setdefault(kind, asyncio.Queue())

    def say(self, kind: str, event: WatchEvent[Any]) -> None:
        self.queue(kind).put_nowait(event)

    def sync(self, **kinds: list[JSONObject]) -> None:
        """First lists of all kinds; those not named are empty."""
        for kind in ("pods", "deployments", "replicasets", "events", "horizontalpodautoscalers"):
            self.say(kind, Synced({o["metadata"]["uid"]: self.project(kind, o) for o in kinds.get(kind, [])}))

    def project(self, kind: str, obj: JSONObject) -> Any:
        return self.projects[kind](obj)

    async def watch(
        self,
        resource: Resource,
        namespace: str | None,
        project: Any,
        *,
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[WatchEvent[Any]]:
        self.opened.append(resource.plural)
        self.projects[resource.plural] = project
        while True:
            event = await self.queue(resource.plural).get()
            if isinstance(event, BaseException):
                raise event
            yield event

    async def identity(self) -> Identity:
        return IDENTITY

    async def ping(self) -> float:
        if self.ping_error is not None:
            raise self.ping_error
        return 0.01

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> JSONObject:
        if name in self.namespaces:
            return {"metadata": {"name": name}}
        raise NotFound(f'namespaces "{name}" not found', status=404)

    async def proxy_get(self, namespace: str, service: str, port: int, path: str, *, timeout: float = 5) -> HttpAnswer:
        if isinstance(self.answer, ClusterError):
            raise self.answer
        return self.answer

    async def logs(
        self, namespace: str, pod: str, container: str, *, previous: bool = False, **_: Any
    ) -> AsyncIterator[bytes]:
        self.log_calls.append((pod, container, previous))
        yield self.log_lines.get(pod, b"")

    async def close(self) -> None:
        self.closed = True
