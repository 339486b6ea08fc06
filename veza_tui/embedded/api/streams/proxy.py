"""services/NAME/proxy and pods/NAME/proxy: HTTP to a pod behind the name (source: ResourceLocation in the registry)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import ApiError, bad_request, unavailable
from veza_tui.embedded.api.meta import dig
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.selectors import selector_matches

JSONObject = dict[str, Any]
_HOP = frozenset({"connection", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
                  "authorization", "host", "content-length", "accept-encoding"})  # fmt: skip
_CHUNK = 64 * 1024
_HEAD_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Target:
    pod: str
    port: int


def _split(text: str) -> tuple[str, str, str]:
    """(scheme, name, port) of ``[scheme:]name[:port]``; raises ApiError 400."""
    parts = text.split(":")
    if len(parts) == 1:
        return "", parts[0], ""
    if len(parts) == 2:
        return "", parts[0], parts[1]
    if len(parts) == 3 and parts[0] in ("http", "https", ""):
        return parts[0], parts[1], parts[2]
    raise bad_request(f'invalid service request "{text}"')


def ready(pod: JSONObject) -> bool:
    """Whether traffic goes to it."""
    held = any(c.get("type") == "Ready" and c.get("status") == "True" for c in dig(pod, "status", "conditions") or ())
    return held and not pod["metadata"].get("deletionTimestamp")


def container_port(pod: JSONObject, port: int | str) -> int | None:
    """The number of a container's port, given by number or by name."""
    if isinstance(port, int):
        return port
    for container in pod["spec"].get("containers") or ():
        for entry in container.get("ports") or ():
            if entry.get("name") == port:
                return int(entry["containerPort"])
    return None


def _service(call: Call, name: str, port: str) -> list[_Target]:
    service = call.store.get("services", call.namespace, name)
    ports = service["spec"].get("ports") or []
    if port:
        chosen = next((p for p in ports if port in (p.get("name"), str(p.get("port")))), None)
    else:
        chosen = ports[0] if len(ports) == 1 else None
    if chosen is None:
        raise unavailable(f'no service port "{port}" found for service "{name}"')
    selector = {"matchLabels": service["spec"].get("selector") or {}}
    targets = []
    for pod in call.store.list("pods", call.info.namespace) if service["spec"].get("selector") else ():
        if selector_matches(selector, pod["metadata"].get("labels") or {}) and ready(pod):
            number = container_port(pod, chosen.get("targetPort") or chosen["port"])
            if number is not None:
                targets.append(_Target(pod["metadata"]["name"], number))
    if not targets:
        raise unavailable(f'no endpoints available for service "{name}"')
    return targets


def _pod(call: Call, name: str, port: str) -> list[_Target]:
    pod = call.store.get("pods", call.namespace, name)
    number: int | None = 80
    if port:
        number = container_port(pod, int(port) if port.isdigit() else port)
    else:
        ports = [p for c in pod["spec"].get("containers") or () for p in c.get("ports") or ()]
        number = int(ports[0]["containerPort"]) if ports else 80
    if number is None:
        raise bad_request(f'no port "{port}" found for pod "{name}"')
    return [_Target(name, number)]


class Proxy:
    """Serves both kinds; turns through the ready pods of a Service."""

    def __init__(self, runtime: NodeRuntime) -> None:
        self.runtime = runtime
        self._turn = 0

    async def serve(self, call: Call) -> web.StreamResponse:
        """Any method."""
        scheme, name, port = _split(call.info.name)
        if scheme == "https":
            raise unavailable("the embedded platform's pods speak plain HTTP")
        targets = _service(call, name, port) if call.kind.kind == "Service" else _pod(call, name, port)
        _, _, rest = call.request.raw_path.partition("/proxy")
        if not rest.startswith("/"):
            if call.info.method in ("GET", "HEAD"):
                return web.Response(status=301, headers={"Location": call.request.path + "/"})
            rest = "/" + rest
        self._turn += 1
        target = targets[self._turn % len(targets)]
        try:
            reader, writer = await self.runtime.connect(call.info.namespace, target.pod, target.port)
        except (OSError, ApiError) as error:
            raise unavailable(f"error trying to reach service: {_reason(error)}") from error
        try:
            return await _exchange(call, rest, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError) as error:
            raise unavailable(f"error trying to reach service: {_reason(error)}") from error
        finally:
            writer.close()


def _reason(error: Exception) -> str:
    return error.message if isinstance(error, ApiError) else str(error) or type(error).__name__


async def _exchange(
    call: Call, path: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> web.StreamResponse:
    """One HTTP/1.0 request: the answer ends with the connection, so that no chunks need decoding."""
    request = call.request
    body = await request.read()
    lines = [f"{request.method} {path} HTTP/1.0", f"Host: {call.info.name}", "Connection: close"]
    lines += [f"{k}: {v}" for k, v in request.headers.items() if k.lower() not in _HOP]
    lines.append(f"X-Forwarded-Uri: {request.path}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body)
    await writer.drain()
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    if len(head) > _HEAD_LIMIT:
        raise ValueError("the answer's head is too long")
    first, *fields = head.rstrip().split("\r\n")
    response = web.StreamResponse(status=int(first.split()[1]))
    for text in fields:
        name, _, value = text.partition(":")
        if name.lower() not in ("connection", "transfer-encoding", "keep-alive"):
            response.headers[name] = value.strip()
    await response.prepare(request)
    while chunk := await reader.read(_CHUNK):
        await response.write(chunk)
    await response.write_eof()
    return response
