"""pods/exec over WebSocket: ``v5.channel.k8s.io`` (kubectl) and ``v4.channel.k8s.io`` (the Python client).

Each binary message begins with its channel's number; v5 adds channel 255, which closes the stream that it names.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence

from aiohttp import WSMsgType, web

from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import bad_request
from veza_tui.embedded.api.history import dumps
from veza_tui.embedded.api.requests import TRUE
from veza_tui.embedded.api.runtime import ERROR, RESIZE, STDERR, STDIN, STDOUT, ExecProcess, NodeRuntime
from veza_tui.embedded.api.streams.logs import container_of
from veza_tui.embedded.api.streams.websockets import accept

_CLOSE = 255
_BASE64 = "base64.channel.k8s.io"
PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io", _BASE64, "v4.base64.channel.k8s.io")


async def serve_exec(call: Call, runtime: NodeRuntime) -> web.StreamResponse:
    """GET with an upgrade."""
    pod = call.store.get("pods", call.namespace, call.info.name)
    query = call.request.query
    command = query.getall("command", [])
    if not command:
        raise bad_request("you must specify at least one command for the container")
    container = container_of(pod, query.get("container", ""))
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise bad_request(f"cannot exec into a container in a completed pod; current phase is {phase}")
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {call.info.name} does not have a host assigned")
    stdin, tty = query.get("stdin", "") in TRUE, query.get("tty", "") in TRUE
    process = await runtime.exec(call.info.namespace, call.info.name, container, command, stdin=stdin, tty=tty)
    try:
        socket = await accept(call.request, PROTOCOLS)
        await _Session(socket, process, tty=tty).run(command)
    finally:
        await process.kill()
    return socket


async def serve_attach(call: Call, runtime: NodeRuntime) -> web.StreamResponse:
    """GET with an upgrade: what the container writes from now on. Its programs read no stdin, so nothing is sent in."""
    pod = call.store.get("pods", call.namespace, call.info.name)
    container = container_of(pod, call.request.query.get("container", ""))
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        raise bad_request(f"cannot attach a container in a completed pod; current phase is {phase}")
    if not pod["spec"].get("nodeName"):
        raise bad_request(f"pod {call.info.name} does not have a host assigned")
    logs = runtime.logs(call.info.namespace, call.info.name, container, follow=True, tail=0)
    socket = await accept(call.request, PROTOCOLS)
    await _Session(socket, _Attached(logs), tty=False).run([])
    return socket


class _Attached:
    """A container's output in the shape of a process; the end of the container is the end of it."""

    def __init__(self, logs: AsyncIterator[bytes]) -> None:
        self._logs = logs

    async def read(self) -> tuple[int, bytes]:
        """See ``ExecProcess``."""
        async for chunk in self._logs:
            return STDOUT, chunk
        return 0, b""

    async def write(self, data: bytes) -> None:
        """Nobody reads it."""

    async def close_stdin(self) -> None:
        """Nothing to close."""

    async def resize(self, columns: int, rows: int) -> None:
        """No terminal."""

    async def wait(self) -> int:
        """The stream has ended well."""
        return 0

    async def kill(self) -> None:
        """The client hung up."""


class _Session:
    """One process joined to one WebSocket."""

    def __init__(self, socket: web.WebSocketResponse, process: ExecProcess, *, tty: bool) -> None:
        self.socket, self.process, self.tty = socket, process, tty
        self.base64 = "base64" in (socket.ws_protocol or "")

    async def send(self, channel: int, data: bytes) -> None:
        """One message."""
        if self.base64:
            await self.socket.send_str(str(channel) + base64.b64encode(data).decode())
        else:
            await self.socket.send_bytes(bytes((channel,)) + data)

    async def run(self, command: Sequence[str]) -> None:
        """Until the process ends or the client goes."""
        await self.send(STDOUT, b"")  # tells the client that the connection stands
        output = asyncio.create_task(self._output())
        incoming = asyncio.create_task(self._input())
        try:
            await asyncio.wait((output, incoming), return_when=asyncio.FIRST_COMPLETED)
            if output.done():
                await output
                await self.send(ERROR, dumps(_status(await self.process.wait(), command)))
                await self.socket.close()
        except ConnectionError:
            pass
        finally:
            for task in (output, incoming):
                task.cancel()
            await asyncio.gather(output, incoming, return_exceptions=True)

    async def _output(self) -> None:
        while True:
            channel, data = await self.process.read()
            if not channel:
                return
            if data:
                await self.send(STDOUT if self.tty else channel if channel == STDERR else STDOUT, data)

    async def _input(self) -> None:
        async for message in self.socket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                continue
            channel, data = self._split(message.data)
            if channel == STDIN:
                await self.process.write(data)
            elif channel == RESIZE:
                await self._resize(data)
            elif channel == _CLOSE and data[:1] == b"\x00":
                await self.process.close_stdin()

    def _split(self, data: bytes | str) -> tuple[int, bytes]:
        if isinstance(data, str):
            if self.base64:
                return int(data[:1] or 0), base64.b64decode(data[1:])
            data = data.encode()  # the Python client sends str as text messages
        return (data[0], data[1:]) if data else (-1, b"")

    async def _resize(self, data: bytes) -> None:
        try:
            size = json.loads(data)
            await self.process.resize(int(size["Width"]), int(size["Height"]))
        except (ValueError, KeyError, TypeError):
            return


def _status(code: int, command: Sequence[str]) -> dict[str, object]:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    message = (
        f"command terminated with non-zero exit code: error executing command [{' '.join(command)}], exit code {code}"
    )
    causes = [{"reason": "ExitCode", "message": str(code)}]
    status = {"metadata": {}, "status": "Failure", "message": message}
    return {**status, "reason": "NonZeroExitCode", "details": {"causes": causes}}
