"""Port-forward as kubectl does it: SPDY/3.1 tunnelled in a WebSocket, one tunnel a connection.

Two streams carry one connection: ``error`` (the server's words) and ``data``; FIN on the data stream closes one
direction. One tunnel each, because Kubernetes' SPDY library has no flow control: a slow connection would hold up all
others in a shared one; alone, TCP itself holds it back. Sources: the SPDY/3 draft (draft-mbelshe-httpbis-spdy-00),
kubernetes/kubernetes client-go/tools/portforward, moby/spdystream.
"""

from __future__ import annotations

import struct
import zlib

from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.adapters.kubernetes.streams import Socket
from veza_tui.model.text import printable
from veza_tui.ports.cluster import ClusterUnreachable

_VERSION = 3
_SYN_STREAM, _RST_STREAM, _PING, _GOAWAY = 1, 3, 6, 7
_FIN = 1
_ERROR_STREAM, _DATA_STREAM = 1, 3
"""A client's streams have odd numbers."""
_CANCEL = 5
_CHUNK = 64 << 10
_MAX_CONTROL = 1 << 20
_MAX_ERROR = 4 << 10

_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url public set-cookie "
    "keep-alive origin"
)
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _text(value: str) -> bytes:
    return struct.pack("!I", len(value)) + value.encode()


DICTIONARY = b"".join(_text(name.replace("_", " ")) for name in _NAMES.split()) + _REST.encode()
"""Of header compression, section 2.6.10.1 of the draft."""


class Tunnel:
    """One connection to a pod's port (``ports.cluster.ByteStream``), half-closed in either direction if need be."""

    half_close = True

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, port: int) -> None:
        self._socket = Socket(ws)
        self._port = port
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._head = b""
        self._left = 0
        """Bytes of the current frame that are still to come."""
        self._kind = 0
        """Of the current frame: the number of a data frame's stream, or minus the type of a control frame."""
        self._fin = False
        self._control = b""
        self._error = b""
        self._ended = False
        self._rest = b""
        self._sent_eof = False

    @classmethod
    async def open(cls, ws: aiohttp.ClientWebSocketResponse, port: int) -> Tunnel:
        """Open both streams; whether the pod listens is told by the first ``read``."""
        tunnel = cls(ws, port)
        # Nothing will be written to the error stream: its FIN goes with it.
        opening = tunnel._syn(_ERROR_STREAM, "error", _FIN) + tunnel._syn(_DATA_STREAM, "data", 0)
        try:
            await tunnel._socket.send_frame(opening)
        except BaseException:
            await tunnel.close()
            raise
        return tunnel

    def _syn(self, stream: int, kind: str, flags: int) -> bytes:
        headers = {"streamtype": kind, "port": str(self._port), "requestid": "0"}
        block = struct.pack("!I", len(headers)) + b"".join(_text(k) + _text(v) for k, v in headers.items())
        packed = self._deflate.compress(block) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _frame(_SYN_STREAM, struct.pack("!IIH", stream, 0, 0) + packed, flags)

    async def read(self) -> bytes:
        """The next bytes; empty once the pod's side has closed its direction.

        Raises:
            ClusterError: the pod's side refused or broke the connection.
        """
        while not self._ended:
            message: bytes | None = self._rest
            self._rest = b""
            if not message:
                message = await self._socket.receive_frame()
            if message is None:
                self._ended = True
                raise self._broken("the connection through the cluster was cut")
            data = await self._take(message)
            if data:
                return data
        return b""

    async def _take(self, message: bytes) -> bytes:
        """Up to one piece of data out of a message; what follows it is kept in ``_rest``."""
        at, size = 0, len(message)
        while at < size:
            if not self._left and not self._kind:
                need = 8 - len(self._head)
                self._head += message[at : at + need]
                at += need
                if len(self._head) < 8:
                    return b""
                self._begin()
            piece = message[at : at + self._left] if at or self._left < size else message
            at += len(piece)
            self._left -= len(piece)
            kind = self._kind
            if kind < 0 or kind == _ERROR_STREAM:
                self._control += piece
            if not self._left:
                self._kind = 0
                if kind != _DATA_STREAM:
                    await self._whole(kind)
                elif self._fin:
                    self._ended = True
            if kind == _DATA_STREAM and piece:
                self._rest = message[at:] if at < size and not self._ended else b""
                return piece
            if self._ended:
                break
        return b""

    def _begin(self) -> None:
        head, self._head = self._head, b""
        self._fin = bool(head[4] & _FIN)
        self._left = int.from_bytes(head[5:8], "big")
        self._control = b""
        if not head[0] & 0x80:
            # Any other stream's data is read over.
            self._kind = int.from_bytes(head[:4], "big") or 0x7FFFFFFF
            return
        version, kind = struct.unpack("!HH", head[:4])
        if version & 0x7FFF != _VERSION or self._left > _MAX_CONTROL:
            raise ClusterUnreachable("the cluster's answer is no SPDY/3.1")
        self._kind = -kind

    async def _whole(self, kind: int) -> None:
        """A frame that is no data is complete."""
        body, self._control = self._control, b""
        if kind == _ERROR_STREAM:
            self._error = (self._error + body)[:_MAX_ERROR]
            if self._fin and self._error:
                raise self._broken("")
        elif kind == -_PING:
            await self._socket.send_frame(_frame(_PING, body))
        elif kind == -_GOAWAY:
            self._ended = True
            raise self._broken("the cluster ended the connection")
        elif kind == -_RST_STREAM and struct.unpack("!I", body[:4])[0] == _DATA_STREAM:
            self._ended = True
            raise self._broken("the pod's side reset the connection")

    def _broken(self, otherwise: str) -> ClusterUnreachable:
        if self._error:
            text = printable(self._error.decode(errors="replace").strip(), limit=200)
            return ClusterUnreachable(f"port {self._port}: {text}", hint="does the container listen on it?")
        return ClusterUnreachable(f"port {self._port}: {otherwise}")

    async def write(self, data: bytes) -> None:
        """Send, waiting while the other side is slow."""
        for start in range(0, len(data), _CHUNK):
            piece = data[start : start + _CHUNK] if len(data) > _CHUNK else data
            await self._socket.send_frame(_DATA_HEAD + len(piece).to_bytes(3, "big") + piece)

    async def write_eof(self) -> None:
        """Close our direction; the pod's side can go on."""
        if not self._sent_eof:
            self._sent_eof = True
            await self._socket.send_frame(struct.pack("!IB", _DATA_STREAM, _FIN) + b"\0\0\0")

    async def close(self) -> None:
        """Close both directions; an unfinished connection is reset."""
        await self._socket.close()


_DATA_HEAD = struct.pack("!IB", _DATA_STREAM, 0)


def _frame(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("!HHB", 0x8000 | _VERSION, kind, flags) + len(body).to_bytes(3, "big") + body
