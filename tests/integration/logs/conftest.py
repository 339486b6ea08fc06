"""A server of numbered lines, in this process behind a bad line, or as a child for the program itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from benchmarks.bench_logs import log_server
from tests.integration.cluster_contract.line import Line
from tests.tools.log_server import Server, options_of, write_files
from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import find_access


class MortalLine(Line):
    """``die``: what is open now leads nowhere for ever, as behind a router that forgot; new connections work."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self._era = 0

    def die(self) -> None:
        self._era += 1

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool) -> None:
        era, sent = self._era, 0
        while data := await reader.read(1 << 16):
            if era < self._era or self.swallow:
                era = -1
                continue
            if down and self.cut_after is not None and sent + len(data) > self.cut_after:
                writer.write(data[: self.cut_after - sent])
                await writer.drain()
                return
            sent += len(data)
            writer.write(data)
            await writer.drain()


class BadLine:
    """A cluster over a line that can be cut."""

    def __init__(self, line: MortalLine, cluster: KubernetesCluster, server: Server) -> None:
        self.line, self.cluster, self.server = line, cluster, server


@pytest.fixture
async def bad_line(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[BadLine]]]:
    """``await bad_line("--pods", "3", "--rate", "500")``."""
    async with AsyncExitStack() as stack:

        async def make(*arguments: str) -> BadLine:
            served = Server(options_of([str(tmp_path), *arguments]))
            server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
            line = MortalLine("127.0.0.1", server.sockets[0].getsockname()[1])
            await line.open()
            write_files(tmp_path, f"http://127.0.0.1:{line.port}")
            cluster = KubernetesCluster(find_access(None, {"KUBECONFIG": str(tmp_path / "kubeconfig")}))

            async def end() -> None:
                await cluster.close()
                await line.close()
                server.close()

            stack.push_async_callback(end)
            return BadLine(line, cluster, served)

        yield make


@pytest.fixture(scope="session")
def busy() -> Iterator[dict[str, str]]:
    """Three pods, 100 lines a second each, hostile ones among them."""
    with log_server("--pods", "3", "--rate", "100", "--hostile") as env:
        yield env


@pytest.fixture(scope="session")
def ended() -> Iterator[dict[str, str]]:
    """One pod that has written 5,000 lines and is done."""
    with log_server("--lines", "5000", "--ends") as env:
        yield env
