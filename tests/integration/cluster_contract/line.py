"""A bad line: a TCP relay in front of a server that can cut, reset, swallow, delay and come back."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct


class Line:
    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.swallow = False
        """Existing and new connections stay open, and nothing passes."""
        self.cut_after: int | None = None
        """Bytes from the server after which a connection is cut; a half more the next time (a whole TLS record must
        pass some time, or nobody could get on)."""
        self.delay = 0.0
        """Seconds before each piece from the server."""
        self.connections = 0

    async def open(self) -> None:
        """Listen (again, on the same port)."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Connections are refused, existing ones reset."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    def reset(self) -> None:
        """RST on every connection."""
        for writer in list(self._writers):
            raw = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def cut(self) -> None:
        """EOF on every connection."""
        for writer in list(self._writers):
            writer.close()

    async def close(self) -> None:
        await self.refuse()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self._writers.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            back, other = await asyncio.open_connection(*self._target)
            pumps = [
                asyncio.create_task(self._pump(reader, other, False)),
                asyncio.create_task(self._pump(back, writer, True)),
            ]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            for each in (writer, other):
                if each is not None:
                    each.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool) -> None:
        sent = 0
        while data := await reader.read(1 << 16):
            if self.swallow:
                continue
            if down and self.delay:
                await asyncio.sleep(self.delay)
            if down and self.cut_after is not None and sent + len(data) > self.cut_after:
                writer.write(data[: self.cut_after - sent])
                self.cut_after += self.cut_after // 2
                await writer.drain()
                return
            sent += len(data)
            writer.write(data)
            await writer.drain()
