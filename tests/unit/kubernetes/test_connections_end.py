"""Nothing of a connection is left when its transport is closed, whatever the server does about it."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import threading
from collections.abc import Iterator

import pytest

from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.adapters.kubernetes.transport import Transport
from veza_tui.embedded.api.tls import make_certificate


class Silent:
    """A server with TLS that begins its answer and never reads again: it acknowledges no close."""

    def __init__(self, much: bool) -> None:
        self._more = b"%x\r\n%s\r\n" % (1 << 22, b"x" * (1 << 22)) if much else b""
        self._certificate = make_certificate()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._serve) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    @property
    def access(self) -> Access:
        url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        return Access("ctx", url, "ns", "user", ca_data=self._certificate.authority.encode())

    def _serve(self) -> None:
        plain, _ = self._listener.accept()
        with self._certificate.context.wrap_socket(plain, server_side=True) as connection:
            connection.recv(1 << 16)
            with contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}\n\r\n" + self._more)
            self._ended.wait()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        self._listener.close()


@pytest.fixture(params=[False, True], ids=["a little", "more than is read"])
def silent(request: pytest.FixtureRequest) -> Iterator[Silent]:
    server = Silent(request.param)
    yield server
    server.end()


def test_a_server_that_acknowledges_no_close_leaves_nothing_open(silent: Silent) -> None:
    """One stream was given up before, one is under way: pytest makes an error of a socket that is not closed."""

    async def use() -> None:
        transport = Transport(silent.access)
        async with transport.open("GET", "/given-up") as answer:
            await answer.content.readany()
        async with transport.open("GET", "/under-way") as answer:
            await answer.content.readany()
            await transport.close()

    asyncio.run(use())
    gc.collect()
