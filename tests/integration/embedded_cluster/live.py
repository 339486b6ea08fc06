"""A simulated cluster on the real clock, fifty times as quick, with a program that really listens."""

from __future__ import annotations

import asyncio
import time
from typing import ClassVar

from tests.unit.embedded_cluster.shapes import deployment
from veza_tui.embedded.cluster.programs import ContainerContext
from veza_tui.embedded.cluster.simulation import ClusterSimulation

SCALE = 0.02


class Web:
    """Answers ``/ready`` and everything else with the status the environment names; 200 by default."""

    broken: ClassVar[set[str]] = set()
    """Names of pods whose /live answers 500 once."""
    unready = False

    async def run(self, container: ContainerContext) -> int:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.read(4096)
            status = "200 OK"
            if b"/live" in head and container.pod.name in self.broken:
                status = "500 Internal Server Error"
            if b"/ready" in head and Web.unready:
                status = "503 Service Unavailable"
            body = f"{container.pod.name} {container.tag}\n"
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, sock=await container.listen(8080))
        container.log(f"listening, greeting={container.env.get('GREETING', '')}")
        try:
            await container.stop.wait()
        finally:
            server.close()
            self.broken.discard(container.pod.name)
        container.log("bye")
        return 0


class Live:
    """The simulation with waiting instead of sleeping."""

    def __init__(self, sim: ClusterSimulation) -> None:
        self.sim = sim
        self.store = sim.store
        self._changed = asyncio.Event()
        self.store.on_event(lambda event: self._changed.set())

    async def until(self, true, timeout: float = 15.0):
        """Wait until ``true()`` is truthy, looking again after each change in the store; its value."""
        end = time.monotonic() + timeout
        while True:
            self._changed.clear()
            value = true()
            if value:
                return value
            left = end - time.monotonic()
            assert left > 0, "it did not come about in time"
            try:
                await asyncio.wait_for(self._changed.wait(), min(left, 0.25))
            except TimeoutError:
                continue

    def pods(self, app: str):
        """Pods of an app that are not being deleted."""
        return [
            p
            for p in self.store.list("pods")
            if p["metadata"].get("labels", {}).get("app") == app and "deletionTimestamp" not in p["metadata"]
        ]

    def ready(self, app: str, count: int):
        """The pods of an app when exactly that many are ready."""
        pods = self.pods(app)
        good = [
            p
            for p in pods
            if any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions", ()))
        ]
        return pods if len(good) == len(pods) == count else None

    def container(self, pod):
        """Its first container's status, as it is now (None without any)."""
        found = self.store.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        statuses = (found or {}).get("status", {}).get("containerStatuses")
        return statuses[0] if statuses else None

    def messages(self, reason: str) -> list[str]:
        """Messages of events."""
        return [e["message"] for e in self.store.list("events") if e["reason"] == reason]

    async def log(self, pod, container: str = "app", **options) -> str:
        """A container's log."""
        meta = pod["metadata"]
        stream = self.sim.runtime.logs(meta["namespace"], meta["name"], container, **options)
        return b"".join([chunk async for chunk in stream]).decode()


def probed(name: str, image: str = "veza/web:v1", replicas: int = 1, **container):
    """A Deployment of the Web program with a readiness probe."""
    probe = {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 1, "failureThreshold": 1}
    ports = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}]
    return deployment(name, image, replicas, container={"ports": ports, "readinessProbe": probe, **container})
