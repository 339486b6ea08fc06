"""A client that calls services all the time through the API server's service proxy, and counts what goes wrong.

Half of its callers keep one connection, half open a fresh one for each call: both kinds of clients that a Service has.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import yaml


@dataclass
class Calls:
    """What came back."""

    good: int = 0
    failed: list[str] = field(default_factory=list)
    slowest: float = 0.0


@contextmanager
def traffic(kubeconfig: Path, namespace: str, services: Sequence[tuple[str, int]], path: str) -> Iterator[Calls]:
    """Call ``services`` (name, port) all through the block, from a thread of its own."""
    calls, stop = Calls(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_call_all(kubeconfig, namespace, services, path, calls, stop)), daemon=True
    )
    thread.start()
    try:
        yield calls
    finally:
        stop.set()
        thread.join(20)


async def _call_all(
    kubeconfig: Path,
    namespace: str,
    services: Sequence[tuple[str, int]],
    path: str,
    calls: Calls,
    stop: threading.Event,
) -> None:
    config = yaml.safe_load(kubeconfig.read_text())
    cluster = config["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    headers = {"Authorization": f"Bearer {config['users'][0]['user']['token']}"}
    base = f"{cluster['server']}/api/v1/namespaces/{namespace}/services"
    async with (
        aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=context)) as kept,
        aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(ssl=context, force_close=True)) as fresh,
    ):
        await asyncio.gather(
            *(
                _caller(session, f"{base}/{name}:{port}/proxy{path}", calls, stop)
                for name, port in services
                for session in (kept, fresh)
            )
        )


async def _caller(session: aiohttp.ClientSession, url: str, calls: Calls, stop: threading.Event) -> None:
    while not stop.is_set():
        began = time.monotonic()
        try:
            async with session.get(url, timeout=aiohttp.ClientTimeout(total=5)) as answer:
                await answer.read()
                if answer.status == 200:
                    calls.good += 1
                else:
                    calls.failed.append(f"{url.rsplit('/services/', 1)[1]}: {answer.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            calls.failed.append(f"{url.rsplit('/services/', 1)[1]}: {type(error).__name__}")
        calls.slowest = max(calls.slowest, time.monotonic() - began)
        await asyncio.sleep(0.01)
