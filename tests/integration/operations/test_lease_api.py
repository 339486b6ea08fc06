"""The Lease through the product's adapter on a real HTTP API server: races, faults, another program's view of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.integration.operations.conftest import ROOT
from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import find_access
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.embedded.api.faults import Fault, Faults
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.server import ApiServer, Context, User
from veza_tui.embedded.api.store import Store
from veza_tui.model.errors import LockedError
from veza_tui.operations.audit import AuditLog, Record
from veza_tui.operations.audit_events import publish
from veza_tui.operations.lock import Holder, LeaseLock
from veza_tui.operations.who import current_person
from veza_tui.ports.cluster import EVENTS, LEASES, NAMESPACES


class Api:
    """The server and clients of it."""

    def __init__(self, server: ApiServer, kubeconfig: Path, faults: Faults) -> None:
        self.server = server
        self.kubeconfig = kubeconfig
        self.faults = faults
        self.clients: list[KubernetesCluster] = []

    def client(self) -> KubernetesCluster:
        made = KubernetesCluster(find_access(None, {"KUBECONFIG": str(self.kubeconfig)}))
        self.clients.append(made)
        return made

    def lock(self, client: KubernetesCluster, operation: str, environment: str, **more: Any) -> LeaseLock:
        holder = Holder(operation, "deploy", f"user@{operation}")
        return LeaseLock(client, SystemClock(), "team", environment, holder, **more)


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    faults = Faults()
    tokens = {"t": User("oncall", "admin")}
    server = ApiServer(Store(), cast(NodeRuntime, None), tokens=tokens, faults=faults, tls=False)
    await server.start()
    kubeconfig = tmp_path / "config"
    server.write_kubeconfig(kubeconfig, [Context("c", "t", "team", "oncall")])
    made = Api(server, kubeconfig, faults)
    await made.client().create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team"}})
    yield made
    for client in made.clients:
        await client.close()
    await server.stop()


async def test_hundred_races_of_five_over_http(api: Api) -> None:
    clients = [api.client() for _ in range(5)]
    for race in range(100):
        locks = [api.lock(client, f"op{n}", f"env{race}") for n, client in enumerate(clients)]
        results = await asyncio.gather(*(lock.acquire() for lock in locks), return_exceptions=True)
        assert [r for r in results if not isinstance(r, LockedError)] == [""]
        winner = locks[results.index("")]
        lease = await clients[0].get(LEASES, f"veza-tui-env{race}", "team")
        assert lease["metadata"]["annotations"]["veza-tui/operation"] == f"op{results.index('')}"
        await winner.release()


_CONTENDER = """
import asyncio, sys
from pathlib import Path
from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.adapters.kubernetes.kubeconfig import find_access
from veza_tui.adapters.process.clock import SystemClock
from veza_tui.model.errors import LockedError
from veza_tui.operations.lock import Holder, LeaseLock

async def main():
    client = KubernetesCluster(find_access(None, {"KUBECONFIG": sys.argv[1]}))
    await client.whoami()
    print("ready", flush=True)
    wins = []
    for line in sys.stdin:
        lock = LeaseLock(client, SystemClock(), "team", line.strip(), Holder(sys.argv[2], "deploy", "u@h"))
        try:
            await lock.acquire()
            print("won", flush=True)
        except LockedError:
            print("lost", flush=True)
    await client.close()

asyncio.run(main())
"""


async def test_races_between_processes(api: Api) -> None:
    """Four processes, started together for each of 25 environments; they only meet in the cluster."""
    spawn = asyncio.create_subprocess_exec
    children = [
        await spawn(
            sys.executable, "-c", _CONTENDER, str(api.kubeconfig), f"op{n}",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        )
        for n in range(4)
    ]  # fmt: skip
    try:
        for child in children:
            assert child.stdout is not None
            assert await child.stdout.readline() == b"ready\n"
        for race in range(25):
            for child in children:
                assert child.stdin is not None
                child.stdin.write(f"race{race}\n".encode())
            answers = [await child.stdout.readline() for child in children if child.stdout]
            assert sorted(answers) == [b"lost\n", b"lost\n", b"lost\n", b"won\n"]
    finally:
        for child in children:
            assert child.stdin is not None
            child.stdin.close()
        await asyncio.gather(*(child.wait() for child in children))


async def test_renewals_reach_the_server_and_a_release_frees_it(api: Api) -> None:
    client = api.client()
    lock = api.lock(client, "one", "production", duration=1)
    await lock.acquire()
    first = await client.get(LEASES, "veza-tui-production", "team")
    while (now := await client.get(LEASES, "veza-tui-production", "team"))["spec"] == first["spec"]:
        await asyncio.sleep(0.02)
    assert now["spec"]["renewTime"] > first["spec"]["renewTime"]
    assert now["spec"]["leaseTransitions"] == 0
    await lock.release()
    with pytest.raises(LockedError):
        second, third = api.lock(client, "two", "production"), api.lock(client, "three", "production")
        await second.acquire()
        try:
            await third.acquire()
        finally:
            await second.release()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("throttle", path="leases", remaining=2, retry_after=0),
        Fault("error", path="leases", remaining=2, status=500, retry_after=0),
        Fault("error", path="leases", remaining=2, status=503, retry_after=0),
        Fault("reset", path="leases", remaining=2),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
async def test_acquired_through_faults(api: Api, fault: Fault) -> None:
    client = api.client()
    api.faults.add(fault)
    lock = api.lock(client, "one", "production")
    await lock.acquire()
    await lock.release()


async def test_audit_lines_become_events_that_the_server_accepts(api: Api, tmp_path: Path) -> None:
    client = api.client()
    log = AuditLog(tmp_path / "state", SystemClock())
    line = log.append(Record("denial", current_person(), environment="production", kind="deploy", reason="why"))
    assert await publish(client, "team", line)
    (event,) = await client.list_all(EVENTS, "team")
    assert event["type"] == "Warning" and event["reason"] == "Denial"
    assert line["hash"] in event["message"]
    assert not await publish(client, "no-such-namespace", line)
