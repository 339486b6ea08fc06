"""The whole simulated cluster: controllers, scheduler and kubelet on one store."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from veza_tui.embedded.api.store import Store
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.autoscaler import AutoscalerController
from veza_tui.embedded.cluster.claims import ClaimController
from veza_tui.embedded.cluster.clock import Clock, LoopClock
from veza_tui.embedded.cluster.controller import WorkQueue
from veza_tui.embedded.cluster.deployment import DeploymentController
from veza_tui.embedded.cluster.disruption import DisruptionController
from veza_tui.embedded.cluster.endpoints import EndpointsController
from veza_tui.embedded.cluster.garbage import GarbageCollector
from veza_tui.embedded.cluster.images import Image, Images
from veza_tui.embedded.cluster.job import JobController
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.kubelet import Kubelet
from veza_tui.embedded.cluster.namespaces import NamespaceController
from veza_tui.embedded.cluster.nodes import DEFAULT_NODES, NodeSpec, beat, register
from veza_tui.embedded.cluster.process import Processes
from veza_tui.embedded.cluster.programs import Fault
from veza_tui.embedded.cluster.replicaset import ReplicaSetController
from veza_tui.embedded.cluster.runtime import SimulatedRuntime
from veza_tui.embedded.cluster.scheduler import Scheduler
from veza_tui.embedded.cluster.timing import Timing
from veza_tui.embedded.cluster.volumes import Volumes


class ClusterSimulation:
    """``start`` takes the store's present content up; ``stop`` ends every program and child process.

    ``time_scale`` 0.1 makes every simulated delay ten times shorter. ``state`` is a private directory for scratch
    directories and volumes (a temporary one by default, removed at stop). ``tool_path`` is put before PATH for child
    processes. ``root_ca`` is the PEM text of kube-root-ca.crt.
    """

    def __init__(
        self,
        store: Store,
        *,
        images: Iterable[Image] | Images = (),
        time_scale: float = 1.0,
        clock: Clock | None = None,
        timing: Timing | None = None,
        nodes: Sequence[NodeSpec] = DEFAULT_NODES,
        state: Path | None = None,
        tool_path: Sequence[str] = (),
        root_ca: str = "",
    ) -> None:
        self.store = store
        self.clock: Clock = clock or LoopClock(time_scale)
        self.timing = timing or Timing()
        self.images = images if isinstance(images, Images) else Images(images)
        self.nodes = tuple(nodes)
        self._temporary = state is None
        self.state = state
        self.cluster = Cluster(store, self.clock)
        self.queue = WorkQueue(self.clock)
        volumes = Volumes(self.cluster, state or Path(os.devnull))
        self.kit = Kit(
            self.cluster, self.clock, self.timing, self.images, Processes(), volumes, tuple(tool_path)
        )  # fmt: skip
        self.scheduler = Scheduler(self.cluster, self.queue, self.timing)
        self.kubelet = Kubelet(self.kit, self.nodes)
        self.runtime = SimulatedRuntime(self.kit, self.kubelet)
        self.replica_sets = ReplicaSetController(self.cluster, self.queue)
        self.deployments = DeploymentController(self.cluster, self.queue)
        self.jobs = JobController(self.cluster, self.queue)
        self.endpoints = EndpointsController(self.cluster, self.queue)
        self.claims = ClaimController(self.cluster, self.queue)
        self.disruption = DisruptionController(self.cluster, self.queue)
        self.autoscalers = AutoscalerController(self.cluster, self.queue, self.runtime.metrics)
        self.namespaces = NamespaceController(self.cluster, self.queue, root_ca)
        self.garbage = GarbageCollector(self.cluster, self.queue)
        self._sweeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the system's namespaces, register the nodes and begin."""
        if self.state is None:
            self.state = Path(tempfile.mkdtemp(prefix="veza-nodes-"))
            self.kit.volumes.root = self.state
        self.cluster.start()
        self.namespaces.ensure_system()
        register(self.cluster, self.nodes)
        self._sweeper = asyncio.ensure_future(self._sweep())

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(300)
            self.cluster.recorder.expire()
            beat(self.cluster)

    async def stop(self) -> None:
        """End everything; the store keeps its content. Idempotent."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        self.queue.stop()
        await self.kubelet.stop()
        self.cluster.stop()
        if self._temporary and self.state is not None:
            shutil.rmtree(self.state, ignore_errors=True)

    # -- knobs of incidents

    def set_fault(self, image: str, fault: Fault) -> None:
        """Make an image (``repository:tag``, or ``repository`` for all tags) fail; see ``Fault``."""
        self.images.set_fault(image, fault)

    def clear_fault(self, image: str) -> None:
        """Take the fault away; containers come back by their back-off."""
        self.images.clear_fault(image)

    def cordon(self, node: str, *, on: bool = True) -> None:
        """Mark a node unschedulable (or schedulable again)."""
        found = self.cluster.get("nodes", "", node)

        def put(obj: dict[str, object]) -> None:
            spec = obj.setdefault("spec", {})
            assert isinstance(spec, dict)
            if on:
                spec["unschedulable"] = True
            else:
                spec.pop("unschedulable", None)

        if found is not None:
            self.cluster.change("nodes", found, put)
