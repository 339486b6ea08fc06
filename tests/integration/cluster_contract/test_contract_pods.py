"""Logs, exec, port-forward and service proxy: where the cluster has kubelets that can do it; else skipped in words."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.ports.cluster import PODS, SERVICES, ClusterError, HttpAnswer, JSONObject, NotFound

pytestmark = [pytest.mark.integration, pytest.mark.cluster]
IMAGE = os.environ.get("VEZA_TEST_IMAGE", "busybox:1.36")
SCRIPT = "echo hello; echo oops >&2; exec sleep 3600"


async def ready(cluster: KubernetesCluster, namespace: str, name: str) -> None:
    """Wait until it runs; skip where it does not."""
    for _ in range(200):
        pod = await cluster.get(PODS, name, namespace)
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod.get("status", {}).get("conditions") or []):
            return
        await asyncio.sleep(0.05)
    pytest.skip(f"no pod of {IMAGE} becomes ready on this cluster")


@pytest.fixture
async def shell(cluster: KubernetesCluster, namespace: str) -> AsyncIterator[str]:
    """A running pod with a shell."""
    spec: dict[str, Any] = {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "main", "image": IMAGE, "command": ["sh", "-c", SCRIPT]}],
    }
    for _ in range(40):
        try:
            await cluster.create(
                PODS, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "shell"}, "spec": spec}, namespace
            )
            break
        except ClusterError as error:
            # A real cluster makes a new namespace's service account a moment later.
            if "serviceaccount" not in str(error):
                raise
            await asyncio.sleep(0.05)
    await ready(cluster, namespace, "shell")
    yield "shell"
    await cluster.delete(PODS, "shell", namespace)


async def output(cluster: KubernetesCluster, namespace: str, **options: Any) -> bytes:
    return b"".join([chunk async for chunk in cluster.logs(namespace, "shell", "main", **options)])


async def test_logs(cluster: KubernetesCluster, namespace: str, shell: str) -> None:
    try:
        whole = await output(cluster, namespace)
    except ClusterError as error:
        pytest.skip(f"this cluster has no logs: {error}")
    assert whole
    last = await output(cluster, namespace, tail=1)
    assert last.count(b"\n") == 1
    assert whole.endswith(last)
    stamped = await output(cluster, namespace, tail=1, timestamps=True)
    assert stamped.endswith(last)
    assert stamped[:2] == b"20"
    assert len(await output(cluster, namespace, limit_bytes=3)) == 3
    try:
        # There is none: a kubelet says 400 (a fake one may tell the same log again).
        await output(cluster, namespace, previous=True)
    except ClusterError as error:
        assert error.status == 400
    with pytest.raises(NotFound):
        await anext(cluster.logs(namespace, "nobody", "main"))


async def test_logs_are_followed_until_we_go(cluster: KubernetesCluster, namespace: str, shell: str) -> None:
    stream = cluster.logs(namespace, shell, "main", follow=True)
    try:
        assert await asyncio.wait_for(anext(stream), 5)
    except ClusterError as error:
        pytest.skip(f"this cluster has no logs: {error}")
    finally:
        await stream.aclose()


async def run(
    cluster: KubernetesCluster, namespace: str, command: str, *, tty: bool = False, stdin: bytes | None = None
) -> tuple[bytes, bytes, int]:
    try:
        session = await cluster.exec(
            namespace, "shell", "main", ["sh", "-c", command], tty=tty, stdin=stdin is not None
        )
    except ClusterError as error:
        pytest.skip(f"this cluster has no exec: {error}")
    try:
        if tty:
            await session.resize(100, 40)
        if stdin is not None:
            await session.write(stdin)
            await session.write_eof()
        found = {1: b"", 2: b""}
        while True:
            channel, data = await session.read()
            if channel == 0:
                break
            found[channel] += data
        try:
            return found[1], found[2], await session.exit_code()
        except ClusterError as error:
            pytest.skip(f"this cluster's kubelet has no exec: {error}")
    finally:
        await session.close()


async def test_exec_tells_both_outputs_and_the_exit_code(
    cluster: KubernetesCluster, namespace: str, shell: str
) -> None:
    assert await run(cluster, namespace, "echo out; echo err >&2; exit 7") == (b"out\n", b"err\n", 7)
    assert await run(cluster, namespace, "true") == (b"", b"", 0)


async def test_exec_reads_our_input_to_its_end(cluster: KubernetesCluster, namespace: str, shell: str) -> None:
    data = b"x" * 200_000
    out, _, code = await run(cluster, namespace, "wc -c", stdin=data)
    assert (out.strip(), code) == (b"200000", 0)


async def test_exec_with_a_terminal_knows_its_size(cluster: KubernetesCluster, namespace: str, shell: str) -> None:
    out, err, code = await run(cluster, namespace, "sleep 0.2; stty size", tty=True)
    assert (out.strip(), err, code) == (b"40 100", b"", 0)


async def test_exec_of_what_is_not_there(cluster: KubernetesCluster, namespace: str, shell: str) -> None:
    with pytest.raises(NotFound):
        await cluster.exec(namespace, "nobody", "main", ["true"], tty=False, stdin=False)


@pytest.fixture
async def service(cluster: KubernetesCluster) -> JSONObject:
    """A pod of a deployed backend-api: any environment's will do."""
    for pod in await cluster.list_all(PODS, label_selector="app.kubernetes.io/name=backend-api"):
        conditions = pod.get("status", {}).get("conditions") or []
        if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
            return pod
    pytest.skip("no ready backend-api on this cluster")


async def test_port_forward_carries_http(cluster: KubernetesCluster, service: JSONObject) -> None:
    meta = service["metadata"]

    async def ask() -> bytes:
        try:
            stream = await cluster.connect(meta["namespace"], meta["name"], 8080)
        except ClusterError as error:
            pytest.skip(f"this cluster has no port-forward: {error}")
        try:
            await stream.write(b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            found = b""
            while data := await stream.read():
                found += data
            return found
        finally:
            await stream.close()

    for answer in await asyncio.gather(*(ask() for _ in range(5))):
        assert answer.startswith(b"HTTP/1.1 200")


async def test_a_port_nobody_listens_on(cluster: KubernetesCluster, service: JSONObject) -> None:
    meta = service["metadata"]
    try:
        stream = await cluster.connect(meta["namespace"], meta["name"], 9)
    except ClusterError:
        return
    try:
        with pytest.raises(ClusterError):
            await stream.write(b"x")
            while await stream.read():
                pass
            raise ClusterError("closed without a word")
    finally:
        await stream.close()


async def test_the_service_proxy_answers_for_the_service(cluster: KubernetesCluster, service: JSONObject) -> None:
    namespace = service["metadata"]["namespace"]
    answer = await cluster.proxy_get(namespace, "backend-api", 8080, "/live")
    if answer.status == 503:
        pytest.skip("this cluster's pods cannot be dialled")
    assert answer.status == 200
    assert 0 < answer.seconds < 5
    by_name = await cluster.proxy_get(namespace, "backend-api", "http", "/live")
    assert by_name.status == 200
    missing = await cluster.proxy_get(namespace, "backend-api", 8080, "/no/such/path")
    assert missing.status == 404
    with pytest.raises(NotFound):
        await cluster.proxy_get(namespace, "nobody", 8080, "/live")


async def known_to_the_proxy(cluster: KubernetesCluster, namespace: str, service: str, port: int) -> HttpAnswer:
    """Ask until the API server's proxy, which reads a cache of its own behind a watch, has heard of a new Service."""
    while True:
        try:
            return await cluster.proxy_get(namespace, service, port, "/health")
        except NotFound:
            await asyncio.sleep(0.02)


async def test_a_service_without_pods_says_so(cluster: KubernetesCluster, namespace: str) -> None:
    await cluster.create(
        SERVICES,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "empty"},
            "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]},
        },
        namespace,
    )
    answer = await known_to_the_proxy(cluster, namespace, "empty", 80)
    assert answer.status == 503
    assert b"no endpoints available" in answer.body
