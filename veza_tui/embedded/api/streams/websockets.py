"""WebSockets of the streaming endpoints: negotiation of Kubernetes' subprotocols."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from veza_tui.embedded.api.errors import bad_request

_LIMIT = 16 * 1024 * 1024
"""Bytes of one message: clients send at most some tens of KiB."""


async def accept(request: web.BaseRequest, protocols: Sequence[str]) -> web.WebSocketResponse:
    """Upgrade, with the first of the client's subprotocols that is among ``protocols``.

    Raises:
        ApiError: 400 when it is no upgrade or no subprotocol fits.
    """
    if request.headers.get("Upgrade", "").lower() != "websocket":
        raise bad_request("Upgrade request required")
    wanted = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",") if p.strip()]
    chosen = next((p for p in wanted if p in protocols), None)
    if wanted and chosen is None:
        raise bad_request(f"client requested unsupported protocols {wanted}; supported: {list(protocols)}")
    socket = web.WebSocketResponse(
        protocols=(chosen,) if chosen else (), max_msg_size=_LIMIT, compress=False, autoping=True, timeout=1.0
    )
    await socket.prepare(request)
    return socket
