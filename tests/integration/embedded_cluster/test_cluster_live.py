"""Containers that really listen, probes that really ask, children that really run."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from tests.integration.embedded_cluster.live import Web, probed
from tests.unit.embedded_cluster.shapes import deployment
from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.cluster.programs import Fault


def job(name: str, script: str, *, volumes=(), mounts=(), env=(), **spec):
    """A Job of the tools' image that runs a shell script."""
    container = {
        "name": "tool",
        "image": "veza/tools:1",
        "command": ["sh", "-c", script],
        "volumeMounts": list(mounts),
        "env": [{"name": k, "value": v} for k, v in env],
    }
    pod = {"restartPolicy": "Never", "containers": [container], "volumes": list(volumes)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 6,
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
            **spec,
        },
    }


def finished(live, name):
    """The Job's status once it is Complete or Failed."""
    status = live.store.get("jobs.batch", "default", name)["status"]
    kinds = [c["type"] for c in status.get("conditions") or ()]
    return status if {"Complete", "Failed"} & set(kinds) else None


async def test_probes_reach_a_real_listener_and_readiness_can_be_lost(live):
    live.store.create(probed("web", replicas=2))
    (pod, _) = await live.until(lambda: live.ready("web", 2))
    reader, writer = await live.sim.runtime.connect("default", pod["metadata"]["name"], 8080)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    assert (await reader.read()).endswith(f"{pod['metadata']['name']} v1\n".encode())
    writer.close()
    Web.unready = True
    await live.until(lambda: live.ready("web", 2) is None and not live.container(pod)["ready"])
    assert "Readiness probe failed: HTTP probe failed with statuscode: 503" in live.messages("Unhealthy")
    await live.until(lambda: "readyReplicas" not in live.store.get("deployments.apps", "default", "web")["status"])
    Web.unready = False
    await live.until(lambda: live.ready("web", 2))
    with pytest.raises(ConnectionError):
        await live.sim.runtime.connect("default", pod["metadata"]["name"], 9999)


async def test_liveness_restarts_and_keeps_the_previous_log(live):
    liveness = {"httpGet": {"path": "/live", "port": 8080}, "periodSeconds": 1, "failureThreshold": 2}
    live.store.create(probed("web", livenessProbe=liveness, env=[{"name": "GREETING", "value": "hello"}]))
    (pod,) = await live.until(lambda: live.ready("web", 1))
    Web.broken.add(pod["metadata"]["name"])
    await live.until(lambda: live.container(pod)["restartCount"] == 1 and live.container(pod)["ready"])
    assert live.messages("Killing") == ["Container app failed liveness probe, will be restarted"]
    assert await live.log(pod) == "listening, greeting=hello\n"
    assert await live.log(pod, previous=True) == "listening, greeting=hello\nbye\n"


async def test_startup_probe_holds_the_others_back_and_kills(live):
    never = {"tcpSocket": {"port": 9}, "periodSeconds": 1, "failureThreshold": 2}
    live.store.create(probed("web", startupProbe=never))
    await live.until(lambda: "Container app failed startup probe, will be restarted" in live.messages("Killing"))
    assert not live.container(live.pods("web")[0])["started"]
    texts = live.messages("Unhealthy")
    assert all(t.startswith("Startup probe failed: dial tcp 10.244.") for t in texts)
    assert all(t.endswith(":9: connect: connection refused") for t in texts)


async def test_exec_probe(live):
    script = {"exec": {"command": ["sh", "-c", "echo not yet; test -e ok"]}, "periodSeconds": 1}
    live.store.create(probed("web", readinessProbe=script))
    await live.until(lambda: "Readiness probe failed: not yet\n" in live.messages("Unhealthy"))
    name = live.pods("web")[0]["metadata"]["name"]
    child = await live.sim.runtime.exec("default", name, "app", ["touch", "ok"], stdin=False, tty=False)
    assert await child.wait() == 0
    await live.until(lambda: live.ready("web", 1))


async def test_a_rolling_update_serves_all_the_time(live):
    selector = {"app": "web"}
    service = {"selector": selector, "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP"}]}
    meta = {"name": "web", "namespace": "default"}
    live.store.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": service})
    live.store.create(probed("web", replicas=3))
    await live.until(lambda: live.ready("web", 3))

    def addresses():
        (one,) = [
            s for s in live.store.list("endpointslices.discovery.k8s.io") if s["metadata"]["name"] != "kubernetes"
        ]
        assert one["ports"] in ([], [{"name": "", "port": 8080, "protocol": "TCP"}])
        return [e["addresses"][0] for e in one["endpoints"] or () if e["conditions"]["ready"]]

    await live.until(lambda: len(addresses()) == 3)
    fewest = []

    def put(obj):
        obj["spec"]["template"]["spec"]["containers"][0]["image"] = "veza/web:v2"

    live.store.mutate("deployments.apps", "default", "web", put)

    def done():
        fewest.append(len(addresses()))
        return live.ready("web", 3) and all(
            p["spec"]["containers"][0]["image"] == "veza/web:v2" for p in live.pods("web")
        )

    await live.until(done)
    assert min(fewest) >= 2  # between a pod's readiness and its address lies one step
    await live.until(lambda: len(live.store.get("endpoints", "default", "web")["subsets"][0]["addresses"]) == 3)


async def test_crash_keeps_logs_of_both_lives(live):
    live.sim.set_fault("veza/web:v1", Fault("crash", ("boom",), 7, 0.5))
    live.store.create(probed("web"))
    pod = (await live.until(lambda: live.pods("web")))[0]
    await live.until(
        lambda: (
            (live.container(pod) or {}).get("restartCount", 0) >= 1
            and live.container(pod)["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        )
    )
    assert live.container(pod)["lastState"]["terminated"]["exitCode"] == 7
    assert await live.log(pod) == "boom\n"
    assert await live.log(pod, previous=True) == "boom\n"
    live.sim.clear_fault("veza/web:v1")
    await live.until(lambda: live.ready("web", 1))


async def test_logs_before_the_start_and_of_unknown_previous(live):
    live.store.create(deployment("slow", "veza/web:nope", 1))
    pod = (await live.until(lambda: [p for p in live.pods("slow") if live.container(p)]))[0]
    with pytest.raises(ApiError, match=r'^container "app" in pod "slow-.*" is waiting to start: '):
        await live.log(pod)
    with pytest.raises(ApiError, match=r'^previous terminated container "app" in pod "slow-.*" not found$'):
        await live.log(pod, previous=True)


async def test_exec_with_pipes(live):
    live.store.create(probed("web", env=[{"name": "GREETING", "value": "hello"}]))
    (pod,) = await live.until(lambda: live.ready("web", 1))
    name = pod["metadata"]["name"]
    script = "read x; echo $GREETING $x; echo oops >&2; pwd; exit 5"
    child = await live.sim.runtime.exec("default", name, "app", ["sh", "-c", script], stdin=True, tty=False)
    await child.write(b"world\n")
    await child.close_stdin()
    out: dict[int, bytes] = {1: b"", 2: b""}
    while (chunk := await child.read())[0]:
        out[chunk[0]] += chunk[1]
    assert await child.wait() == 5
    assert out[1].startswith(b"hello world\n")
    assert out[2] == b"oops\n"
    scratch = out[1].split()[-1].decode()
    assert oct(os.stat(scratch).st_mode & 0o777) == "0o700"
    live.store.delete("deployments.apps", "default", "web")
    await live.until(lambda: not live.store.list("pods"))
    await live.until(lambda: not os.path.exists(scratch))


async def test_exec_with_a_terminal(live):
    live.store.create(probed("web"))
    (pod,) = await live.until(lambda: live.ready("web", 1))
    name = pod["metadata"]["name"]
    child = await live.sim.runtime.exec("default", name, "app", ["sh"], stdin=True, tty=True)
    await child.resize(91, 33)
    seen = b""

    async def expect(text: bytes) -> None:
        nonlocal seen
        while text not in seen:
            channel, data = await asyncio.wait_for(child.read(), 5)
            assert channel == 1, seen
            seen += data

    await child.write(b"stty size\n")
    await expect(b"33 91")
    # It speaks once it is in the foreground: an interrupt before that would hit the shell.
    await child.write(b"sh -c \"echo wai''ting; exec sleep 100\"\n")
    await expect(b"waiting")
    await child.write(b"\x03")
    await child.write(b"echo en''d=$?\n")
    await expect(b"end=130")
    await child.write(b"exit 4\n")
    while (await asyncio.wait_for(child.read(), 5))[0]:
        pass
    assert await child.wait() == 4


async def test_exec_ends_with_its_client_and_with_its_container(live):
    live.store.create(probed("web"))
    (pod,) = await live.until(lambda: live.ready("web", 1))
    name = pod["metadata"]["name"]
    first = await live.sim.runtime.exec("default", name, "app", ["sleep", "1000"], stdin=False, tty=False)
    await first.kill()
    assert await first.wait() >= 128
    script = "trap '' TERM HUP; sleep 1000 & echo $!; wait"
    second = await live.sim.runtime.exec("default", name, "app", ["sh", "-c", script], stdin=False, tty=False)
    _, data = await second.read()
    grandchild = int(data)
    live.store.delete("pods", "default", name)
    assert await asyncio.wait_for(second.wait(), 5) >= 128
    end = time.monotonic() + 5
    while os.path.exists(f"/proc/{grandchild}/fd"):
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_commands_that_cannot_start(live):
    live.store.create(deployment("bare", "veza/bare:1", 1))
    live.store.create(deployment("web", "veza/web:v1", 1))
    (bare,) = await live.until(lambda: live.ready("bare", 1))
    (web,) = await live.until(lambda: live.ready("web", 1))
    for pod, command in ((bare, "sh"), (web, "no-such-shell")):
        with pytest.raises(ApiError, match=rf'exec: "{command}": executable file not found in \$PATH'):
            await live.sim.runtime.exec("default", pod["metadata"]["name"], "app", [command], stdin=False, tty=False)


async def test_a_job_really_runs_with_its_volume(live):
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "b", "namespace": "default"}}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    volume = {"volumes": [{"name": "b", "persistentVolumeClaim": {"claimName": "b"}}]}
    mount = {"mounts": [{"name": "b", "mountPath": "/backups"}]}
    write = 'echo "$WHAT" > /backups/file; echo done; echo trouble >&2'
    live.store.create(job("write", write, env=[("WHAT", "kept")], **volume, **mount))
    await live.until(lambda: any('persistentvolumeclaim "b" not found' in m for m in live.messages("FailedScheduling")))
    live.store.create({**claim, "spec": spec})
    status = await live.until(lambda: finished(live, "write"))
    assert status["succeeded"] == 1
    assert status["completionTime"]
    assert [c["type"] for c in status["conditions"]] == ["SuccessCriteriaMet", "Complete"]
    (pod,) = live.pods("write")
    assert pod["status"]["phase"] == "Succeeded"
    assert sorted((await live.log(pod, "tool")).split()) == ["done", "trouble"]
    live.store.create(job("read", "cat /backups/file $VEZA_MOUNT_B/file", **volume, **mount))
    await live.until(lambda: finished(live, "read"))
    assert await live.log(live.pods("read")[0], "tool") == "kept\nkept\n"
    assert live.store.get("persistentvolumeclaims", "default", "b")["status"]["phase"] == "Bound"


async def test_jobs_give_up(live):
    live.store.create(job("bad", "exit 3", backoffLimit=1))
    live.store.create(job("long", "sleep 1000", activeDeadlineSeconds=60))
    live.store.create(job("short", "true", ttlSecondsAfterFinished=10))
    bad = await live.until(lambda: finished(live, "bad"))
    assert (bad["conditions"][-1]["type"], bad["conditions"][-1]["reason"]) == ("Failed", "BackoffLimitExceeded")
    assert bad["failed"] == 2
    long = await live.until(lambda: finished(live, "long"))
    assert long["conditions"][-1]["reason"] == "DeadlineExceeded"
    await live.until(lambda: len(live.sim.kit.processes) == 0)
    await live.until(lambda: live.store.find("jobs.batch", "default", "short") is None)
    await live.until(lambda: not live.pods("short"))
    live.store.delete("jobs.batch", "default", "bad", propagation="Background")
    await live.until(lambda: not live.pods("bad"))


async def test_deletion_in_foreground_background_and_orphaning(live):
    for name in ("front", "back", "orphan"):
        live.store.create(deployment(name, "veza/web:v1", 2))
        await live.until(lambda n=name: live.ready(n, 2))
    live.store.delete("deployments.apps", "default", "front", propagation="Foreground")
    assert live.store.find("deployments.apps", "default", "front")["metadata"]["finalizers"] == ["foregroundDeletion"]
    await live.until(lambda: live.store.find("deployments.apps", "default", "front") is None)
    assert not live.pods("front")
    live.store.delete("deployments.apps", "default", "back")
    assert live.store.find("deployments.apps", "default", "back") is None
    await live.until(lambda: not [p for p in live.store.list("pods") if p["metadata"]["labels"]["app"] == "back"])
    live.store.delete("deployments.apps", "default", "orphan", propagation="Orphan")
    await live.until(lambda: live.store.find("deployments.apps", "default", "orphan") is None)
    (left,) = live.store.list("replicasets.apps")
    assert "ownerReferences" not in left["metadata"]
    assert len(live.pods("orphan")) == 2
    live.store.create(deployment("orphan", "veza/web:v1", 2))
    await live.until(lambda: live.store.list("replicasets.apps")[0]["metadata"].get("ownerReferences"))
    assert len(live.store.list("replicasets.apps")) == 1


async def test_a_namespace_goes_with_everything_in_it(live):
    meta = {"name": "short-lived"}
    live.store.create({"apiVersion": "v1", "kind": "Namespace", "metadata": meta})
    await live.until(lambda: live.store.find("serviceaccounts", "short-lived", "default"))
    await live.until(lambda: live.store.find("configmaps", "short-lived", "kube-root-ca.crt"))
    obj = deployment("web", "veza/web:v1", 2)
    obj["metadata"]["namespace"] = "short-lived"
    live.store.create(obj)
    await live.until(lambda: live.ready("web", 2))
    live.store.delete("namespaces", None, "short-lived")
    await live.until(lambda: live.store.find("namespaces", None, "short-lived") is None)
    for key in ("pods", "replicasets.apps", "deployments.apps", "events", "configmaps", "serviceaccounts"):
        assert not live.store.list(key, "short-lived"), key


async def test_autoscaler_and_budget(live):
    resources = {"requests": {"cpu": "100m"}}
    live.store.create(probed("web", replicas=1, resources=resources))
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    spec = {"minReplicas": 2, "maxReplicas": 4, "scaleTargetRef": target, "metrics": [metric]}
    meta = {"name": "web", "namespace": "default"}
    live.store.create(
        {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}
    )
    budget = {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}
    live.store.create({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": meta, "spec": budget})
    await live.until(lambda: live.ready("web", 2))
    for worker in live.sim.kubelet.workers.values():
        worker.main[0].context.cpu_millicores = 120.0
    await live.until(lambda: live.ready("web", 4))
    assert "New size: 4; reason: cpu resource utilization (percentage of request) above target" in live.messages(
        "SuccessfulRescale"
    )
    allowed = await live.until(
        lambda: (
            (s := live.store.get("poddisruptionbudgets.policy", "default", "web")["status"]).get("currentHealthy") == 4
            and s
        )
    )
    assert (allowed["disruptionsAllowed"], allowed["desiredHealthy"], allowed["expectedPods"]) == (3, 1, 4)
    (first, *_) = live.sim.runtime.pod_metrics("default")
    assert first["containers"][0]["usage"]["cpu"].endswith("n")
    assert {n["metadata"]["name"] for n in live.sim.runtime.node_metrics()} == {f"veza-node-{i}" for i in (1, 2, 3)}


async def test_a_second_start_on_the_same_store_restarts_the_containers(live, tmp_path):
    from veza_tui.embedded.cluster.simulation import ClusterSimulation

    live.store.create(probed("web", replicas=1))
    (pod,) = await live.until(lambda: live.ready("web", 1))
    await live.sim.stop()
    live.sim = ClusterSimulation(live.store, images=live.sim.images, time_scale=0.02, state=tmp_path)
    await live.sim.start()
    try:
        again = await live.until(
            lambda: live.ready("web", 1) if (live.container(pod) or {}).get("restartCount") == 1 else None
        )
        assert again[0]["metadata"]["uid"] == pod["metadata"]["uid"]
        last = live.container(pod)["lastState"]["terminated"]
        assert (last["exitCode"], last["reason"]) == (255, "Unknown")
    finally:
        await live.sim.stop()
