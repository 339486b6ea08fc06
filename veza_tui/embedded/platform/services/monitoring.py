"""Prometheus and Grafana of the namespace ``monitoring``: the few endpoints that a check asks, with true content."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from veza_tui.embedded.cluster.programs import ContainerContext
from veza_tui.embedded.platform.services.app import serving
from veza_tui.embedded.platform.services.mesh import Instance, Mesh


class Prometheus:
    """Its targets are the running instances, up when their ``/metrics`` answers."""

    def __init__(self, mesh: Mesh) -> None:
        self.mesh = mesh

    async def run(self, container: ContainerContext) -> int:
        """Serve until stopped."""
        container.log(_logfmt("Server is ready to receive web requests."))
        async with serving(self._answer, container, 9090):
            await container.stop.wait()
        container.log(_logfmt("See you next time!"))
        return 0

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.path:
            case "/-/healthy":
                return web.Response(text="Prometheus Server is Healthy.\n")
            case "/-/ready":
                return web.Response(text="Prometheus Server is Ready.\n")
            case "/metrics":
                return web.Response(text=f"prometheus_sd_discovered_targets {len(self.mesh.instances)}\n")
            case "/api/v1/targets":
                active = [_target(*pair) for pair in await self._scrape()]
                return _ok({"activeTargets": active, "droppedTargets": []})
            case "/api/v1/query":
                return await self._query(request)
        return web.Response(status=404, text="404 page not found\n")

    async def _query(self, request: web.BaseRequest) -> web.Response:
        query = request.query.get("query", "")
        if query == "":
            return _bad('invalid parameter "query": 1:1: parse error: no expression found in input')
        metric, _, selector = query.partition("{")
        if metric.strip() != "up":
            return _ok({"resultType": "vector", "result": []})
        try:
            wanted = _selector(selector)
        except ValueError:
            return _bad(f'invalid parameter "query": parse error in {query!r}')
        now = time.time()
        result: list[dict[str, Any]] = [
            {"metric": {"__name__": "up", **_labels(instance)}, "value": [now, str(int(up))]}
            for instance, up in await self._scrape()
            if all(_labels(instance).get(k) == v for k, v in wanted.items())
        ]
        return _ok({"resultType": "vector", "result": result})

    async def _scrape(self) -> list[tuple[Instance, bool]]:
        instances = list(self.mesh.instances)
        return list(zip(instances, await asyncio.gather(*map(_up, instances)), strict=True))


class Grafana:
    """Its health and a page."""

    async def run(self, container: ContainerContext) -> int:
        """Serve until stopped."""
        container.log(_logfmt("HTTP Server Listen"))
        async with serving(self._answer, container, 3000):
            await container.stop.wait()
        return 0

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/api/health":
            return web.json_response({"commit": "demo", "database": "ok", "version": "11.2.0"})
        if request.path in ("/", "/login"):
            page = "<!doctype html><title>Grafana</title><h1>Grafana</h1><p>veza demo</p>"
            return web.Response(text=page, content_type="text/html")
        return web.json_response({"message": "Not found"}, status=404)


async def _up(instance: Instance) -> bool:
    address = instance.address
    if address is None:
        return False
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def _labels(instance: Instance) -> dict[str, str]:
    address = f"{instance.container.pod.ip or instance.pod}:{instance.port}"
    return {"job": instance.service, "namespace": instance.namespace, "pod": instance.pod, "instance": address}


def _target(instance: Instance, up: bool) -> dict[str, Any]:
    labels = _labels(instance)
    return {
        "labels": labels,
        "scrapePool": instance.service,
        "scrapeUrl": f"http://{labels['instance']}/metrics",
        "health": "up" if up else "down",
        "lastError": "" if up else "connection refused",
        "lastScrape": datetime.now(UTC).isoformat(),
    }


def _selector(text: str) -> dict[str, str]:
    """Equality matchers only: ``job="a",namespace="b"}``."""
    wanted: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.rstrip("} ").split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise ValueError(part)
        wanted[name.strip()] = str(json.loads(value.strip()))
    return wanted


def _ok(data: Any) -> web.Response:
    return web.json_response({"status": "success", "data": data})


def _bad(message: str) -> web.Response:
    return web.json_response({"status": "error", "errorType": "bad_data", "error": message}, status=400)


def _logfmt(message: str) -> str:
    return f'ts={datetime.now(UTC).isoformat()} level=info msg="{message}"'
