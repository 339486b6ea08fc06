"""Which subresources are streams, and who serves them."""

from __future__ import annotations

from aiohttp import web

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import method_not_supported
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.streams.exec import serve_attach, serve_exec
from veza_tui.embedded.api.streams.logs import serve_logs
from veza_tui.embedded.api.streams.portforward import serve_portforward
from veza_tui.embedded.api.streams.proxy import Proxy

NAMES = frozenset({"attach", "log", "exec", "portforward", "proxy"})


async def serve(call: Call, runtime: NodeRuntime, proxy: Proxy) -> web.StreamResponse:
    """One request; raises ApiError."""
    name, method = call.info.subresource, call.info.method
    if name == "proxy":
        return await proxy.serve(call)
    if name == "log" and method == "GET":
        return await serve_logs(call, runtime)
    if name == "exec" and method in ("GET", "POST"):
        return await serve_exec(call, runtime)
    if name == "attach" and method in ("GET", "POST"):
        return await serve_attach(call, runtime)
    if name == "portforward" and method in ("GET", "POST"):
        return await serve_portforward(call, runtime)
    raise method_not_supported()
