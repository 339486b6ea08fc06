"""A watch over a bad line, in front of any cluster: it loses and repeats nothing, and is quick to be back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from cluster_contract.collector import Collector
from cluster_contract.conftest import QUICK
from cluster_contract.line import Line
from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.adapters.kubernetes.watch import Timing
from veza_tui.ports.cluster import CONFIG_MAPS, ClusterUnreachable

pytestmark = [pytest.mark.integration, pytest.mark.cluster]


@pytest.fixture
async def line(access: Access) -> AsyncIterator[Line]:
    parts = urlsplit(access.server)
    made = Line(parts.hostname or "", parts.port or 443)
    await made.open()
    yield made
    await made.close()


def through(access: Access, line: Line, timing: Timing = QUICK) -> KubernetesCluster:
    parts = urlsplit(access.server)
    return KubernetesCluster(
        replace(access, server=f"{parts.scheme}://127.0.0.1:{line.port}", tls_server_name=parts.hostname or ""),
        timing=timing,
    )


async def write(cluster: KubernetesCluster, namespace: str, name: str) -> None:
    await cluster.create(
        CONFIG_MAPS,
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "y" * 500}},
        namespace,
    )


@pytest.mark.parametrize("how", ["cut", "reset", "mid-line"])
async def test_broken_connections_lose_and_repeat_nothing(
    access: Access, cluster: KubernetesCluster, namespace: str, line: Line, how: str
) -> None:
    far = through(access, line)
    collector = Collector(far, CONFIG_MAPS, namespace)
    try:
        await collector.until(lambda: collector.syncs == 1 and collector.heard > 0)
        if how == "mid-line":
            # Connections die after 3 kB, 4.5 kB and so on, in the middle of whatever is being said.
            line.cut_after = 3_000
            line.cut()
        for i in range(12):
            await write(cluster, namespace, f"m{i}")
            if how == "cut" and i % 4 == 1:
                line.cut()
            if how == "reset" and i % 4 == 1:
                line.reset()
        await collector.until(lambda: {f"m{i}" for i in range(12)} <= collector.names)
        collector.assert_nothing_repeated()
        assert collector.syncs == 1
        assert sorted(n for n, _ in collector.upserts if n.startswith("m")) == sorted(f"m{i}" for i in range(12))
    finally:
        await collector.close()
        await far.close()


async def test_an_api_that_was_down_is_back_within_five_seconds(
    access: Access, cluster: KubernetesCluster, namespace: str, line: Line
) -> None:
    far = through(access, line, Timing())
    collector = Collector(far, CONFIG_MAPS, namespace)
    try:
        await collector.until(lambda: collector.syncs == 1 and collector.heard > 0)
        await line.refuse()
        await collector.until(lambda: len(collector.lost) > 0)
        assert isinstance(collector.lost[0], ClusterUnreachable)
        await write(cluster, namespace, "meanwhile")
        before = line.connections
        await asyncio.sleep(1.5)
        await line.open()
        started = time.monotonic()
        await collector.until(lambda: "meanwhile" in collector.names, timeout=5)
        assert time.monotonic() - started < 5
        assert line.connections - before < 10
        collector.assert_nothing_repeated()
    finally:
        await collector.close()
        await far.close()


async def test_a_half_open_connection_is_found_by_silence(
    access: Access, cluster: KubernetesCluster, namespace: str, line: Line
) -> None:
    far = through(access, line, replace(QUICK, idle=0.4))
    collector = Collector(far, CONFIG_MAPS, namespace)
    try:
        await collector.until(lambda: collector.syncs == 1 and collector.heard > 0)
        line.swallow = True
        await write(cluster, namespace, "unheard")
        await asyncio.sleep(0.1)
        assert "unheard" not in collector.names
        line.swallow = False
        await collector.until(lambda: "unheard" in collector.names, timeout=3)
        collector.assert_nothing_repeated()
    finally:
        await collector.close()
        await far.close()


async def test_a_half_open_connection_is_found_by_pings_long_before_silence_would(
    access: Access, cluster: KubernetesCluster, namespace: str, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veza_tui.adapters.kubernetes.client.PING_TIMEOUT", 0.3)
    far = through(access, line, replace(QUICK, idle=60))
    collector = Collector(far, CONFIG_MAPS, namespace)
    try:
        await collector.until(lambda: collector.syncs == 1 and collector.heard > 0)
        await far.ping()
        line.swallow = True
        await write(cluster, namespace, "unheard")
        with pytest.raises(ClusterUnreachable):
            await far.ping()
        line.swallow = False
        await far.ping()
        await collector.until(lambda: "unheard" in collector.names, timeout=3)
        collector.assert_nothing_repeated()
    finally:
        await collector.close()
        await far.close()


async def test_a_slow_line_is_waited_for(access: Access, namespace: str, line: Line) -> None:
    far = through(access, line)
    try:
        line.delay = 0.3
        await far.list_all(CONFIG_MAPS, namespace)
    finally:
        await far.close()
