"""The demo's cluster as if it had been running for weeks: three releases behind it, pods that are two days old.

While booting the simulation's clock goes fast and shows the past; then it jumps to now. The controllers
themselves write every object: nothing is made up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.clock import LoopClock
from veza_tui.embedded.cluster.simulation import ClusterSimulation
from veza_tui.embedded.platform import manifests
from veza_tui.embedded.platform.demo_workspace import ENVIRONMENTS, DemoWorkspace
from veza_tui.embedded.platform.deployments import server_side_apply
from veza_tui.model.errors import VezaError

DAY = 86400.0
HISTORY = (("v1.4.0", 16.3 * DAY), ("v1.4.1", 9.1 * DAY))
"""Releases before the present one, and how long ago."""
PRESENT = {"veza-staging": 3.1 * DAY, "veza-production": 2.2 * DAY, "veza-development": 0.24 * DAY}
"""Namespace -> when the present release came; the oldest first."""
FOUNDED = 41 * DAY
BOOT_SCALE = 0.02
BOOT_SECONDS = 60.0
DEPLOYMENTS = "deployments.apps"


class PastClock(LoopClock):
    """A clock that can show an earlier time."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self.back = 0.0
        """How many seconds it is behind."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time() - self.back


async def boot(
    store: Store, simulation: ClusterSimulation, clock: PastClock, workspace: DemoWorkspace, pods: int
) -> None:
    """Bring everything up; the clock's own scale and time are back when it returns.

    Raises:
        VezaError: the environments do not become available in BOOT_SECONDS.
    """
    scale, clock.scale = clock.scale, BOOT_SCALE
    try:
        clock.back = FOUNDED
        await simulation.start()
        for obj in manifests.monitoring():
            server_side_apply(store, obj, manager="helm")
        deployments = []
        for environment in ENVIRONMENTS:
            directory = workspace.directory / "k8s" / environment.name
            for obj in manifests.workspace_objects(directory, workspace.secrets[environment.name]):
                if obj["kind"] == "Deployment":
                    deployments.append(obj)
                else:
                    server_side_apply(store, obj)
        for tag, age in HISTORY:
            _travel(simulation, clock, age)
            for obj in deployments:
                server_side_apply(store, manifests.with_tag(obj, tag))
                _set_replicas(store, obj, 0)  # at once: the revision stays, its pods never existed
            await _until(lambda: all(map(_observed, store.list(DEPLOYMENTS))), "the releases before")
        for namespace, age in PRESENT.items():
            _travel(simulation, clock, age)
            for obj in (d for d in deployments if d["metadata"]["namespace"] == namespace):
                server_side_apply(store, obj)
                if "replicas" not in obj["spec"]:
                    _set_replicas(store, obj, _replicas(workspace, obj))
            if pods and namespace == "veza-production":
                store.create(manifests.synthetic(namespace, pods), manager="kubectl-create")
            await _until(lambda: all(map(_created, store.list(DEPLOYMENTS))), "the pods")
        await _until(lambda: all(map(_available, store.list(DEPLOYMENTS))), "the environments")
        for event in store.list("events"):
            store.delete("events", event["metadata"]["namespace"], event["metadata"]["name"])
    finally:
        _travel(simulation, clock, 0.0)
        clock.scale = scale


def _travel(simulation: ClusterSimulation, clock: PastClock, back: float) -> None:
    """Jump to ``back`` seconds ago. The queue compares the time with when its timers are due: those move along."""
    forward, clock.back = clock.back - back, back
    timers = simulation.queue._timers
    timers.update({item: (when + forward, handle) for item, (when, handle) in timers.items()})


async def _until(true: object, what: str) -> None:
    assert callable(true)
    deadline = time.monotonic() + BOOT_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise VezaError(f"the demo's cluster did not get {what} up within {BOOT_SECONDS:.0f} s")
        await asyncio.sleep(0.01)


def _set_replicas(store: Store, obj: Mapping[str, object], replicas: int) -> None:
    """As the autoscaler's controller writes them."""
    meta = obj["metadata"]
    assert isinstance(meta, dict)
    store.mutate(
        DEPLOYMENTS,
        meta["namespace"],
        meta["name"],
        lambda live: live["spec"].__setitem__("replicas", replicas),
        manager="kube-controller-manager",
    )


def _replicas(workspace: DemoWorkspace, obj: manifests.JSONObject) -> int:
    """What the environment's file says of a service whose autoscaler owns the number."""
    name = next(e.name for e in ENVIRONMENTS if e.namespace == obj["metadata"]["namespace"])
    data = manifests.load(workspace.directory / "environments" / f"{name}.yaml")["data"]
    service = data["services"].get(obj["metadata"]["name"].replace("-", "_")) or {}
    return int(service.get("replicas") or 1)


def _observed(deployment: manifests.JSONObject) -> bool:
    status = deployment.get("status") or {}
    return bool(status.get("observedGeneration") == deployment["metadata"]["generation"])


def _created(deployment: manifests.JSONObject) -> bool:
    """Whether its pods exist; those of an environment whose turn has not come are none."""
    wanted = deployment["spec"].get("replicas", 1)
    return _observed(deployment) and ((deployment.get("status") or {}).get("replicas") or 0) == wanted


def _available(deployment: manifests.JSONObject) -> bool:
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    return _observed(deployment) and all(
        (status.get(name) or 0) == wanted
        for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    )
