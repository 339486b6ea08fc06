"""The TCP sockets of one transport: probed by the kernel while they live, gone when the transport is closed."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import weakref
from typing import Any

_TURNS = 50
"""Turns of the event loop that an ended connection gets to notice it; it needs about five."""
_PROBES = (
    *(("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3)),
    *(("TCP_USER_TIMEOUT", 30_000), ("TCP_SYNCNT", 1)),
)


class Sockets:
    """Makes them, and ends what is left of them."""

    def __init__(self) -> None:
        self._made: weakref.WeakSet[socket.socket] = weakref.WeakSet()

    def make(self, info: Any) -> socket.socket:
        """A socket whose peer is probed by the kernel: a connection into the void ends after about 30 s."""
        family, kind, proto = info[0], info[1], info[2]
        made = socket.socket(family=family, type=kind, proto=proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _PROBES:
            option = getattr(socket, name, None)
            if option is not None:
                made.setsockopt(socket.IPPROTO_TCP, option, value)
        if sys.platform == "darwin":
            made.setsockopt(socket.IPPROTO_TCP, 0x20, 3)  # TCP_CONNECTIONTIMEOUT, which Python does not name; seconds
        self._made.add(made)
        return made

    async def end(self) -> None:
        """End those that still wait for the server to acknowledge TLS's close, for which aiohttp does not wait."""
        for made in self._open():
            with contextlib.suppress(OSError):
                made.shutdown(socket.SHUT_RDWR)
        for _ in range(_TURNS):
            if not self._open():
                break
            await asyncio.sleep(0)

    def _open(self) -> list[socket.socket]:
        return [made for made in self._made if made.fileno() >= 0]
