"""pods/log (source: PodLogOptions and its validation)."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import Cause, bad_request, invalid
from veza_tui.embedded.api.runtime import NodeRuntime

JSONObject = dict[str, Any]


def container_of(pod: JSONObject, wanted: str) -> str:
    """The container meant; raises ApiError 400 when it must be named or is none of the pod's."""
    name, spec = pod["metadata"]["name"], pod["spec"]
    plain = [c["name"] for c in spec.get("containers") or ()]
    init = [c["name"] for c in spec.get("initContainers") or ()]
    other = [c["name"] for c in spec.get("ephemeralContainers") or ()]
    if not wanted:
        if len(plain) == 1 and not init and not other:
            return str(plain[0])
        choice = f"a container name must be specified for pod {name}, choose one of: [{' '.join(plain)}]"
        if init:
            choice += f" or one of the init containers: [{' '.join(init)}]"
        if other:
            choice += f" or one of the ephemeral containers: [{' '.join(other)}]"
        raise bad_request(choice)
    if wanted not in [*plain, *init, *other]:
        raise bad_request(f"container {wanted} is not valid for pod {name}")
    return wanted


def _options(call: Call) -> JSONObject:
    info = call.info
    causes: list[Cause] = []
    out: JSONObject = {"since_seconds": info.integer("sinceSeconds"), "tail": info.integer("tailLines")}
    out["limit_bytes"] = info.integer("limitBytes")
    out["since_time"] = info.query.get("sinceTime", "")

    def refuse(field: str, value: object, text: str) -> None:
        causes.append(Cause("FieldValueInvalid", f"Invalid value: {value}: {text}", field))

    if out["tail"] is not None and out["tail"] < 0:
        refuse("tailLines", out["tail"], "must be greater than or equal to 0")
    if out["limit_bytes"] is not None and out["limit_bytes"] < 1:
        refuse("limitBytes", out["limit_bytes"], "must be greater than 0")
    if out["since_seconds"] is not None and out["since_seconds"] < 1:
        refuse("sinceSeconds", out["since_seconds"], "must be greater than 0")
    if out["since_seconds"] is not None and out["since_time"]:
        causes.append(
            Cause("FieldValueForbidden", "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified", "")
        )
    if causes:
        raise invalid("PodLogOptions", "", call.info.name, causes)
    return out


async def serve_logs(call: Call, runtime: NodeRuntime) -> web.StreamResponse:
    """GET; errors of the runtime that come before the first chunk are answered as a Status."""
    pod = call.store.get("pods", call.namespace, call.info.name)
    options = _options(call)
    container = container_of(pod, call.info.query.get("container", ""))
    follow, previous = call.info.flag("follow"), call.info.flag("previous")
    if not pod["spec"].get("nodeName"):
        return web.Response(body=b"", content_type="text/plain")
    stream = runtime.logs(
        call.info.namespace, call.info.name, container, follow=follow, previous=previous,
        timestamps=call.info.flag("timestamps"), **options,
    )  # fmt: skip
    iterator = aiter(stream)
    response = web.StreamResponse(headers={"Content-Type": "text/plain", "Cache-Control": "no-cache, private"})
    first: asyncio.Task[bytes] = asyncio.ensure_future(_next(iterator))
    try:
        if follow:
            await asyncio.wait((first,), timeout=0.05)  # an error comes at once; a quiet log must not delay the headers
        if follow and not first.done():
            await response.prepare(call.request)
        chunk = await first
        if not response.prepared:
            await response.prepare(call.request)
        while chunk:
            await response.write(chunk)
            chunk = await _next(iterator)
        await response.write_eof()
    except ConnectionError:
        pass
    finally:
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        close = getattr(stream, "aclose", None)
        if close is not None:
            await close()
    return response


async def _next(iterator: Any) -> bytes:
    """The next chunk, empty at the end; empty chunks in between are skipped."""
    async for chunk in iterator:
        if chunk:
            return bytes(chunk)
    return b""
