"""What goes through the API server to a pod or a service: logs, exec, port-forward, the service proxy."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING

from veza_tui.adapters.kubernetes.errors import from_answer, status_object
from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.adapters.kubernetes.paths import given, named, path, segment
from veza_tui.adapters.kubernetes.transport import CONNECT_TIMEOUT, REQUEST_TIMEOUT, Transport, read_limited
from veza_tui.ports.cluster import PODS, SERVICES, HttpAnswer

if TYPE_CHECKING:
    from veza_tui.adapters.kubernetes.spdy import Tunnel
    from veza_tui.adapters.kubernetes.streams import Exec, Forward


class PodAccess:
    """A part of ``KubernetesCluster``."""

    _transport: Transport

    async def logs(
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
    ) -> AsyncGenerator[bytes, None]:
        """Chunks of log bytes as they come, not lines. Followed, it ends when the container does, or raises."""
        params = given(
            container=container,
            follow=follow,
            previous=previous,
            sinceTime=since_time or None,
            sinceSeconds=since_seconds,
            tailLines=tail,
            timestamps=timestamps,
            limitBytes=limit_bytes,
        )
        # A quiet log is not a broken one: only connecting is limited, the kernel's probes find a dead peer.
        limits = aiohttp.ClientTimeout(
            total=None, sock_connect=CONNECT_TIMEOUT, sock_read=None if follow else REQUEST_TIMEOUT
        )
        where = path(PODS, namespace, named(pod), "log")
        async with self._transport.open("GET", where, params=params, accept="*/*", timeout=limits) as response:
            async for chunk in response.content.iter_any():
                yield chunk

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, tty: bool, stdin: bool
    ) -> Exec:
        """Start a process in a container."""
        from veza_tui.adapters.kubernetes.streams import EXEC_PROTOCOLS, Exec

        params = [("command", word) for word in command]
        params += [("container", container), ("stdin", str(stdin).lower()), ("stdout", "true")]
        # With a terminal there is one output stream.
        params += [("stderr", str(not tty).lower()), ("tty", str(tty).lower())]
        where = path(PODS, namespace, named(pod), "exec")
        return Exec(await self._transport.websocket(where, params, EXEC_PROTOCOLS))

    async def connect(self, namespace: str, pod: str, port: int) -> Forward | Tunnel:
        """Open one connection to a pod's port (port-forward), in the best protocol that the server speaks."""
        from veza_tui.adapters.kubernetes.spdy import Tunnel
        from veza_tui.adapters.kubernetes.streams import FORWARD_PROTOCOLS, TUNNEL, Forward

        where = path(PODS, namespace, named(pod), "portforward")
        ws = await self._transport.websocket(where, [("ports", str(port))], FORWARD_PROTOCOLS)
        return await Tunnel.open(ws, port) if ws.protocol == TUNNEL else Forward(ws, port)

    async def proxy_get(
        self, namespace: str, service: str, port: int | str, path_: str, *, timeout: float = 5.0
    ) -> HttpAnswer:
        """GET through the API server's service proxy; an HTTP error status is an answer, not an error.

        Raises:
            Denied: the API server itself refuses (its body is a Status of it), likewise NotFound for no such service.
        """
        where = f"{path(SERVICES, namespace, named(service))}:{segment(str(port))}/proxy/{path_.lstrip('/')}"
        limits = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT_TIMEOUT, timeout))
        started = time.monotonic()
        async with self._transport.open("GET", where, timeout=limits, accept="*/*", any_status=True) as response:
            body = await read_limited(response, 1 << 20)
            status, headers = response.status, response.headers
        seconds = time.monotonic() - started
        if status in (403, 404) and status_object(body):
            raise from_answer(status, body, headers, f"GET {where}")
        return HttpAnswer(status, body, seconds)
