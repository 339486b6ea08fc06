"""The contract between the kubelet and the programs which run in its containers, and the default program.

A container of the embedded platform is an asyncio task of this process (or, for images with ``real_command``, a child
process). A program listens on a real loopback socket, so probes, port-forward and the service proxy reach a real
listener. Example::

    class Hello:
        async def run(self, container: ContainerContext) -> int:
            server = await asyncio.start_server(handler, sock=await container.listen(8080))
            container.log("listening on :8080")
            await container.stop.wait()          # SIGTERM
            server.close()
            return 0                             # the exit code
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PodInfo:
    """What a container may know of its pod (the downward API)."""

    namespace: str
    name: str
    uid: str
    ip: str = ""
    node: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What an incident does to an image's containers; see ``Images.set_fault``. All delays are in seconds.

    ``crash``: after ``after`` s log ``lines`` and exit with ``exit_code``. ``oom``: grow over the memory limit within
    ``after`` s (exit 137, OOMKilled). ``pull``: the pull fails with ``pull_error`` (a containerd text; ``{image}`` is
    replaced; empty: "not found"). ``unready``: readiness probes time out; a program may look at
    ``ContainerContext.fault`` and hang its own endpoint.
    """

    kind: str
    """crash, oom, pull or unready."""
    lines: tuple[str, ...] = ()
    exit_code: int = 1
    after: float = 1.0
    pull_error: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("crash", "oom", "pull", "unready"):
            raise ValueError(f"unknown fault {self.kind!r}: crash, oom, pull or unready")


class ContainerContext:
    """What a running program sees of its container. The kubelet makes it; tests may make one with ``log=print``."""

    def __init__(
        self,
        *,
        pod: PodInfo,
        name: str,
        image: str,
        env: Mapping[str, str],
        ports: dict[int, int] | None = None,
        command: Sequence[str] = (),
        args: Sequence[str] = (),
        memory_limit: int | None = None,
        log: Callable[[str], None] = lambda line: None,
        on_memory: Callable[[int], None] = lambda used: None,
        fault: Callable[[], Fault | None] = lambda: None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        scratch: Path | None = None,
        mounts: Mapping[str, Path] | None = None,
        write: Callable[[bytes], None] = lambda data: None,
    ) -> None:
        self.pod = pod
        self.name = name
        self.image = image
        self.env = dict(env)
        """Resolved from values, ConfigMaps, Secrets and the downward API."""
        self.command = tuple(command)
        self.args = tuple(args)
        self.ports = {} if ports is None else ports
        """containerPort -> the loopback port which really listens; shared by the containers of a pod."""
        self.memory_limit = memory_limit
        """Bytes, None without a limit."""
        self.stop = asyncio.Event()
        """Set at SIGTERM; the program has the pod's grace period to return."""
        self.cpu_millicores = 2.0
        """What ``kubectl top`` shows; the program sets it as it likes."""
        self.scratch = scratch
        """A private directory of this container (its working directory when a child process runs)."""
        self.mounts = dict(mounts or {})
        """mountPath -> the directory of this machine which stands behind it (emptyDir, PVC, ConfigMap, Secret)."""
        self.write = write
        """Raw output, as of a child process; lines may come in pieces."""
        self._log = log
        self._on_memory = on_memory
        self._fault = fault
        self._sleep = sleep
        self._memory = 24 << 20
        self._sockets: list[tuple[int, socket.socket]] = []

    @property
    def repository(self) -> str:
        """The image without its tag or digest."""
        return split_image(self.image)[0]

    @property
    def tag(self) -> str:
        """The image's tag, ``latest`` without one."""
        return split_image(self.image)[1]

    @property
    def fault(self) -> Fault | None:
        """The incident acting on this image now, if any."""
        return self._fault()

    @property
    def memory(self) -> int:
        """Bytes in use. Setting it over ``memory_limit`` kills the container (exit 137, reason OOMKilled)."""
        return self._memory

    @memory.setter
    def memory(self, used: int) -> None:
        self._memory = used
        self._on_memory(used)

    def log(self, line: str) -> None:
        """Write one line (or several, split at newlines) to the container's log."""
        self._log(line)

    async def sleep(self, seconds: float) -> bool:
        """Sleep in the platform's scaled time; True when stopped meanwhile (return then)."""
        timer = asyncio.ensure_future(self._sleep(seconds))
        stopped = asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait((timer, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            stopped.cancel()
        return self.stop.is_set()

    async def listen(self, container_port: int, *, backlog: int = 128) -> socket.socket:
        """A listening, non-blocking socket on 127.0.0.1 with a free port, recorded in ``ports``.

        Raises OSError (EADDRINUSE) when a container of the pod already listens on that port.
        """
        if container_port in self.ports:
            raise OSError(98, f"Address already in use: 0.0.0.0:{container_port}")
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.bind(("127.0.0.1", 0))
            sock.listen(backlog)
            sock.setblocking(False)
        except OSError:
            sock.close()
            raise
        self.ports[container_port] = sock.getsockname()[1]
        self._sockets.append((container_port, sock))
        return sock

    def release(self) -> None:
        """Close what the program left listening; the kubelet calls it when the program has ended."""
        for port, sock in self._sockets:
            self.ports.pop(port, None)
            if sock.fileno() >= 0:
                # A server that was killed left its accept callback: it must not fire for whoever gets this number next.
                asyncio.get_running_loop().remove_reader(sock.fileno())
            sock.close()
        self._sockets.clear()


class Program(Protocol):
    """What runs in a container: returns its exit code; an exception is logged as a traceback and exits 1."""

    async def run(self, container: ContainerContext) -> int:
        """Run until done, or until ``container.stop`` is set."""
        ...


ProgramFactory = Callable[[], Program]


class Idle:
    """The default program: a line every ``period`` seconds, serving nothing."""

    def __init__(self, period: float = 5.0) -> None:
        self.period = period

    async def run(self, container: ContainerContext) -> int:
        """Log until stopped."""
        container.log(f"{container.name} started, image {container.image}")
        beat = 0
        while not await container.sleep(self.period):
            beat += 1
            container.log(f"{container.name} alive, beat {beat}")
        container.log("received SIGTERM, exiting")
        return 0


def split_image(image: str) -> tuple[str, str]:
    """(repository, tag) of an image reference; digests count as the tag ``sha256:...``; ``docker.io/`` is dropped."""
    name, at, digest = image.partition("@")
    head, slash, last = name.rpartition("/")
    base, colon, tag = last.partition(":")
    repository = f"{head}{slash}{base}"
    for prefix in ("docker.io/library/", "docker.io/", "library/"):
        if repository.startswith(prefix):
            repository = repository[len(prefix) :]
            break
    return repository, digest if at else (tag if colon else "latest")
