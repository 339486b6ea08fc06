"""SPDY/3.1 framing (draft-mbelshe-httpbis-spdy-00 §2), the server's half as far as port-forward needs it.

kubectl tunnels it in WebSocket messages. Flow control is left out, as in the library that Kubernetes uses.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
_FIN = 1
_VERSION = 3
_CANCEL = 5
_CHUNK = 64 * 1024


def _words(*names: str) -> bytes:
    return b"".join(struct.pack("!I", len(name)) + name.encode() for name in names)


DICTIONARY = (
    _words(
        "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding",
        "accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection",
        "content-base", "content-encoding", "content-language", "content-length", "content-location", "content-md5",
        "content-range", "content-type", "date", "etag", "expect", "expires", "from", "host", "if-match",
        "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "location",
        "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after",
        "server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning",
        "www-authenticate", "method", "get", "status", "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie",
        "keep-alive", "origin",
    )
    + b"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    + b"203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    + b"403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    + b"Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    + b"chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    + b"text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)  # fmt: skip
"""The dictionary of header compression, §2.6.10.1 of the draft."""


@dataclass(slots=True)
class Stream:
    """A stream that the client opened."""

    id: int
    headers: dict[str, str]
    connection: SpdyConnection = field(repr=False)
    incoming: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(64))
    remote_closed: bool = False
    closed: bool = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """What the client sends, until it closes its half."""
        while data := await self.incoming.get():
            yield data

    async def write(self, data: bytes) -> None:
        """Send, in frames of at most 64 KiB."""
        for at in range(0, len(data), _CHUNK):
            await self.connection.send_data(self.id, data[at : at + _CHUNK])

    async def close(self) -> None:
        """Close our half. Idempotent."""
        if not self.closed:
            self.closed = True
            await self.connection.send_data(self.id, b"", flags=_FIN)

    async def reset(self) -> None:
        """Abort it. Idempotent."""
        if not self.closed:
            self.closed = True
            await self.connection.send_control(RST_STREAM, struct.pack("!II", self.id, _CANCEL))


class SpdyConnection:
    """The server's end: feed it bytes, it calls ``on_stream`` for each stream that the client opens."""

    def __init__(self, send: Callable[[bytes], Awaitable[None]], on_stream: Callable[[Stream], None]) -> None:
        self._send, self._on_stream = send, on_stream
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._lock = asyncio.Lock()
        self.streams: dict[int, Stream] = {}
        self.gone = False

    async def feed(self, data: bytes) -> None:
        """Take in bytes; raises ValueError when they are no SPDY/3."""
        self._buffer += data
        while len(self._buffer) >= 8:
            size = int.from_bytes(self._buffer[5:8], "big")
            if len(self._buffer) < 8 + size:
                return
            head, body = bytes(self._buffer[:8]), bytes(self._buffer[8 : 8 + size])
            del self._buffer[: 8 + size]
            await self._frame(head, body)

    async def _frame(self, head: bytes, body: bytes) -> None:
        flags = head[4]
        if not head[0] & 0x80:
            await self._data(int.from_bytes(head[:4], "big"), body, flags)
            return
        version, kind = struct.unpack("!HH", head[:4])
        if version & 0x7FFF != _VERSION:
            raise ValueError(f"SPDY version {version & 0x7FFF}")
        if kind == SYN_STREAM:
            number = struct.unpack("!I", body[:4])[0] & 0x7FFFFFFF
            stream = Stream(number, self._headers(body[10:]), self)
            self.streams[number] = stream
            await self._reply(number)
            self._on_stream(stream)
            if flags & _FIN:
                await self._end(stream)
        elif kind == HEADERS:
            self._headers(body[4:])
        elif kind == RST_STREAM:
            stream_or_none = self.streams.pop(struct.unpack("!I", body[:4])[0] & 0x7FFFFFFF, None)
            if stream_or_none is not None:
                stream_or_none.closed = True
                await self._end(stream_or_none)
        elif kind == PING:
            await self.send_control(PING, body)
        elif kind == GOAWAY:
            self.gone = True

    async def _data(self, number: int, body: bytes, flags: int) -> None:
        stream = self.streams.get(number)
        if stream is None:
            return
        if body and not stream.remote_closed:
            await stream.incoming.put(body)
        if flags & _FIN:
            await self._end(stream)

    async def _end(self, stream: Stream) -> None:
        if not stream.remote_closed:
            stream.remote_closed = True
            await stream.incoming.put(b"")

    def _headers(self, block: bytes) -> dict[str, str]:
        data = self._inflate.decompress(block)
        count, at = int.from_bytes(data[:4], "big"), 4
        out: dict[str, str] = {}
        for _ in range(count):
            texts: list[str] = []
            for _ in range(2):
                size = int.from_bytes(data[at : at + 4], "big")
                texts.append(data[at + 4 : at + 4 + size].decode("latin-1"))
                at += 4 + size
            out[texts[0].lower()] = texts[1]
        return out

    async def _reply(self, number: int) -> None:
        async with self._lock:  # the compressor's state and the order on the wire must agree
            block = self._deflate.compress(struct.pack("!I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
            await self._send(_control(SYN_REPLY, struct.pack("!I", number) + block))

    async def send_control(self, kind: int, body: bytes) -> None:
        """A control frame."""
        async with self._lock:
            await self._send(_control(kind, body))

    async def send_data(self, number: int, data: bytes, flags: int = 0) -> None:
        """A data frame."""
        async with self._lock:
            await self._send(struct.pack("!I", number) + bytes((flags,)) + len(data).to_bytes(3, "big") + data)


def _control(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("!HH", 0x8000 | _VERSION, kind) + bytes((flags,)) + len(body).to_bytes(3, "big") + body
