"""One API server for the session, in a thread with a loop of its own, with a small fake node behind it."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest

from veza_tui.embedded.api.errors import bad_request
from veza_tui.embedded.api.server import ApiServer, Context, User
from veza_tui.embedded.api.store import Store

T = TypeVar("T")
JSONObject = dict[str, Any]


class FakeProcess:
    """`echo`, `cat`, `fail` and `size` (prints each size it is told)."""

    def __init__(self, command: Sequence[str]) -> None:
        self.output: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue()
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.name = command[0]
        if self.name == "echo":
            self._end(0, (1, (" ".join(command[1:]) + "\n").encode()))
        elif self.name == "fail":
            self._end(3, (2, b"went wrong\n"))

    def _end(self, code: int, *output: tuple[int, bytes]) -> None:
        for item in (*output, (0, b"")):
            self.output.put_nowait(item)
        if not self.code.done():
            self.code.set_result(code)

    async def read(self) -> tuple[int, bytes]:
        return await self.output.get()

    async def write(self, data: bytes) -> None:
        self.output.put_nowait((1, data))
        if data.endswith(b"quit\n"):
            self._end(0)

    async def close_stdin(self) -> None:
        self._end(0)

    async def resize(self, columns: int, rows: int) -> None:
        self._end(0, (1, f"{columns}x{rows}\n".encode()))

    async def wait(self) -> int:
        return await self.code

    async def kill(self) -> None:
        self._end(137)


@dataclass
class FakeNode:
    """A NodeRuntime; ``ports`` maps container ports to ports of this machine."""

    ports: dict[int, int] = field(default_factory=dict)
    closed_logs: int = 0

    async def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool = False, previous: bool = False,
        since_time: str = "", since_seconds: int | None = None, tail: int | None = None, timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:  # fmt: skip
        if previous:
            raise bad_request(f'previous terminated container "{container}" in pod "{pod}" not found')
        stamp = "2026-01-02T03:04:05.000000006Z " if timestamps else ""
        lines = [f"{stamp}line {i} of {container}\n".encode() for i in range(5)]
        try:
            for line in lines[-tail:] if tail else lines:
                yield line
            while follow:
                await asyncio.sleep(0.01)
                yield b"more\n"
        finally:
            self.closed_logs += 1

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> FakeProcess:
        if command[0] == "absent":
            raise bad_request('exec: "absent": executable file not found in $PATH: unknown')
        return FakeProcess(command)

    async def connect(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if port not in self.ports:
            raise ConnectionRefusedError("connection refused")
        return await asyncio.open_connection("127.0.0.1", self.ports[port])

    def pod_metrics(self, namespace: str | None) -> list[JSONObject]:
        usage = {"cpu": "12m", "memory": "34Mi"}
        meta = {"name": "web", "namespace": "default", "labels": {"app": "web"}}
        containers = [{"name": "app", "usage": usage}]
        return [{"metadata": meta, "timestamp": "2026-01-01T00:00:00Z", "window": "15s", "containers": containers}]

    def node_metrics(self) -> list[JSONObject]:
        usage = {"cpu": "120m", "memory": "340Mi"}
        meta = {"name": "node-1"}
        return [{"metadata": meta, "timestamp": "2026-01-01T00:00:00Z", "window": "15s", "usage": usage}]


async def _web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """The program in the fake container: answers each request with its first line."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        first = head.split(b"\r\n")[0]
        status = b"503 Service Unavailable" if b"/broken" in first else b"200 OK"
        writer.write(b"HTTP/1.0 " + status + b"\r\nContent-Type: text/plain\r\nX-Served-By: web\r\n\r\n" + first)
        await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass  # the server stops
    finally:
        writer.close()


@dataclass
class Running:
    """The server, to be used from the tests' own threads and loops."""

    server: ApiServer
    plain: ApiServer
    node: FakeNode
    loop: asyncio.AbstractEventLoop
    kubeconfig: Path
    directory: Path

    @property
    def store(self) -> Store:
        return self.server.store

    @property
    def url(self) -> str:
        """Plain HTTP."""
        return self.plain.url

    def call(self, function: Callable[..., T], *args: Any, **options: Any) -> T:
        """Run a function in the server's loop: the store is for its own thread only."""

        async def run() -> T:
            return function(*args, **options)

        return asyncio.run_coroutine_threadsafe(run(), self.loop).result(10)


def _boot(directory: Path, ready: threading.Event, out: list[Running], stop: list[Callable[[], None]]) -> None:
    async def main() -> None:
        web = await asyncio.start_server(_web, "127.0.0.1", 0)
        node = FakeNode({8080: web.sockets[0].getsockname()[1]})
        roles = ("admin", "viewer", "nobody")
        tokens = {f"{role}-token": User(role, role, ("system:masters",) if role == "admin" else ()) for role in roles}
        server = ApiServer(Store(), node, tokens=tokens, bookmark_interval=0.2)
        await server.start()
        plain = ApiServer(
            server.store, node, tokens=tokens, bookmark_interval=0.2, faults=server.faults, tls=False
        )  # the same cluster, for tests whose client leaves TLS connections half closed
        await plain.start()
        path = directory / "kubeconfig"
        server.write_kubeconfig(path, [Context(role, f"{role}-token") for role in roles])
        out.append(Running(server, plain, node, asyncio.get_running_loop(), path, directory))
        done = asyncio.Event()
        loop = asyncio.get_running_loop()
        stop.append(lambda: loop.call_soon_threadsafe(done.set))
        ready.set()
        await done.wait()
        await server.stop()
        await plain.stop()
        web.close()
        await web.wait_closed()

    asyncio.run(main())


@pytest.fixture(scope="session")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The running server with a ready pod ``web`` on ``node-1`` in namespace default."""
    ready, out, stop = threading.Event(), [], []  # type: ignore[var-annotated]
    thread = threading.Thread(target=_boot, args=(tmp_path_factory.mktemp("api"), ready, out, stop), daemon=True)
    thread.start()
    assert ready.wait(20)
    running: Running = out[0]
    running.call(_furnish, running.store)
    yield running
    stop[0]()
    thread.join(10)
    assert not thread.is_alive()


def _furnish(store: Store) -> None:
    store.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}})
    container = {"name": "app", "image": "veza/app:1", "ports": [{"containerPort": 8080, "name": "http"}]}
    for name in ("web", "pair"):
        containers = [container] if name == "web" else [container, {"name": "log", "image": "veza/log:1"}]
        meta = {"name": name, "namespace": "default", "labels": {"app": name}}
        store.create({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers}})
        store.bind("default", name, "node-1")
        store.mutate("pods", "default", name, _ready, subresource="status")
    spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http", "name": "http"}]}
    for name, selector in (("web", {"app": "web"}), ("empty", {"app": "ghost"})):
        meta = {"name": name, "namespace": "default"}
        whole = {**spec, "selector": selector}
        store.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": whole})


def _ready(pod: JSONObject) -> None:
    status = pod["status"]
    status["phase"] = "Running"
    status["conditions"] = [*status.get("conditions", ()), {"type": "Ready", "status": "True"}]
    state = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
    status["containerStatuses"] = [
        {"name": c["name"], "image": c["image"], "imageID": "", "ready": True, "restartCount": 0, "state": state}
        for c in pod["spec"]["containers"]
    ]


Kubectl = Callable[..., subprocess.CompletedProcess[str]]


def find_kubectl() -> str | None:
    """A real kubectl, not a dispatcher that would choose a version by itself."""
    for name in ("kubectl.1.32", "/usr/lib/google-cloud-sdk/bin/kubectl.1.32", "kubectl"):
        found = shutil.which(name)
        if found:
            return found
    return None


@pytest.fixture(scope="session")
def kubectl(api: Running) -> Kubectl:
    """``kubectl("get", "pods", context="viewer", code=1)``: runs it and checks the exit code."""
    binary = find_kubectl()
    if binary is None:
        pytest.skip("kubectl is not installed: test_api_raw makes the same calls over HTTP")

    def run(*args: str, context: str = "admin", code: int = 0, stdin: str = "") -> subprocess.CompletedProcess[str]:
        env = {"PATH": "/usr/bin:/bin", "HOME": str(api.directory), "EDITOR": "sed -i s/first/second/"}
        command = [binary, "--kubeconfig", str(api.kubeconfig), "--context", context, *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=30, env=env, check=False)
        assert done.returncode == code, f"{args}: {done.stdout}{done.stderr}"
        return done

    return run


@pytest.fixture
def namespace(api: Running, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    name = f"t{abs(hash(request.node.nodeid)) % 10**9}"
    api.call(api.store.create, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name
