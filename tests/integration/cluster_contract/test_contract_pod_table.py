"""Our pod columns against the API server's own Table, for pods in states drawn at random (a fixed seed)."""

from __future__ import annotations

import asyncio
import random
import re
from typing import Any

import pytest

from veza_tui.adapters.kubernetes.client import KubernetesCluster
from veza_tui.feeds.pod_status import columns
from veza_tui.ports.cluster import PODS

pytestmark = [pytest.mark.integration, pytest.mark.cluster]
COUNT = 120
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
END = "2026-01-01T00:00:00Z"


def state(rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(["running", "waiting", "terminated", "none"])
    if kind == "running":
        return {"running": {"startedAt": END}}
    if kind == "waiting":
        reason = rng.choice(["", "PodInitializing", "ContainerCreating", "CrashLoopBackOff", "ImagePullBackOff"])
        return {"waiting": {"reason": reason} if reason else {}}
    if kind == "terminated":
        ended: dict[str, Any] = {"exitCode": rng.choice([0, 0, 1, 137]), "startedAt": END, "finishedAt": END}
        ended |= rng.choice([{}, {"reason": "Completed"}, {"reason": "Error"}, {"reason": "OOMKilled"}, {"signal": 9}])
        return {"terminated": ended}
    return {}


def container(rng: random.Random, name: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "state": state(rng),
        "ready": rng.random() < 0.5,
        "restartCount": rng.choice([0, 0, 1, 5]),
        "image": "i",
        "imageID": "",
    }
    if rng.random() < 0.5:
        made["started"] = rng.random() < 0.5
    if rng.random() < 0.5:
        made["lastState"] = {"terminated": {"exitCode": 1, "startedAt": END, "finishedAt": END}}
    return made


def pod(rng: random.Random, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A pod that no scheduler takes, and the status it shall get."""
    inits = [f"i{n}" for n in range(rng.randrange(3))]
    mains = [f"c{n}" for n in range(rng.randrange(1, 4))]
    spec = {
        "schedulerName": "nobody",
        "containers": [{"name": n, "image": "i"} for n in mains],
        "initContainers": [
            {"name": n, "image": "i", **({"restartPolicy": "Always"} if rng.random() < 0.5 else {})} for n in inits
        ],
    }
    conditions = [
        {"type": kind, "status": rng.choice(["True", "False"]), "lastProbeTime": None, "lastTransitionTime": END}
        for kind in ("Ready", "Initialized", "ContainersReady")
        if rng.random() < 0.7
    ]
    if rng.random() < 0.1:
        conditions.append({"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"})
    status: dict[str, Any] = {
        "phase": rng.choice(["Pending", "Running", "Running", "Succeeded", "Failed", "Unknown"]),
        "conditions": conditions,
        "containerStatuses": [container(rng, n) for n in mains if rng.random() < 0.95],
        "initContainerStatuses": [container(rng, n) for n in inits if rng.random() < 0.95],
    }
    if rng.random() < 0.2:
        status["reason"] = rng.choice(["Evicted", "NodeLost", "Shutdown"])
    meta: dict[str, Any] = {"name": name}
    if rng.random() < 0.3:
        meta["finalizers"] = ["veza.com/held"]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}, status


async def test_columns_are_the_servers(cluster: KubernetesCluster, namespace: str) -> None:
    rng = random.Random(20261123)
    drawn = [pod(rng, f"p{n}") for n in range(COUNT)]
    gate = asyncio.Semaphore(8)

    async def make(obj: dict[str, Any], status: dict[str, Any]) -> None:
        async with gate:
            name = obj["metadata"]["name"]
            await cluster.create(PODS, obj, namespace)
            await cluster.patch(PODS, name, {"status": status}, namespace, subresource="status")
            if obj["metadata"].get("finalizers"):
                await cluster.delete(PODS, name, namespace)

    await asyncio.gather(*(make(*one) for one in drawn))
    where = f"/api/v1/namespaces/{namespace}/pods"
    table = await cluster._transport.json("GET", where, accept=TABLE, params={"includeObject": "Object"})
    try:
        heads = [c["name"] for c in table["columnDefinitions"]]
        wrong = []
        for row in table["rows"]:
            theirs = dict(zip(heads, row["cells"], strict=True))
            ours = columns(row["object"])
            restarts = str(ours.restarts) + (" ago" if ours.last_restart is not None else "")
            shown = (f"{ours.ready}/{ours.total}", ours.status, restarts)
            told = (theirs["Ready"], theirs["Status"], re.sub(r" \(.* ago\)", " ago", str(theirs["Restarts"])))
            if shown != told:
                wrong.append((shown, told, row["object"]["status"]))
        assert len(table["rows"]) == COUNT
        assert not wrong, wrong[:3]
        assert len({row["cells"][heads.index("Status")] for row in table["rows"]}) > 12
    finally:
        held = [obj["metadata"]["name"] for obj, _ in drawn if obj["metadata"].get("finalizers")]
        await asyncio.gather(
            *(cluster.patch(PODS, n, {"metadata": {"finalizers": None}}, namespace) for n in held),
            return_exceptions=True,
        )
