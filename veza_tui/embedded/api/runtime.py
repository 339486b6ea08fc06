"""What the API server asks of the nodes: the simulated kubelet fulfils it, the HTTP endpoints call it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

JSONObject = dict[str, Any]

STDIN, STDOUT, STDERR, ERROR, RESIZE = 0, 1, 2, 3, 4
"""Channels of ``v4.channel.k8s.io``; ``ExecProcess.read`` answers with STDOUT or STDERR."""


class ExecProcess(Protocol):
    """A process started in a container."""

    async def read(self) -> tuple[int, bytes]:
        """The next output: (1 stdout | 2 stderr, bytes), as soon as there is some; ``(0, b"")`` once all is read.

        With a terminal everything is stdout.
        """
        ...

    async def write(self, data: bytes) -> None:
        """To its stdin; ignored once it has ended."""
        ...

    async def close_stdin(self) -> None:
        """The client's input is at its end."""
        ...

    async def resize(self, columns: int, rows: int) -> None:
        """The terminal's size; a no-op without a terminal."""
        ...

    async def wait(self) -> int:
        """Its exit code."""
        ...

    async def kill(self) -> None:
        """The client hung up: end it. Idempotent."""
        ...


class NodeRuntime(Protocol):
    """All nodes together. Names were resolved by the caller: the pod exists and has that container.

    Every method may raise ``errors.ApiError``, which the client then gets as a Status: for example
    ``bad_request('container "app" in pod "x" is waiting to start: ContainerCreating')`` for logs, or
    ``bad_request('previous terminated container "app" in pod "x" not found')``.
    """

    def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        since_time: str = "",
        since_seconds: int | None = None,
        tail: int | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """Chunks of log bytes. Adds ``RFC3339Nano `` before each line itself when ``timestamps`` is set.

        ``since_time`` is RFC 3339. With ``follow`` it goes on until the container ends or the iterator is closed
        (``aclose``). Errors must be raised before the first chunk, at the first ``__anext__``.
        """
        ...

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> ExecProcess:
        """Start a process.

        Raises:
            ApiError: the container does not run, or the command cannot be found.
        """
        ...

    async def connect(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """One connection to a port of the pod, for port-forward and the service and pod proxies.

        Raises:
            ConnectionError: nobody listens there (the client is told so on the error stream or by 503).
        """
        ...

    def pod_metrics(self, namespace: str | None) -> list[JSONObject]:
        """``metrics.k8s.io/v1beta1`` PodMetrics of running pods, complete with metadata, timestamp, window, containers.

        None means all namespaces. Labels are the pod's: the server filters by labelSelector.
        """
        ...

    def node_metrics(self) -> list[JSONObject]:
        """``metrics.k8s.io/v1beta1`` NodeMetrics, complete."""
        ...
