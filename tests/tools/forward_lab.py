"""A cluster for forwards and shells, in a process of its own: ``python -m tests.tools.forward_lab DIR`` prints JSON.

Each pod of the deployment ``bytes`` (service ``bytes``, port 80 named ``data``) serves a line of order a connection:
``name`` answers the pod's name; ``get N`` sends N bytes; ``put`` reads to the end and answers ``SIZE SHA256``; ``echo``
sends everything back; ``slow`` reads nothing at all. ``postgres`` is the same behind a Service of that name.

Orders on stdin: ``restart`` stops the API server for a second, ``stop`` and ``start`` one by one; each is answered
by a line.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.unit.embedded_cluster.shapes import deployment
from veza_tui.embedded.api.kubeconfig import Context
from veza_tui.embedded.api.rbac import User
from veza_tui.embedded.api.server import ApiServer
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.images import Image
from veza_tui.embedded.cluster.programs import ContainerContext
from veza_tui.embedded.cluster.simulation import ClusterSimulation
from veza_tui.resources import shipped

NAMESPACE = "veza-lab"
PORT = 9000
BLOCK = hashlib.sha256(b"veza").digest() * 2048
"""64 KiB that a ``get`` repeats."""


class Bytes:
    """See the module."""

    async def run(self, container: ContainerContext) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self.answer(container.pod.name, reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, sock=await container.listen(PORT), limit=1 << 20)
        await container.stop.wait()
        server.close()
        return 0

    async def answer(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        order = (await reader.readline()).split()
        if order[:1] == [b"name"]:
            writer.write(name.encode() + b"\n")
        elif order[:1] == [b"get"]:
            left = int(order[1])
            while left > 0:
                piece = BLOCK[:left]
                writer.write(piece)
                await writer.drain()
                left -= len(piece)
        elif order[:1] == [b"put"]:
            digest, size = hashlib.sha256(), 0
            while data := await reader.read(1 << 18):
                digest.update(data)
                size += len(data)
            writer.write(f"{size} {digest.hexdigest()}\n".encode())
        elif order[:1] == [b"echo"]:
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        elif order[:1] == [b"slow"]:
            await asyncio.sleep(3600)
        await writer.drain()


def _service(name: str, app: str, port: int) -> dict[str, Any]:
    ports = [{"name": "data", "port": port, "targetPort": "data", "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": app}, "ports": ports, "type": "ClusterIP"},
    }


def _deployment(name: str, replicas: int) -> dict[str, Any]:
    ports = [{"name": "data", "containerPort": PORT, "protocol": "TCP"}]
    made = deployment(name, "veza/bytes:v1", replicas, container={"ports": ports})
    made["metadata"]["namespace"] = NAMESPACE
    return made


def _pod(name: str, *containers: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"only": name}},
        "spec": {"containers": list(containers)},
    }


async def main(directory: Path) -> None:
    """Until stdin ends."""
    store = Store()
    images = [Image("veza/bytes", None, Bytes)]
    sim = ClusterSimulation(store, images=images, time_scale=0.05, state=directory / "nodes")
    (directory / "nodes").mkdir()
    tokens = {"admin": User("admin", "admin", ("system:masters",)), "viewer": User("viewer", "viewer")}
    server = ApiServer(store, sim.runtime, tokens=tokens, bookmark_interval=5.0)
    await sim.start()
    await server.start()
    kubeconfig = directory / "kubeconfig"
    server.write_kubeconfig(kubeconfig, [Context(name, name, NAMESPACE) for name in tokens], current="admin")
    store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    await asyncio.sleep(0.1)
    # Through the API, so that defaults and admission are as a client meets them.
    await _apply(kubeconfig, [
        _deployment("bytes", 2), _service("bytes", "bytes", 80), _deployment("postgres", 1),
        _service("postgres", "postgres", 5432),
        _pod("two", {"name": "first", "image": "busybox:1.37", "command": ["sleep", "9999"]},
             {"name": "second", "image": "busybox:1.37", "command": ["sleep", "9999"]}),
        _pod("bare", {"name": "main", "image": "registry.k8s.io/pause:3.9"}),
    ])  # fmt: skip
    _workspace(directory / "workspace")
    print(json.dumps({"kubeconfig": str(kubeconfig), "workspace": str(directory / "workspace")}), flush=True)
    loop = asyncio.get_running_loop()
    try:
        while order := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
            if order in ("stop", "restart"):
                await server.stop()
            if order == "restart":
                await asyncio.sleep(1.0)
            if order in ("start", "restart"):
                await server.start()
            print("ok", flush=True)
    finally:
        await server.stop()
        await sim.stop()


async def _apply(kubeconfig: Path, objects: list[dict[str, Any]]) -> None:
    from veza_tui.adapters.kubernetes.client import KubernetesCluster
    from veza_tui.adapters.kubernetes.kubeconfig import find_access

    cluster = KubernetesCluster(find_access(None, {"KUBECONFIG": str(kubeconfig)}))
    try:
        for obj in objects:
            await cluster.apply(obj)
    finally:
        await cluster.close()


def _workspace(directory: Path) -> None:
    """The shipped one, its environments in the lab's namespace with the database in the cluster."""
    directory.mkdir()
    shutil.copytree(shipped("environments"), directory / "environments")
    shutil.copytree(shipped("k8s"), directory / "k8s")
    for path in (directory / "environments").glob("*.yaml"):
        text = path.read_text()
        if "\n  database:\n" not in text:
            continue
        for host in ("localhost", "staging-db.veza.com", "prod-db.veza.com"):
            text = text.replace(f'database:\n    host: "{host}"', 'database:\n    host: "postgres"')
        text += f'\n  kubernetes:\n    context: "admin"\n    namespace: "{NAMESPACE}"\n'
        path.write_text(text)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
