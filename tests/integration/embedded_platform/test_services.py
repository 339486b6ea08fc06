"""The services really answer, and their health really depends on PostgreSQL and Valkey."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from veza_tui.embedded.cluster.programs import ContainerContext, PodInfo
from veza_tui.embedded.platform.services.mesh import Mesh, ServiceFault
from veza_tui.embedded.platform.services.monitoring import Prometheus
from veza_tui.embedded.platform.services.veza import BackendApi, ChatServer, StreamServer

if TYPE_CHECKING:
    from tests.integration.conftest import CacheServer, PostgresServer

pytestmark = pytest.mark.integration


def environment(postgres: PostgresServer, cache: CacheServer) -> dict[str, str]:
    return {
        "ENVIRONMENT": "production",
        "DB_HOST": postgres.host,
        "DB_PORT": str(postgres.port),
        "DB_NAME": "veza_production",
        "DB_USER": "veza_production",
        "DB_PASSWORD": postgres.passwords["veza_production"],
        "REDIS_HOST": cache.host,
        "REDIS_PORT": str(cache.port),
        "REDIS_PASSWORD": cache.password,
    }


class Running:
    def __init__(self, container: ContainerContext, port: int, lines: list[str], task: asyncio.Task[int]) -> None:
        self.container, self.port, self.lines, self.task = container, port, lines, task

    async def get(self, path: str) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.container.ports[self.port]}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            text = await response.text()
            return response.status, json.loads(text) if "json" in response.content_type else text

    async def until(self, path: str, wanted: Callable[[int, Any], bool]) -> Any:
        async with asyncio.timeout(15):
            while True:
                if self.task.done():
                    raise AssertionError(f"it ended: {self.lines}")
                if self.port in self.container.ports:
                    status, body = await self.get(path)
                    if wanted(status, body):
                        return body
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running(program: Any, env: dict[str, str], *, tag: str = "v1.4.2") -> AsyncIterator[Running]:
    lines: list[str] = []
    pod = PodInfo("veza-production", f"{type(program).__name__.lower()}-1", "uid")
    container = ContainerContext(
        pod=pod, name="c", image=f"veza/x:{tag}", env=env, log=lines.append, memory_limit=1 << 30
    )
    container._on_memory = lambda used: container.stop.set() if used > 1 << 30 else None
    task = asyncio.create_task(program.run(container))
    try:
        yield Running(container, getattr(program, "port", 9090), lines, task)
    finally:
        container.stop.set()
        await task
        container.release()


async def test_backend_reads_from_the_database(postgres_server: PostgresServer, cache_server: CacheServer) -> None:
    async with running(BackendApi(Mesh()), environment(postgres_server, cache_server)) as backend:
        await backend.until("/ready", lambda status, _: status == 200)
        status, body = await backend.get("/api/rooms")
        assert status == 200
        assert len(body["rooms"]) == 20
        status, body = await backend.get("/api/rooms/1/messages")
        assert body["messages"][0]["author"].startswith("user")
        assert (await backend.get("/api/users/999999"))[0] == 404
        status, body = await backend.get("/api/streams/token")
        assert status == 500
        assert any(line.startswith("Traceback") for line in backend.lines)
        entry = next(json.loads(line) for line in backend.lines if '"path": "/api/rooms"' in line)
        assert entry["level"] == "info"
        assert entry["request_id"]
        assert 'http_requests_total{method="GET",status="500"} 1' in (await backend.get("/metrics"))[1]


async def test_health_follows_the_database(postgres_server: PostgresServer, cache_server: CacheServer) -> None:
    async with running(BackendApi(Mesh()), environment(postgres_server, cache_server)) as backend:
        body = await backend.until("/health", lambda status, b: status == 200)
        assert body["status"] == "ok"
        await asyncio.to_thread(postgres_server.stop, immediate=True)
        try:
            body = await backend.until("/health", lambda status, _: status == 503)
            assert body["checks"]["database"]["status"] == "failed"
            assert body["checks"]["database"]["error"]
            assert body["checks"]["cache"]["status"] == "ok"
            assert (await backend.get("/live"))[0] == 200
        finally:
            await asyncio.to_thread(postgres_server.start)
        await backend.until("/health", lambda status, _: status == 200)


async def test_health_follows_the_cache(postgres_server: PostgresServer, cache_server: CacheServer) -> None:
    env, mesh = environment(postgres_server, cache_server), Mesh()
    async with running(BackendApi(mesh), env) as backend, running(ChatServer(mesh), env) as chat:
        await chat.until("/health", lambda status, _: status == 200)
        await asyncio.to_thread(cache_server.stop)
        try:
            await chat.until("/health", lambda status, _: status == 503)
            body = await backend.until("/health", lambda _, b: b["status"] == "degraded")
            assert body["checks"]["cache"]["error"]
        finally:
            await asyncio.to_thread(cache_server.start)
        await chat.until("/health", lambda status, _: status == 200)
        await backend.until("/health", lambda _, b: b["status"] == "ok")


async def test_stream_server_asks_backend_api(postgres_server: PostgresServer, cache_server: CacheServer) -> None:
    env, mesh = environment(postgres_server, cache_server), Mesh()
    async with running(StreamServer(mesh), env) as stream:
        body = await stream.until("/health", lambda status, _: status == 503)
        assert body["checks"]["backend-api"]["error"] == "no backend-api pod answers"
        async with running(BackendApi(mesh), env):
            await stream.until("/health", lambda status, _: status == 200)


async def test_the_bad_release_wants_what_nobody_sets(
    postgres_server: PostgresServer, cache_server: CacheServer
) -> None:
    env = environment(postgres_server, cache_server)
    async with running(ChatServer(Mesh()), env, tag="v1.5.0") as chat:
        assert await chat.task == 1
        assert json.loads(chat.lines[-1])["msg"] == "DB_URL is not set"


async def test_faults_crash_and_outgrow(postgres_server: PostgresServer, cache_server: CacheServer) -> None:
    env, mesh = environment(postgres_server, cache_server), Mesh()
    async with running(StreamServer(mesh), env) as stream:
        mesh.set_fault("veza-production", "stream-server", ServiceFault("crash", ("panic: boom",), 2, after=0.01))
        assert await stream.task == 2
        assert "panic: boom" in stream.lines
    mesh.set_fault("veza-production", "stream-server", ServiceFault("oom", after=0.05))
    async with running(StreamServer(mesh), env) as stream:
        async with asyncio.timeout(5):
            await stream.container.stop.wait()  # this test's kernel stops what is over its limit
        await stream.task
        assert stream.container.memory > 1 << 30


async def test_prometheus_tells_what_is_up(postgres_server: PostgresServer, cache_server: CacheServer) -> None:
    env, mesh = environment(postgres_server, cache_server), Mesh()
    async with running(BackendApi(mesh), env) as backend, running(Prometheus(mesh), {}) as prometheus:
        await backend.until("/live", lambda status, _: status == 200)
        await prometheus.until("/-/ready", lambda status, _: status == 200)
        _, body = await prometheus.get("/api/v1/targets")
        assert [t["health"] for t in body["data"]["activeTargets"]] == ["up"]
        _, body = await prometheus.get('/api/v1/query?query=up{job="backend-api"}')
        assert body["data"]["result"][0]["value"][1] == "1"
        assert (await prometheus.get("/api/v1/query"))[0] == 400
