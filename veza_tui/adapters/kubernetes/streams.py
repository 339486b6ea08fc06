"""Exec and port-forward over WebSockets.

Exec: sub-protocols v5.channel.k8s.io (with half-close) and v4.channel.k8s.io: the first byte of a message is its
channel: 0 stdin, 1 stdout, 2 stderr, 3 status, 4 terminal size, 255 close of the channel named by the second byte
(v5). Source: kubernetes/kubernetes, apimachinery/pkg/util/remotecommand/constants.go.

Port-forward: SPDY/3.1 tunnelled in a WebSocket where the server has it (``spdy.py``), else v4.channel.k8s.io with one
port a WebSocket, as the official Python client does it: channel 0 data, 1 error; the first message of each is the port
in two bytes. That protocol cannot close one direction only.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from veza_tui.adapters.kubernetes.http_library import aiohttp
from veza_tui.model.text import printable
from veza_tui.ports.cluster import ClusterError, ClusterUnreachable

EXEC_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
TUNNEL = "SPDY/3.1+portforward.k8s.io"
"""What kubectl >= 1.30 speaks; source: apimachinery/pkg/util/portforward/constants.go."""
FORWARD_PROTOCOLS = (TUNNEL, "v4.channel.k8s.io")
PING_SECONDS = 30.0
"""Keeps load balancers from closing a quiet connection; no answer is required (a slow reader is not a dead one)."""
_CHUNK = 32 << 10

STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


class Socket:
    """A WebSocket of channels."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._ws = ws
        self._pings = asyncio.create_task(self._ping())

    async def _ping(self) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):
            while not self._ws.closed:
                await asyncio.sleep(PING_SECONDS)
                await self._ws.ping()

    async def send(self, channel: int, data: bytes) -> None:
        try:
            for start in range(0, len(data), _CHUNK):
                await self._ws.send_bytes(bytes((channel,)) + data[start : start + _CHUNK])
        except (ConnectionError, aiohttp.ClientError) as error:
            raise ClusterUnreachable(f"the stream broke ({type(error).__name__})") from None

    async def send_frame(self, data: bytes) -> None:
        """One message as it is; waits while the other side is slow."""
        try:
            await self._ws.send_bytes(data)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise ClusterUnreachable(f"the stream broke ({type(error).__name__})") from None

    async def receive_frame(self) -> bytes | None:
        """The next binary message as it is; None at the end."""
        message = await self._ws.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            data: bytes = message.data
            return data
        if message.type is aiohttp.WSMsgType.ERROR:
            raise ClusterUnreachable("the stream broke")
        return None

    async def receive(self) -> tuple[int, bytes] | None:
        """The next message; None at the end."""
        while True:
            message = await self._ws.receive()
            if message.type is aiohttp.WSMsgType.BINARY and message.data:
                return message.data[0], message.data[1:]
            if message.type is aiohttp.WSMsgType.TEXT and message.data:
                data = message.data.encode()
                return data[0], data[1:]
            if message.type is aiohttp.WSMsgType.ERROR:
                raise ClusterUnreachable("the stream broke")
            if message.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                return None

    async def close(self) -> None:
        self._pings.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._pings
        await self._ws.close()


class Exec:
    """A process in a container (``ports.cluster.ExecSession``)."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = Socket(ws)
        self._half_close = ws.protocol == EXEC_PROTOCOLS[0]
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def read(self) -> tuple[int, bytes]:
        """(1 stdout | 2 stderr, bytes); (0, b"") at the end."""
        while True:
            try:
                message = await self._socket.receive()
            except ClusterUnreachable as error:
                self._fail(error)
                raise
            if message is None:
                self._fail(ClusterUnreachable("the process's stream ended without its exit code"))
                return 0, b""
            channel, data = message
            if channel in (STDOUT, STDERR) and data:
                return channel, data
            if channel == STATUS and not self._code.done():
                self._take_status(data)

    async def write(self, data: bytes) -> None:
        """To its stdin."""
        await self._socket.send(STDIN, data)

    async def write_eof(self) -> None:
        """End of its stdin; with servers before Kubernetes 1.30 (v4) there is no way to say it: nothing happens."""
        if self._half_close:
            await self._socket.send(CLOSE, bytes((STDIN,)))

    async def resize(self, columns: int, rows: int) -> None:
        """Tell the terminal's size."""
        await self._socket.send(RESIZE, json.dumps({"Width": columns, "Height": rows}).encode())

    async def exit_code(self) -> int:
        """Wait for its end; output not read so far is dropped.

        Raises:
            ClusterError: the server ended it, or could not start it.
        """
        while not self._code.done():
            channel, _ = await self.read()
            if channel == 0:
                break
        return await self._code

    async def close(self) -> None:
        """Hang up."""
        await self._socket.close()
        self._fail(ClusterUnreachable("the stream was closed"))

    def _fail(self, error: ClusterError) -> None:
        if not self._code.done():
            self._code.set_exception(error)
            self._code.exception()  # retrieved: nobody need ask for it

    def _take_status(self, data: bytes) -> None:
        try:
            status: dict[str, Any] = json.loads(data)
        except ValueError:
            self._fail(ClusterError(printable(data.decode(errors="replace"), limit=200), status=500))
            return
        if status.get("status") == "Success":
            self._code.set_result(0)
            return
        causes = (status.get("details") or {}).get("causes") or []
        for cause in causes:
            if cause.get("reason") == "ExitCode":
                with contextlib.suppress(ValueError, KeyError):
                    self._code.set_result(int(cause["message"]))
                    return
        message = _both_ends(printable(str(status.get("message") or "the process could not be started"), limit=4000))
        self._fail(ClusterError(message, status=int(status.get("code") or 500), reason=str(status.get("reason") or "")))


def _both_ends(text: str, limit: int = 300) -> str:
    """A runtime's error is a chain: who was asked stands at its beginning, what went wrong at its end."""
    return text if len(text) <= limit else f"{text[: limit // 3]} … {text[len(text) - (limit - limit // 3 - 3) :]}"


class Forward:
    """One connection to a pod's port (``ports.cluster.ByteStream``)."""

    half_close = False

    def __init__(self, ws: aiohttp.ClientWebSocketResponse, port: int) -> None:
        self._socket = Socket(ws)
        self._port = port
        self._started: set[int] = set()

    async def read(self) -> bytes:
        """The next bytes; empty at the end.

        Raises:
            ClusterError: the pod's side refused or broke the connection.
        """
        while True:
            message = await self._socket.receive()
            if message is None:
                return b""
            channel, data = message
            if channel not in self._started:
                # The port's number comes first on each channel.
                self._started.add(channel)
                data = data[2:]
            if not data:
                continue
            if channel == 0:
                return data
            if channel == 1:
                text = printable(data.decode(errors="replace").strip(), limit=200)
                raise ClusterUnreachable(f"port {self._port}: {text}", hint="does the container listen on it?")

    async def write(self, data: bytes) -> None:
        """Send, waiting while the other side is slow."""
        await self._socket.send(0, data)

    async def write_eof(self) -> None:
        """The protocol cannot close one direction: nothing happens."""

    async def close(self) -> None:
        """Close both directions."""
        await self._socket.close()
