"""Startup, liveness and readiness probes against the container's real listeners."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from veza_tui.embedded.cluster.clock import Clock

_AGENT = "kube-probe/1.32"
Outcome = tuple[bool, str]
"""(success, text of the failure)."""


class _Answer(asyncio.Protocol):
    """Reads the status line of an HTTP answer and hangs up."""

    def __init__(self, request: bytes, done: asyncio.Future[int]) -> None:
        self._request = request
        self._done = done
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if b"\r\n" in self._data and not self._done.done():
            words = self._data.split(b"\r\n", 1)[0].split()
            code = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
            self._done.set_result(code)

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._done.set_exception(exc or EOFError("EOF"))


async def http_status(port: int, method_path: str, host: str, headers: Mapping[str, str], timeout: float) -> int:
    """Status code of a GET on a loopback port; raises OSError, EOFError or TimeoutError."""
    loop = asyncio.get_running_loop()
    lines = [
        f"GET {method_path} HTTP/1.1",
        f"Host: {host}",
        f"User-Agent: {_AGENT}",
        "Accept: */*",
        "Connection: close",
    ]
    lines += [f"{k}: {v}" for k, v in headers.items()]
    done: asyncio.Future[int] = loop.create_future()
    transport: asyncio.BaseTransport | None = None
    try:
        async with asyncio.timeout(timeout):
            request = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
            transport, _ = await loop.create_connection(lambda: _Answer(request, done), "127.0.0.1", port)
            return await done
    finally:
        if transport is not None:
            transport.close()
        if done.done() and not done.cancelled():
            done.exception()  # seen, also when the timeout came first
        else:
            done.cancel()


def port_of(container: Mapping[str, Any], port: object) -> int:
    """A probe's port: a number, or the name of a container port; 0 when there is none of that name."""
    if isinstance(port, int) or str(port).isdigit():
        return int(str(port))
    return next((int(p["containerPort"]) for p in container.get("ports") or () if p.get("name") == port), 0)


class Prober:
    """Runs the probes of one container instance."""

    def __init__(
        self,
        clock: Clock,
        container: Mapping[str, Any],
        *,
        pod_ip: str,
        ports: Mapping[int, int],
        run: Callable[[list[str], float], Awaitable[Outcome]],
        hanging: Callable[[], bool],
        first_delay: float,
    ) -> None:
        self._clock = clock
        self._container = container
        self._pod_ip = pod_ip
        self._ports = ports
        self._run = run
        self._hanging = hanging
        self._first_delay = first_delay

    async def watch(
        self, kind: str, probe: Mapping[str, Any], report: Callable[[str, bool], None], unhealthy: Callable[[str], None]
    ) -> None:
        """Probe for ever: ``report(kind, ok)`` when a threshold is reached, ``unhealthy(text)`` at each failure.

        A startup probe ends with its first success.
        """
        period = max(float(probe.get("periodSeconds") or 10), 0.1)
        needed = {True: int(probe.get("successThreshold") or 1), False: int(probe.get("failureThreshold") or 3)}
        await self._clock.sleep(float(probe.get("initialDelaySeconds") or 0) or self._first_delay)
        last: bool | None = None
        row = 0
        while True:
            ok, text = await self.once(kind, probe)
            row = row + 1 if ok is last else 1
            last = ok
            if not ok:
                unhealthy(f"{kind.capitalize()} probe failed: {text}")
            if row >= needed[ok]:
                report(kind, ok)
                if kind == "startup" and ok:
                    return
                if kind != "readiness" and not ok:
                    return  # the container is being killed
            await self._clock.sleep(period)

    async def once(self, kind: str, probe: Mapping[str, Any]) -> Outcome:
        """One probe. Its timeout is in real seconds: the programs are real."""
        timeout = max(float(probe.get("timeoutSeconds") or 1), 0.05)
        hangs = kind == "readiness" and self._hanging()
        if probe.get("httpGet"):
            return await self._http(probe["httpGet"], timeout, hangs=hangs)
        if probe.get("tcpSocket"):
            return await self._tcp(port_of(self._container, probe["tcpSocket"]["port"]), timeout)
        if probe.get("exec"):
            return await self._run([str(w) for w in probe["exec"].get("command") or ()], timeout)
        if probe.get("grpc"):
            ok, _ = await self._tcp(int(probe["grpc"]["port"]), timeout)
            where = f"{self._pod_ip}:{probe['grpc']['port']}"
            return ok, f'timeout: failed to connect service "{where}" within {timeout:g}s: context deadline exceeded'
        return True, ""

    async def _http(self, get: Mapping[str, Any], timeout: float, *, hangs: bool) -> Outcome:
        port = port_of(self._container, get["port"])
        where = f"{get.get('host') or self._pod_ip}:{port}"
        path = "/" + str(get.get("path") or "/").lstrip("/")
        url = f"{str(get.get('scheme') or 'HTTP').lower()}://{where}{path}"
        late = f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        if hangs:
            await self._clock.sleep(timeout)
            return False, late
        real = self._ports.get(port)
        if real is None:
            return False, f'Get "{url}": dial tcp {where}: connect: connection refused'
        headers = {h["name"]: h["value"] for h in get.get("httpHeaders") or ()}
        try:
            code = await http_status(real, path, where, headers, timeout)
        except TimeoutError:
            return False, late
        except ConnectionRefusedError:
            return False, f'Get "{url}": dial tcp {where}: connect: connection refused'
        except ConnectionResetError:
            return False, f'Get "{url}": read tcp {where}: read: connection reset by peer'
        except (OSError, EOFError):
            return False, f'Get "{url}": EOF'
        if 200 <= code < 400:
            return True, ""
        return False, f"HTTP probe failed with statuscode: {code}"

    async def _tcp(self, port: int, timeout: float) -> Outcome:
        where = f"{self._pod_ip}:{port}"
        real = self._ports.get(port)
        if real is None:
            return False, f"dial tcp {where}: connect: connection refused"
        try:
            async with asyncio.timeout(timeout):
                transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, "127.0.0.1", real)
            transport.close()
        except TimeoutError:
            return False, f"dial tcp {where}: i/o timeout"
        except OSError:
            return False, f"dial tcp {where}: connect: connection refused"
        return True, ""
