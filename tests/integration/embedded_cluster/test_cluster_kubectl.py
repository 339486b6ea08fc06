"""The simulated cluster and the API server together, driven by a real kubectl."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal

import pytest

from tests.integration.embedded_cluster.live import SCALE, Live, Web, probed
from veza_tui.embedded.api.server import ApiServer, Context, User
from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.images import Image
from veza_tui.embedded.cluster.programs import Fault
from veza_tui.embedded.cluster.simulation import ClusterSimulation

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on this machine")


class Kubectl(Live):
    """A Live cluster with kubectl."""

    def __init__(self, sim: ClusterSimulation, kubeconfig: str) -> None:
        super().__init__(sim)
        self.kubeconfig = kubeconfig
        self.started: list[asyncio.subprocess.Process] = []

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """Start kubectl."""
        pipe = asyncio.subprocess.PIPE
        env = {**os.environ, "KUBECONFIG": self.kubeconfig, "HOME": os.path.dirname(self.kubeconfig)}
        process = await asyncio.create_subprocess_exec(
            "kubectl", *words, stdin=pipe, stdout=pipe, stderr=pipe, env=env, start_new_session=True
        )
        self.started.append(process)
        return process

    async def close(self) -> None:
        """End what a failed test left."""
        for process in self.started:
            if process.returncode is None:
                process.kill()
                await process.communicate()

    async def run(self, *words: str, stdin: str = "", code: int = 0, timeout: float = 20) -> str:
        """Run kubectl to its end; stdout, or stderr when it is to fail."""
        process = await self.start(*words)
        out, err = await asyncio.wait_for(process.communicate(stdin.encode()), timeout)
        assert process.returncode == code, (words, out.decode(), err.decode())
        return (err if code else out).decode()


@pytest.fixture
async def kubectl(tmp_path):
    images = [Image("veza/web", frozenset({"v1", "v2"}), Web), Image("veza/crash", program=Web)]
    store = Store()
    sim = ClusterSimulation(store, images=images, time_scale=SCALE, state=tmp_path / "nodes")
    server = ApiServer(store, sim.runtime, tokens={"secret": User("oncall", "admin")})
    await sim.start()
    await server.start()
    made = Kubectl(sim, str(tmp_path / "config"))
    server.write_kubeconfig(tmp_path / "config", [Context("demo", "secret", "default", "oncall")])
    Web.unready = False
    yield made
    await made.close()
    await server.stop()
    await sim.stop()


async def test_a_release_its_failure_and_the_way_back(kubectl):
    manifest = probed("web", replicas=3)
    manifest["spec"]["progressDeadlineSeconds"] = 100
    assert "deployment.apps/web created" in await kubectl.run("apply", "-f", "-", stdin=json.dumps(manifest))
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/web", "--timeout=20s")
    await kubectl.run("set", "image", "deploy/web", "app=veza/web:v2")
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/web", "--timeout=20s")
    assert (await kubectl.run("exec", "deploy/web", "--", "sh", "-c", "echo $HOSTNAME")).startswith("web-")
    await kubectl.run("set", "image", "deploy/web", "app=veza/web:v666")
    failure = await kubectl.run("rollout", "status", "deploy/web", "--timeout=20s", code=1)
    assert 'deployment "web" exceeded its progress deadline' in failure
    pods = await kubectl.run("get", "pods")
    assert pods.count("Running") == 3
    assert "ImagePullBackOff" in pods or "ErrImagePull" in pods
    assert "Back-off pulling image" in await kubectl.run("describe", "pod", "-l", "app=web")
    await kubectl.run("rollout", "undo", "deploy/web")
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/web", "--timeout=20s")
    history = await kubectl.run("rollout", "history", "deploy/web")
    assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["1", "3", "4"]
    await kubectl.run("rollout", "restart", "deploy/web")
    assert "successfully rolled out" in await kubectl.run("rollout", "status", "deploy/web", "--timeout=20s")
    await kubectl.run("scale", "deploy/web", "--replicas=1")
    await kubectl.until(lambda: kubectl.ready("web", 1))
    await kubectl.run("delete", "deploy/web", "--cascade=foreground")
    assert not kubectl.store.list("pods")


async def test_watching_a_crash_loop(kubectl):
    kubectl.sim.set_fault("veza/crash", Fault("crash", ("DB_URL is not set",), 3, 1.0))
    watch = await kubectl.start("get", "pods", "-w", "--no-headers")
    await kubectl.until(lambda: kubectl.store.history._subscriptions.get("pods"))  # the watch has begun
    await kubectl.run("apply", "-f", "-", stdin=json.dumps(probed("bad", image="veza/crash:v1")))
    seen: list[str] = []
    assert watch.stdout is not None
    while "CrashLoopBackOff" not in seen:
        line = await asyncio.wait_for(watch.stdout.readline(), 20)
        status = line.split()[2].decode()
        if not seen or seen[-1] != status:
            seen.append(status)
    watch.send_signal(signal.SIGTERM)
    await watch.communicate()
    assert seen[:3] == ["Pending", "ContainerCreating", "Running"]
    assert "Error" in seen
    assert await kubectl.run("logs", "-p", "deploy/bad") == "DB_URL is not set\n"
    told = await kubectl.run("describe", "pod", "-l", "app=bad")
    assert "Exit Code:    3" in told
    assert "Back-off restarting failed container app in pod bad-" in told


async def test_logs_follow_and_forward(kubectl):
    await kubectl.run("apply", "-f", "-", stdin=json.dumps(probed("web")))
    (pod,) = await kubectl.until(lambda: kubectl.ready("web", 1))
    follow = await kubectl.start("logs", "-f", "deploy/web")
    assert follow.stdout is not None
    assert b"listening" in await asyncio.wait_for(follow.stdout.readline(), 10)
    attached = await kubectl.start("attach", pod["metadata"]["name"])
    forward = await kubectl.start("port-forward", "deploy/web", ":8080")
    assert forward.stdout is not None
    line = (await asyncio.wait_for(forward.stdout.readline(), 10)).decode()
    port = int(line.split("127.0.0.1:")[1].split()[0])
    for _ in range(3):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), 10)).endswith(f"{pod['metadata']['name']} v1\n".encode())
        writer.close()
    forward.send_signal(signal.SIGTERM)
    await forward.communicate()
    assert pod["metadata"]["name"] in await kubectl.run("top", "pods")
    await kubectl.run("delete", "pod", pod["metadata"]["name"])
    out, _ = await asyncio.wait_for(follow.communicate(), 10)
    assert out == b"bye\n"
    out, _ = await asyncio.wait_for(attached.communicate(), 10)
    assert out.endswith(b"bye\n"), "attach shows what is written from now on, and ends with the container"
