"""The watch against a scripted API server: what happens is known to the byte."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cluster_contract.collector import Collector
from cluster_contract.fake_api import FakeApi, drop, hang, status
from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import Access
from veza_tui.adapters.kubernetes.watch import Timing
from veza_tui.ports.cluster import PODS, ClusterError, Denied, JSONObject, Upsert

pytestmark = pytest.mark.integration
TIMING = Timing(first=0.01, cap=0.05, idle=2.0, refused=0.05, unauthorized=0.05, short=0.05, page=2)


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    made = FakeApi()
    await made.start()
    yield made
    await made.stop()


def cluster_of(api: FakeApi, timing: Timing = TIMING, **user: str) -> KubernetesCluster:
    return KubernetesCluster(Access("ctx", api.url, "ns", "user", user=user), timing=timing)


@pytest.fixture
async def cluster(api: FakeApi) -> AsyncIterator[KubernetesCluster]:
    made = cluster_of(api)
    yield made
    await made.close()


@pytest.fixture
async def watching(api: FakeApi, cluster: KubernetesCluster) -> AsyncIterator[Collector]:
    for name in "abcde":
        await api.put(name)
    made = Collector(cluster, PODS, "ns")
    await made.until(lambda: made.syncs == 1 and made.heard > 0)
    yield made
    await made.close()


def lists(api: FakeApi) -> int:
    return sum(1 for r in api.requests if r.startswith("list") and "continue" not in r)


async def test_pages_then_watches_from_the_lists_version(api: FakeApi, watching: Collector) -> None:
    assert watching.names == set("abcde")
    assert len(api.requests) == 4
    assert "resourceVersion=15" in api.requests[-1]
    assert "allowWatchBookmarks=true" in api.requests[-1]
    assert all(h["User-Agent"].startswith("veza-tui/") for h in api.headers)


async def test_half_an_event_is_heard_once_and_whole(api: FakeApi, watching: Collector) -> None:
    api.inject = [b'{"type":"ADDED","object":{"metadata":{"name":"f","uid":"uid-f","resourceVers']
    await api.put("f")
    await watching.until(lambda: "f" in watching.names)
    assert [n for n, _ in watching.upserts] == ["f"]
    assert watching.syncs == 1
    assert not watching.lost


async def test_an_expired_version_in_the_watch_lists_again(api: FakeApi, watching: Collector) -> None:
    await api.remove("a")
    await watching.until(lambda: "a" not in watching.names)
    # The watch ends, and what happens meanwhile is compacted away.
    api.faults["watch"] = [drop]
    api.close_watches()
    await api.put("g")
    await api.remove("b")
    api.compact()
    await watching.until(lambda: watching.syncs == 2)
    assert watching.names == set("cdeg")
    await api.put("h")
    await watching.until(lambda: "h" in watching.names)
    watching.assert_nothing_repeated()


async def test_http_410_on_the_watch_lists_again(api: FakeApi, watching: Collector) -> None:
    api.faults["watch"] = [status(410, "Expired", "too old")]
    api.close_watches()
    await watching.until(lambda: watching.syncs == 2)
    assert not watching.lost


async def test_http_410_between_two_pages_begins_the_list_again(api: FakeApi, cluster: KubernetesCluster) -> None:
    for name in "abcde":
        await api.put(name)

    async def pass_on(request: object) -> None:
        return None

    api.faults["list"] = [pass_on, status(410, "Expired", "the provided continue parameter is too old")]
    collector = Collector(cluster, PODS, "ns")
    await collector.until(lambda: collector.syncs == 1)
    assert collector.names == set("abcde")
    assert not collector.lost
    await collector.close()


async def test_a_cluster_that_always_says_410_is_not_stormed(api: FakeApi, watching: Collector) -> None:
    api.faults["watch"] = [status(410, "Expired", "too old")] * 1000
    api.close_watches()
    before = lists(api)
    await asyncio.sleep(0.4)
    assert lists(api) - before < 25


async def test_watches_that_end_at_once_are_not_a_busy_loop(api: FakeApi, watching: Collector) -> None:
    async def empty(request: object) -> object:
        from aiohttp import web

        return web.Response(body=b"", content_type="application/json")

    api.faults["watch"] = [empty] * 1000  # type: ignore[list-item]
    before = len(api.requests)
    api.close_watches()
    await asyncio.sleep(0.4)
    assert len(api.requests) - before < 25
    api.faults["watch"] = []
    await api.put("z")
    await watching.until(lambda: "z" in watching.names)
    assert watching.syncs == 1


async def test_an_ordinary_end_of_a_watch_is_resumed_without_a_word(api: FakeApi, watching: Collector) -> None:
    for name in ("k", "l"):
        await asyncio.sleep(0.06)
        api.close_watches()
        await api.put(name)
        await watching.until(lambda name=name: name in watching.names)  # type: ignore[misc]
    assert not watching.lost
    assert watching.syncs == 1
    watching.assert_nothing_repeated()


async def test_429_is_waited_for_as_long_as_it_says(api: FakeApi, watching: Collector) -> None:
    api.faults["watch"] = [status(429, "TooManyRequests", "slow down", **{"Retry-After": "0.3"})]
    started = time.monotonic()
    api.close_watches()
    await watching.until(lambda: len(watching.lost) == 1)
    watches = len(api.requests)
    await api.put("m")
    await watching.until(lambda: "m" in watching.names)
    assert time.monotonic() - started >= 0.3
    assert len(api.requests) == watches + 1
    assert watching.lost[0].retry_after == 0.3


async def test_403_is_told_and_tried_again(api: FakeApi, cluster: KubernetesCluster) -> None:
    api.faults["list"] = [status(403, "Forbidden", 'pods is forbidden: User "x" cannot list')]
    collector = Collector(cluster, PODS, "ns")
    await collector.until(lambda: collector.syncs == 1)
    assert isinstance(collector.lost[0], Denied)
    assert collector.lost[0].status == 403
    await collector.close()


async def test_401_reads_the_token_again_once(api: FakeApi, tmp_path: object) -> None:
    from pathlib import Path

    token = Path(str(tmp_path)) / "token"
    token.write_text("old")
    cluster = cluster_of(api, tokenFile=str(token))
    await cluster.ping()
    token.write_text("new")
    api.faults["list"] = [status(401, "Unauthorized", "Unauthorized")]
    await cluster.list_all(PODS, "ns")
    assert [h.get("Authorization") for h in api.headers] == ["Bearer old", "Bearer old", "Bearer new"]
    api.faults["list"] = [status(401, "Unauthorized", "Unauthorized")] * 2
    with pytest.raises(Denied) as denied:
        await cluster.list_all(PODS, "ns")
    assert denied.value.status == 401
    assert len(api.headers) == 4
    await cluster.close()


async def test_bookmarks_keep_a_quiet_watch_alive_and_move_its_version(api: FakeApi) -> None:
    cluster = cluster_of(api, replace(TIMING, idle=0.3))
    api.bookmark = 0.05
    collector = Collector(cluster, PODS, "ns")
    await collector.until(lambda: collector.heard > 8)
    assert sum(1 for r in api.requests if r.startswith("watch")) == 1
    api.version += 5
    await collector.until(lambda: collector.heard > 12)
    api.bookmark = None
    api.close_watches()
    await collector.until(lambda: sum(1 for r in api.requests if r.startswith("watch")) == 2)
    assert f"resourceVersion={api.version}" in api.requests[-1]
    await collector.close()
    await cluster.close()


async def test_silence_is_a_broken_connection(api: FakeApi) -> None:
    cluster = cluster_of(api, replace(TIMING, idle=0.1))
    collector = Collector(cluster, PODS, "ns")
    await collector.until(lambda: sum(1 for r in api.requests if r.startswith("watch")) >= 3)
    assert not collector.lost
    assert collector.syncs == 1
    await collector.close()
    await cluster.close()


async def test_a_list_that_was_swallowed_is_asked_again_when_the_server_answers(api: FakeApi) -> None:
    cluster = cluster_of(api)
    api.faults["list"] = [hang()]
    collector = Collector(cluster, PODS, "ns")
    while not api.requests:
        await asyncio.sleep(0.005)
    api.faults["version"] = [status(503, "ServiceUnavailable", "down")]
    with pytest.raises(ClusterError):
        await cluster.ping()
    assert collector.syncs == 0
    await cluster.ping()
    # The list was asked before the ping that failed: the outage may have swallowed it.
    await collector.until(lambda: collector.syncs == 1)
    assert lists(api) == 2
    await collector.close()
    await cluster.close()


async def test_nonsense_is_an_error_and_not_the_end(api: FakeApi, watching: Collector) -> None:
    api.inject = [b"<html>proxy error</html>\n"]
    await api.put("n")
    await watching.until(lambda: "n" in watching.names)
    assert len(watching.lost) == 1
    assert "no event" in str(watching.lost[0])


async def test_an_object_that_cannot_be_read_leaves_the_others_alone(api: FakeApi, cluster: KubernetesCluster) -> None:
    for name in ("fine", "odd"):
        await api.put(name)

    def project(obj: JSONObject) -> str:
        if obj["metadata"]["name"] == "odd":
            raise ValueError("odd")
        assert "managedFields" not in obj["metadata"]
        return str(obj["metadata"]["name"])

    found = []
    async for event in cluster.watch(PODS, "ns", project):
        found.append(event)
        if len(found) == 2:
            await api.put("odd", again="1")
            await api.put("fine", again="1")
        if isinstance(event, Upsert):
            break
    assert found[0].items == {"uid-fine": "fine"}  # type: ignore[union-attr]
    assert found[-1] == Upsert("uid-fine", "fine")


async def test_an_answer_without_end_is_not_read_to_the_end(
    api: FakeApi, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("veza_tui.adapters.kubernetes.transport.MAX_BODY", 1000)
    for i in range(20):
        await api.put(f"p{i}" + "x" * 200)
    with pytest.raises(ClusterError, match="larger than"):
        await cluster.list_all(PODS, "ns")


async def test_redirects_are_not_followed_with_our_token(api: FakeApi) -> None:
    async def elsewhere(request: object) -> object:
        from aiohttp import web

        return web.Response(status=302, headers={"Location": "http://127.0.0.1:9/"}, body=b"{}")

    cluster = cluster_of(api, token="secret")
    api.faults["list"] = [elsewhere]  # type: ignore[list-item]
    answer = await cluster.list_all(PODS, "ns")
    assert answer == []
    await cluster.close()


async def test_what_came_right_before_a_break_is_not_thrown_away(api: FakeApi, watching: Collector) -> None:
    from aiohttp import web

    async def burst(request: web.Request) -> web.StreamResponse:
        # Head, one whole event and the end in one packet.
        line = json.dumps({"type": "ADDED", "object": api.pod("last")}).encode() + b"\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
        assert request.transport is not None
        request.transport.write(head + line)
        request.transport.close()
        return web.Response()

    api.faults["watch"] = [burst]
    api.close_watches()
    await watching.until(lambda: "last" in watching.names)
    assert not watching.lost
