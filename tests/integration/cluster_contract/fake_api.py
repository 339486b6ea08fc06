"""A scripted API server for what no real one does on demand: 410 here and there, 429, half an event, a hanging list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Fault = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def status(code: int, reason: str, message: str, **headers: str) -> Fault:
    """Answer with a Status."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }

    async def fault(request: web.Request) -> web.StreamResponse:
        return web.json_response(body, status=code, headers=headers)

    return fault


def hang(seconds: float = 3600) -> Fault:
    """Say nothing for a time, then answer as usual."""

    async def fault(request: web.Request) -> None:
        await asyncio.sleep(seconds)

    return fault


async def drop(request: web.Request) -> web.StreamResponse | None:
    """Close the connection without a word."""
    assert request.transport is not None
    request.transport.abort()
    return None


class FakeApi:
    """Pods of namespace ``ns``; ``faults[kind]`` (list, watch, version) holds what the next requests meet."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.log: list[tuple[int, str, dict[str, Any]]] = []
        self.version = 10
        self.compacted = 0
        self.faults: dict[str, list[Fault]] = {"list": [], "watch": [], "version": []}
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.inject: list[bytes] = []
        """Written raw into the next watch, which then ends."""
        self.end_watches = asyncio.Event()
        self.bookmark: float | None = None
        self._news = asyncio.Condition()
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        app = web.Application()
        app.router.add_get("/version", self._version)
        app.router.add_get("/api/v1/namespaces/ns/pods", self._pods)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def pod(self, name: str, **labels: str) -> dict[str, Any]:
        return {
            "metadata": {
                "name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": str(self.version),
                "labels": labels, "managedFields": [{"manager": "x"}],
            },
            "spec": {"containers": [{"name": "c", "image": "i"}]},
            "status": {"phase": "Pending"},
        }  # fmt: skip

    async def put(self, name: str, **labels: str) -> None:
        """Add or change a pod."""
        kind = "MODIFIED" if name in self.objects else "ADDED"
        self.version += 1
        self.objects[name] = self.pod(name, **labels)
        await self._tell(kind, self.objects[name])

    async def remove(self, name: str) -> None:
        self.version += 1
        obj = self.objects.pop(name)
        obj = {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}
        await self._tell("DELETED", obj)

    def compact(self) -> None:
        """Forget all history: older resourceVersions are 410 from now on."""
        self.version += 1
        self.compacted = self.version
        self.log.clear()

    def close_watches(self) -> None:
        self.end_watches.set()
        self.end_watches = asyncio.Event()

    async def _tell(self, kind: str, obj: dict[str, Any]) -> None:
        self.log.append((self.version, kind, obj))
        async with self._news:
            self._news.notify_all()

    async def _fault(self, kind: str, request: web.Request) -> web.StreamResponse | None:
        self.requests.append(f"{kind} {request.query_string}")
        self.headers.append(dict(request.headers))
        if self.faults[kind]:
            return await self.faults[kind].pop(0)(request)
        return None

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return await self._fault("version", request) or web.json_response({"gitVersion": "v1.34.0"})

    async def _pods(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("watch") == "true":
            return await self._fault("watch", request) or await self._watch(request)
        return await self._fault("list", request) or self._list(request)

    def _list(self, request: web.Request) -> web.StreamResponse:
        names = sorted(self.objects)
        start = int(request.query.get("continue") or 0)
        limit = int(request.query.get("limit") or 0) or len(names)
        meta: dict[str, Any] = {"resourceVersion": str(self.version)}
        if start + limit < len(names):
            meta["continue"] = str(start + limit)
        items = [self.objects[n] for n in names[start : start + limit]]
        return web.json_response({"kind": "PodList", "apiVersion": "v1", "metadata": meta, "items": items})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        seen = int(request.query["resourceVersion"])
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        if seen < self.compacted:
            gone = {"kind": "Status", "code": 410, "reason": "Expired", "message": f"too old resource version: {seen}"}
            await self._say(response, "ERROR", gone)
            return response
        end = asyncio.create_task(self.end_watches.wait())
        try:
            while not end.done():
                if self.inject:
                    await response.write(self.inject.pop(0))
                    assert request.transport is not None
                    await asyncio.sleep(0.01)
                    request.transport.abort()
                    return response
                for version, kind, obj in [e for e in self.log if e[0] > seen]:
                    seen = version
                    await self._say(response, kind, obj)
                news = asyncio.create_task(self._wait())
                await asyncio.wait({end, news}, timeout=self.bookmark, return_when=asyncio.FIRST_COMPLETED)
                if not news.done() and not end.done():
                    await self._say(response, "BOOKMARK", {"metadata": {"resourceVersion": str(self.version)}})
                    seen = max(seen, self.version)
                news.cancel()
                await asyncio.gather(news, return_exceptions=True)
        finally:
            end.cancel()
        return response

    async def _wait(self) -> None:
        async with self._news:
            await self._news.wait()

    async def _say(self, response: web.StreamResponse, kind: str, obj: dict[str, Any]) -> None:
        await response.write(json.dumps({"type": kind, "object": obj}).encode() + b"\n")
