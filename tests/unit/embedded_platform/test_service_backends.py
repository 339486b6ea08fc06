"""A service's connections: what was cut while nobody asked is made anew by the question."""

from __future__ import annotations

import asyncio

from veza_tui.embedded.platform.services.backends import Cache, Check
from veza_tui.embedded.platform.services.settings import CacheSettings


class Server:
    """Answers PING; ``cut`` closes every connection, as a restart does."""

    def __init__(self) -> None:
        self.writers: list[asyncio.StreamWriter] = []
        self.tasks: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self.tasks.append(asyncio.current_task())
        while line := await reader.readline():
            if b"PING" in line:
                writer.write(b"+PONG\r\n")

    def cut(self) -> None:
        for writer in self.writers:
            writer.close()


async def test_a_connection_that_broke_while_nobody_asked_is_no_failure() -> None:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    cache = Cache(CacheSettings("127.0.0.1", listening.sockets[0].getsockname()[1]))

    async def ask() -> Check:
        cache._last = None  # the time for which an answer is repeated is over
        return await cache.check()

    assert (await ask()).ok
    server.cut()
    assert (await ask()).ok, "over a new connection, at the first question"
    server.cut()
    listening.close()
    assert not (await ask()).ok
    await cache.close()
    await asyncio.gather(*(task for task in server.tasks if task))
