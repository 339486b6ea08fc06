"""The kubelet of all nodes: a worker for each bound pod."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine, Iterator
from typing import Any

from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.nodes import NodeSpec, host_ip
from veza_tui.embedded.cluster.objects import Object, deleting, pod_finished, uid_of
from veza_tui.embedded.cluster.pod_worker import PodWorker
from veza_tui.embedded.cluster.synthetic import SYNTHETIC, SyntheticPods


class Kubelet:
    """Follows the pods; workers are made and ended from the event loop, never inside a store's notification."""

    def __init__(self, kit: Kit, nodes: tuple[NodeSpec, ...]) -> None:
        self.kit = kit
        self.workers: dict[str, PodWorker] = {}
        self._nodes = {spec.name: index for index, spec in enumerate(nodes)}
        self._addresses: dict[str, Iterator[int]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self.synthetic = SyntheticPods(kit, self.address, self.node_ip)
        kit.cluster.watch("pods", self._on_pod)
        kit.images.on_fault(self._on_fault)

    def node_ip(self, node: str) -> str:
        """The node's address."""
        return host_ip(self._nodes.get(node, 0))

    def address(self, node: str) -> str:
        """The next free pod address of a node (they wrap around after 64k)."""
        serial = next(self._addresses.setdefault(node, itertools.count(2))) % 65000
        high, low = divmod(serial, 250)
        return f"10.{244 + high // 200}.{self._nodes.get(node, 0) + (high % 200) * len(self._nodes or (0,))}.{low + 2}"

    def find(self, namespace: str, name: str) -> PodWorker | None:
        """The worker of a pod."""
        pod = self.kit.cluster.get("pods", namespace, name)
        return self.workers.get(uid_of(pod)) if pod is not None else None

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        pod = new or old
        if pod is None:
            return
        uid = uid_of(pod)
        if SYNTHETIC in (pod["metadata"].get("annotations") or {}):
            self.synthetic.changed(old, new)
            return
        worker = self.workers.get(uid)
        if new is None:
            if worker is not None:
                del self.workers[uid]
                self.spawn(self._forget(worker))
        elif worker is not None:
            grace = "deletionGracePeriodSeconds"
            if old is None or old["metadata"].get(grace) != new["metadata"].get(grace) or old["spec"] != new["spec"]:
                asyncio.get_running_loop().call_soon(worker.update, new)
            else:
                worker.pod = new
        elif new["spec"].get("nodeName") in self._nodes and not pod_finished(new):
            node = new["spec"]["nodeName"]
            worker = PodWorker(self.kit, new, host_ip=self.node_ip(node), take_ip=lambda: self.address(node))
            self.workers[uid] = worker
            asyncio.get_running_loop().call_soon(self._start, worker)

    def _start(self, worker: PodWorker) -> None:
        if worker.removed:
            return
        worker.start()
        if deleting(worker.pod):
            worker.terminate()

    async def _forget(self, worker: PodWorker) -> None:
        await worker.abort()
        self.kit.volumes.remove(worker.pod)

    def _on_fault(self, repository: str, tag: str) -> None:
        for worker in list(self.workers.values()):
            for one in worker.containers():
                context = one.context
                if context is not None and context.repository == repository and tag in ("", context.tag):
                    one.fault_changed()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background; ``stop`` waits for it."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        """End every container now."""
        self.synthetic.stop()
        workers = list(self.workers.values())
        self.workers.clear()
        await asyncio.gather(*(w.abort() for w in workers))
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=5)
        await self.kit.processes.stop()
        await asyncio.sleep(0.01)  # connections that the programs have closed get their last callbacks
