"""pods/portforward: SPDY/3.1 tunnelled in a WebSocket (kubectl) and ``v4.channel.k8s.io`` (the Python client)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import ApiError, bad_request
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.streams.spdy import SpdyConnection, Stream
from veza_tui.embedded.api.streams.websockets import accept

TUNNEL = "SPDY/3.1+portforward.k8s.io"
CHANNELS = ("v4.channel.k8s.io", "portforward.k8s.io")
_READ = 64 * 1024
Connect = Callable[[int], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def serve_portforward(call: Call, runtime: NodeRuntime) -> web.StreamResponse:
    """GET with an upgrade."""
    pod = call.store.get("pods", call.namespace, call.info.name)
    phase = (pod.get("status") or {}).get("phase")
    if phase != "Running":
        raise bad_request(f"unable to forward port because pod is not running. Current status={phase}")

    async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await runtime.connect(call.info.namespace, call.info.name, port)

    ports = [p for text in call.request.query.getall("ports", []) for p in text.split(",") if p]
    if not all(p.isdigit() and 0 < int(p) < 65536 for p in ports):
        raise bad_request(f"query parameter 'ports' must be port numbers, not {','.join(ports)}")
    socket = await accept(call.request, (TUNNEL, *CHANNELS))
    if socket.ws_protocol == TUNNEL:
        await _tunnel(socket, connect)
    else:
        await _Channels(socket, connect).run([int(p) for p in ports])
    return socket


def _refusal(port: int, error: Exception) -> bytes:
    reason = error.message if isinstance(error, ApiError) else str(error) or type(error).__name__
    return (
        f"error forwarding port {port} to pod: failed to connect to localhost:{port} inside the pod: {reason}".encode()
    )


async def _pump(read: Callable[[int], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]]) -> None:
    while data := await read(_READ):
        await write(data)


async def _both(first: Awaitable[None], second: Awaitable[None]) -> None:
    """Run both directions; when one fails, the other ends too."""
    tasks = [asyncio.ensure_future(first), asyncio.ensure_future(second)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tunnel(socket: web.WebSocketResponse, connect: Connect) -> None:
    tasks: set[asyncio.Task[None]] = set()
    waiting: dict[str, dict[str, Stream]] = {}

    def opened(stream: Stream) -> None:
        pair = waiting.setdefault(stream.headers.get("requestid", ""), {})
        pair[stream.headers.get("streamtype", "")] = stream
        if len(pair) == 2:
            waiting.pop(stream.headers.get("requestid", ""), None)
            task = asyncio.create_task(_forward(pair, connect))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    connection = SpdyConnection(socket.send_bytes, opened)
    try:
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                await connection.feed(message.data)
    except (ConnectionError, ValueError):
        pass
    finally:
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await socket.close()


async def _forward(pair: dict[str, Stream], connect: Connect) -> None:
    """One connection: a data stream and an error stream."""
    data, errors = pair["data"], pair["error"]
    text = data.headers.get("port", "")
    try:
        reader, writer = await connect(int(text))
    except (OSError, ValueError, ApiError) as error:
        await errors.write(_refusal(int(text) if text.isdigit() else 0, error))
        await errors.close()
        await data.reset()
        return
    try:

        async def outgoing() -> None:
            async for chunk in data.chunks():
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

        async def incoming() -> None:
            await _pump(reader.read, data.write)
            await data.close()

        await _both(outgoing(), incoming())
    except ConnectionError:
        await data.reset()
    finally:
        writer.close()
        await errors.close()
        for stream in (data, errors):
            data.connection.streams.pop(stream.id, None)


class _Channels:
    """``v4.channel.k8s.io``: port i has channel 2i for data and 2i+1 for errors, each announced by the port number."""

    def __init__(self, socket: web.WebSocketResponse, connect: Connect) -> None:
        self.socket, self.connect = socket, connect
        self.queues: dict[int, asyncio.Queue[bytes]] = {}

    async def run(self, ports: list[int]) -> None:
        """Until the client goes or every port is at its end."""
        tasks = []
        for index, port in enumerate(ports):
            self.queues[2 * index] = asyncio.Queue(64)
            for channel in (2 * index, 2 * index + 1):
                await self.socket.send_bytes(bytes((channel,)) + port.to_bytes(2, "little"))
            tasks.append(asyncio.create_task(self._port(2 * index, port)))
        receiver = asyncio.create_task(self._receive())
        everything = asyncio.gather(*tasks, return_exceptions=True)
        try:
            await asyncio.wait((receiver, everything), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (receiver, *tasks):
                task.cancel()
            await asyncio.gather(receiver, everything, return_exceptions=True)
            await self.socket.close()

    async def _receive(self) -> None:
        async for message in self.socket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT) or not message.data:
                continue
            data = message.data.encode("latin-1") if isinstance(message.data, str) else message.data
            queue = self.queues.get(data[0])
            if queue is not None and len(data) > 1:
                await queue.put(data[1:])

    async def _port(self, channel: int, port: int) -> None:
        try:
            reader, writer = await self.connect(port)
        except (OSError, ApiError) as error:
            await self.socket.send_bytes(bytes((channel + 1,)) + _refusal(port, error))
            return
        queue = self.queues[channel]

        async def outgoing() -> None:
            while True:
                writer.write(await queue.get())
                await writer.drain()

        async def write(chunk: bytes) -> None:
            await self.socket.send_bytes(bytes((channel,)) + chunk)

        sender = asyncio.create_task(outgoing())
        try:
            await _pump(reader.read, write)
        except ConnectionError as error:
            await self.socket.send_bytes(bytes((channel + 1,)) + _refusal(port, error))
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
            writer.close()
