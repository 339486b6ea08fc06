"""One service's program: the HTTP endpoints all three have, its log, its life, and what incidents do to it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import secrets
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from veza_tui.embedded.cluster.programs import ContainerContext
from veza_tui.embedded.platform.services import settings
from veza_tui.embedded.platform.services.backends import Backend, Cache, Check, Database, Unavailable
from veza_tui.embedded.platform.services.mesh import Instance, Mesh

DRAIN = 0.3
"""Seconds for which a stopping service goes on answering: the endpoints need a moment to lose it."""
SLOW = 0.25
"""Seconds after which a request is logged as slow."""

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Service:
    """Base of the three services. A subclass names itself, its critical backends and its own endpoints."""

    name = ""
    port = 0
    critical: tuple[str, ...] = ()
    """Checks whose failure makes ``/health`` answer 503; the others make it ``degraded``."""
    needs_url_since = ""
    """Version which wants DB_URL instead of DB_HOST and its like: the bad deploy."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh
        self.database: Database | None = None
        self.cache: Cache | None = None
        self.requests: dict[tuple[str, int], int] = {}
        self.seconds = 0.0
        self.ready = False
        self.stopping = False
        self.started = time.monotonic()
        self.instance: Instance | None = None
        self.container: ContainerContext

    # -- life -----------------------------------------------------------------------------------------------------

    async def run(self, container: ContainerContext) -> int:
        """Start, serve until stopped or struck by a fault; the exit code."""
        self.container = container
        self.log("info", f"starting {self.name} {container.tag}", environment=container.env.get("ENVIRONMENT", ""))
        try:
            self._configure(container)
        except (settings.Missing, ValueError) as error:
            self.log("fatal", str(error))
            return 1
        self.instance = Instance(container.pod.namespace, self.name, container.pod.name, container, self.port)
        web_server = web.Server(self._answer, access_log=None)  # type: ignore[arg-type, unused-ignore]
        listener = await asyncio.get_running_loop().create_server(web_server, sock=await container.listen(self.port))
        self.mesh.join(self.instance)
        connecting = asyncio.create_task(self._become_ready())
        try:
            return await self._serve(container, self.instance)
        finally:
            self.mesh.leave(self.instance)
            connecting.cancel()
            listener.close()
            await web_server.shutdown(2.0)
            for backend in (self.database, self.cache):
                if backend is not None:
                    await backend.close()

    def _configure(self, container: ContainerContext) -> None:
        if container.tag == self.needs_url_since and not container.env.get("DB_URL"):
            raise settings.Missing("DB_URL is not set")
        if "database" in self.uses:
            self.database = Database(settings.database(container.env), f"{self.name}/{container.pod.name}")
        if "cache" in self.uses:
            self.cache = Cache(settings.cache(container.env))

    uses: tuple[str, ...] = ("database", "cache")

    async def _become_ready(self) -> None:
        """Ready once the first connections stand; a later outage is told by ``/health``, it takes no pod out."""
        await self.container.sleep(random.uniform(0.1, 0.4))
        warned = ""
        while True:
            checks = [await backend.check() for backend in (self.database, self.cache) if backend is not None]
            failed = next((c.error for c in checks if not c.ok), "")
            if not failed:
                break
            if failed != warned:
                self.log("error", "not ready", error=failed)
                warned = failed
            await asyncio.sleep(0.5)
        self.ready = True
        self.log("info", f"listening on :{self.port}", version=self.container.tag)

    async def _serve(self, container: ContainerContext, instance: Instance) -> int:
        stop = asyncio.ensure_future(container.stop.wait())
        try:
            while True:
                tripped = asyncio.ensure_future(instance.tripped.wait())
                try:
                    await asyncio.wait((stop, tripped), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    tripped.cancel()
                if stop.done():
                    break
                code = await self._meet_fault(container, instance)
                if code is not None:
                    return code
        finally:
            stop.cancel()
        self.stopping = True
        self.log("info", "received SIGTERM, draining")
        await asyncio.sleep(DRAIN)
        self.log("info", "stopped")
        return 0

    async def _meet_fault(self, container: ContainerContext, instance: Instance) -> int | None:
        """Exit code when the fault ends the process; None when it was cleared or the pod is stopped."""
        fault = self.mesh.fault(instance)
        if fault is None:
            instance.tripped.clear()
            return None
        after = fault.after * random.uniform(0.5, 1.5)
        if fault.kind == "oom":
            limit = container.memory_limit or 256 << 20
            for step in range(1, 9):
                if await container.sleep(after / 8) or self.mesh.fault(instance) is not fault:
                    return None
                self.log("warn", "result cache keeps growing", entries=step * 40_000)
                container.memory = int(limit * step / 7.5)
            await container.stop.wait()  # over the limit: the kernel ends it
            return 0
        if await container.sleep(after) or self.mesh.fault(instance) is not fault:
            return None
        for line in fault.lines:
            container.log(line)
        return fault.exit_code

    # -- HTTP -----------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        start = time.monotonic()
        request_id = request.headers.get("X-Request-Id") or secrets.token_hex(6)
        fault = self.container.fault
        if fault is not None and fault.kind == "unready":
            await asyncio.sleep(30)
        try:
            response = await self.route(request)
        except Unavailable as error:
            response = _json({"error": "backend unavailable", "request_id": request_id}, 503)
            self.log("error", "backend unavailable", request_id=request_id, path=request.path, error=str(error))
        except Exception as error:
            response = _json({"error": "internal error", "request_id": request_id}, 500)
            self.log("error", f"unhandled {type(error).__name__}", request_id=request_id, path=request.path)
            self.container.log("".join(traceback.format_exception(error)).rstrip())
        took = time.monotonic() - start
        self.seconds += took
        self.requests[request.method, response.status] = self.requests.get((request.method, response.status), 0) + 1
        response.headers["X-Request-Id"] = request_id
        response.headers["X-Veza-Version"] = self.container.tag
        response.headers["X-Veza-Pod"] = self.container.pod.name
        if request.path not in ("/live", "/ready", "/health", "/metrics"):
            self._log_request(request, response.status, took, request_id)
        return response

    async def route(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer; subclasses add their own paths."""
        if request.method not in ("GET", "HEAD"):
            return await self.own_post(request)
        match request.path:
            case "/live":
                return _json({"status": "ok"})
            case "/ready":
                ready = self.ready and not self.stopping
                return _json({"status": "ok" if ready else "not ready"}, 200 if ready else 503)
            case "/health":
                return await self._health()
            case "/metrics":
                return web.Response(text=await self._metrics(), headers={"Content-Type": "text/plain; version=0.0.4"})
            case "/":
                return _json({"service": self.name, "version": self.container.tag})
        return await self.own_route(request)

    async def own_route(self, request: web.BaseRequest) -> web.StreamResponse:
        """The service's own endpoints."""
        return _json({"error": "not found"}, 404)

    async def own_post(self, request: web.BaseRequest) -> web.StreamResponse:
        """What is neither GET nor HEAD."""
        return _json({"error": "method not allowed"}, 405)

    async def checks(self) -> dict[str, Check]:
        """All checks, run together."""
        asked: dict[str, Backend] = {}
        if self.database is not None:
            asked["database"] = self.database
        if self.cache is not None:
            asked["cache"] = self.cache
        results = await asyncio.gather(*(backend.check() for backend in asked.values()))
        return dict(zip(asked, results, strict=True))

    async def _health(self) -> web.Response:
        checks = await self.checks()
        failed = [name for name, check in checks.items() if not check.ok]
        unhealthy = any(name in self.critical for name in failed)
        status = "unhealthy" if unhealthy else "degraded" if failed else "ok"
        body = {
            "status": status,
            "service": self.name,
            "version": self.container.tag,
            "environment": self.container.env.get("ENVIRONMENT", ""),
            "pod": self.container.pod.name,
            "uptime_seconds": round(time.monotonic() - self.started),
            "checks": {name: check.as_json() for name, check in checks.items()},
        }
        return _json(body, 503 if unhealthy else 200)

    async def _metrics(self) -> str:
        lines = ["# TYPE http_requests_total counter"]
        for (method, status), count in sorted(self.requests.items()):
            lines.append(f'http_requests_total{{method="{method}",status="{status}"}} {count}')
        lines += ["# TYPE http_request_seconds_sum counter", f"http_request_seconds_sum {self.seconds:.6f}"]
        lines += ["# TYPE veza_check_up gauge"]
        for name, check in (await self.checks()).items():
            lines.append(f'veza_check_up{{check="{name}"}} {int(check.ok)}')
        lines += ["# TYPE process_resident_memory_bytes gauge"]
        lines += [f"process_resident_memory_bytes {self.container.memory}", ""]
        return "\n".join(lines)

    # -- log ------------------------------------------------------------------------------------------------------

    def log(self, level: str, message: str, **fields: Any) -> None:
        """One JSON line. Requests are logged whatever LOG_LEVEL says; the rest is kept whole, as it is little."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        entry = {"ts": stamp, "level": level, "service": self.name, "msg": message, **fields}
        self.container.log(json.dumps(entry, ensure_ascii=False))

    def _log_request(self, request: web.BaseRequest, status: int, took: float, request_id: str) -> None:
        level = "error" if status >= 500 else "warn" if status >= 400 or took > SLOW else "info"
        fields = {"request_id": request_id, "status": status, "ms": round(took * 1000, 1)}
        self.log(
            level, "slow request" if took > SLOW else "request", method=request.method, path=request.path, **fields
        )


def _json(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status)


@contextlib.asynccontextmanager
async def serving(handler: Handler, container: ContainerContext, port: int) -> Any:
    """Serve ``handler`` on a container's port for the time of the block."""
    web_server = web.Server(handler, access_log=None)  # type: ignore[arg-type, unused-ignore]
    listener = await asyncio.get_running_loop().create_server(web_server, sock=await container.listen(port))
    try:
        yield
    finally:
        listener.close()
        await web_server.shutdown(1.0)
