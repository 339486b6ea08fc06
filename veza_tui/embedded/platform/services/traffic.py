"""People at work: a steady trickle of real requests to the services, which is where their logs come from."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random

from veza_tui.embedded.platform.services.mesh import Instance, Mesh

PATHS = {
    "backend-api": ("/api/rooms", "/api/rooms/{n}/messages", "/api/rooms/{n}/messages", "/api/users/{n}"),
    "chat-server": ("/api/presence",),
    "stream-server": ("/api/streams",),
}
ODD = ("/api/users/999999", "/wp-login.php", "/api/rooms/0/messages")
SAYINGS = ("Take 7 it is.", "Mixing now", "Back in five minutes", "Who broke the reverb?", "Good night all")
OFFERED_MILLICORES = {"backend-api": 3200.0, "chat-server": 1920.0, "stream-server": 1920.0}
"""Load of production, shared by a service's pods: what the autoscaler's decisions are made of."""
SHARE = {"veza-production": 1.0, "veza-staging": 0.05, "veza-development": 0.005}


class Traffic:
    """``rate`` requests a second over all environments, 0 for none."""

    def __init__(self, mesh: Mesh, rate: float) -> None:
        self.mesh = mesh
        self.rate = rate
        self._random = random.Random()

    async def run(self) -> None:
        """Until cancelled."""
        spread = asyncio.create_task(self._spread_load())
        try:
            while self.rate > 0:
                await asyncio.sleep(self._random.expovariate(self.rate))
                if self.mesh.instances:
                    with contextlib.suppress(OSError, TimeoutError):
                        await self._visit(self._random.choice(self.mesh.instances))
            await spread
        finally:
            spread.cancel()

    async def _visit(self, instance: Instance) -> None:
        chance = self._random.random()
        path = self._random.choice(PATHS[instance.service]).replace("{n}", str(self._random.randint(1, 400)))
        if chance < 0.03:
            path = self._random.choice(ODD)
        elif chance < 0.034 and instance.service == "backend-api":
            path = "/api/streams/token"
        elif chance > 0.9 and instance.service == "backend-api":
            await self._write(instance)
            return
        address = instance.address
        if address is None:
            return
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {instance.service}\r\nConnection: close\r\n\r\n".encode())
                await reader.read()
            finally:
                writer.close()

    async def _write(self, instance: Instance) -> None:
        """Somebody says something: the newest backup grows old in rows too."""
        text = json.dumps({"author": self._random.randint(1, 9), "body": self._random.choice(SAYINGS)})
        head = f"POST /api/rooms/{self._random.randint(1, 5)}/messages HTTP/1.1\r\nHost: backend-api\r\n"
        address = instance.address
        if address is None:
            return
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(f"{head}Connection: close\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
                await reader.read()
            finally:
                writer.close()

    async def _spread_load(self) -> None:
        while True:
            for namespace, share in SHARE.items():
                for service, offered in OFFERED_MILLICORES.items():
                    instances = self.mesh.of(namespace, service)
                    for instance in instances:
                        load = offered * share / len(instances) * self._random.uniform(0.97, 1.03)
                        instance.container.cpu_millicores = round(load, 1)
                        if self.mesh.fault(instance) is None:
                            limit = instance.container.memory_limit or 512 << 20
                            instance.container.memory = int(limit * self._random.uniform(0.38, 0.42))
            await asyncio.sleep(10)
