"""Which subresources are streams, and who serves them."""

from __future__ import annotations

from aiohttp import web

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import method_not_supported
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.streams.logs import serve_logs

NAMES = frozenset({"log", "exec", "portforward", "proxy"})


async def serve(call: Call, runtime: NodeRuntime) -> web.StreamResponse:
    """One request; raises ApiError."""
    name, method = call.info.subresource, call.info.method
    if name == "log" and method == "GET":
        return await serve_logs(call, runtime)
    raise method_not_supported()
