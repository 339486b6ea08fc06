"""One pod on its node: sandbox, volumes, init containers, containers, status, termination."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.cluster import pod_status
from veza_tui.embedded.cluster.clock import Handle
from veza_tui.embedded.cluster.container import Container
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.objects import Object, deleting, key_of, uid_of
from veza_tui.embedded.cluster.volumes import MountError

_log = logging.getLogger(__name__)
_FOLD = 0.02
"""Seconds within which changes of state go into one status write."""


class PodWorker:
    """Lives from the pod's binding until it is removed from the API."""

    def __init__(self, kit: Kit, pod: Object, *, host_ip: str, take_ip: Callable[[], str]) -> None:
        self.kit = kit
        self.pod = pod
        self.host_ip = host_ip
        self.ip = ""
        self.ports: dict[int, int] = {}
        self.volumes: dict[str, Path] = {}
        self._take_ip = take_ip
        spec = pod["spec"]
        self.init = [Container(kit, self, c, init=True) for c in spec.get("initContainers") or ()]
        self.main = [Container(kit, self, c) for c in spec.get("containers") or ()]
        self.ephemeral: list[Container] = []
        self.state = pod_status.PodState(host_ip=host_ip, started_at=kit.clock.now())
        self._tasks: list[asyncio.Task[None]] = []
        self._life: asyncio.Task[None] | None = None
        self._pending: Handle | None = None
        self._ending = False
        self.removed = False
        self._recall(pod.get("status") or {})

    def _recall(self, status: Object) -> None:
        """After a restart of the platform: what ran is over, as after a reboot of the node."""
        known = {
            s["name"]: s for part in ("initContainerStatuses", "containerStatuses") for s in status.get(part) or ()
        }
        for one in (*self.init, *self.main):
            if one.name in known:
                one.state.recall(known[one.name], self.kit.clock.now())
        if self.init:
            for one in self.main:
                if one.state.phase == "waiting":
                    one.state.reason = "PodInitializing"

    def containers(self) -> list[Container]:
        """All of them."""
        return [*self.init, *self.main, *self.ephemeral]

    def find(self, name: str) -> Container | None:
        """The container of that name."""
        return next((c for c in self.containers() if c.name == name), None)

    def start(self) -> None:
        """Begin; the first status is written at once."""
        self.sync()
        self._life = asyncio.ensure_future(self._guard())

    async def _guard(self) -> None:
        try:
            await self._run()
        except asyncio.CancelledError:
            raise
        except Exception:
            _log.exception("pod %s", self.pod["metadata"]["name"])

    async def _run(self) -> None:
        clock, timing = self.kit.clock, self.kit.timing
        deadline = self.pod["spec"].get("activeDeadlineSeconds")
        if deadline:
            handle = clock.call_later(float(deadline), self._too_late)
            self._tasks.append(asyncio.ensure_future(_cancel_when_cancelled(handle)))
        await clock.sleep(timing.some(timing.sandbox))
        await self._mount()
        self.ip, self.state.sandbox = self._take_ip(), True
        self.state.pod_ip = self.ip
        self.sync()
        if not await self._initialise():
            self.sync()
            return
        for one in self.main:
            if one.state.phase == "waiting" and one.state.reason == "PodInitializing":
                one.state.reason = "ContainerCreating"
        mains = [self._begin(c) for c in self.main if c.state.phase != "terminated" or c.state.recalled]
        self._serve_ephemeral()
        if mains:
            await asyncio.wait(mains)
        for one in self.init:
            if one.state.sidecar:
                one.stop(float(self.pod["spec"].get("terminationGracePeriodSeconds", 30)))
        self.sync()

    async def _mount(self) -> None:
        while True:
            try:
                self.volumes = self.kit.volumes.mount(self.pod)
            except MountError as error:
                self.kit.event(self.pod, "Warning", "FailedMount", str(error))
                await self.kit.clock.sleep(self.kit.timing.some(self.kit.timing.retry))
            else:
                return

    async def _initialise(self) -> bool:
        for one in self.init:
            if one.state.phase == "terminated" and one.state.exit_code == 0 and not one.state.sidecar:
                continue
            task = self._begin(one)
            if one.state.sidecar:
                up = asyncio.ensure_future(one.up.wait())
                await asyncio.wait((task, up), return_when=asyncio.FIRST_COMPLETED)
                up.cancel()
                continue
            await asyncio.wait([task])
            if one.state.exit_code != 0 or one.state.phase != "terminated":
                return False
        return not self._ending

    def _begin(self, container: Container) -> asyncio.Task[None]:
        container.state.recalled = False
        task = asyncio.ensure_future(container.run())
        self._tasks.append(task)
        return task

    def _serve_ephemeral(self) -> None:
        known = {c.name for c in self.ephemeral}
        for spec in self.pod["spec"].get("ephemeralContainers") or ():
            if spec["name"] not in known and self.state.sandbox:
                one = Container(self.kit, self, spec, ephemeral=True)
                self.ephemeral.append(one)
                self._begin(one)

    # -- changes from outside

    def update(self, pod: Object) -> None:
        """A new revision of the pod."""
        self.pod = pod
        if deleting(pod):
            self.terminate()
        else:
            self._serve_ephemeral()

    def terminate(self) -> None:
        """The pod was deleted: stop its containers within the grace period, then remove it."""
        if not self._ending:
            self._ending = True
            self.state.stopping = True
            self._tasks.append(asyncio.ensure_future(self._end()))
        else:  # asked again, for a shorter grace
            for one in self.containers():
                one.terminate(float(self.pod["metadata"].get("deletionGracePeriodSeconds") or 0))

    async def _end(self) -> None:
        grace = float(self.pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        await self._stop_all(grace)
        if self._life is not None:
            self._life.cancel()
        self.write_status()
        await self.kit.clock.sleep(self.kit.timing.some(self.kit.timing.remove))
        try:
            self.kit.cluster.delete("pods", self.pod, grace=0)
        except ApiError as error:
            _log.warning("pod %s: %s", self.pod["metadata"]["name"], error)

    async def _stop_all(self, grace: float) -> None:
        for one in self.containers():
            if one.context is not None and not one.stopping.is_set():
                one.event("Normal", "Killing", f"Stopping container {one.name}")
            one.stop(grace)
        mine = asyncio.current_task()
        running = [t for t in self._tasks if not t.done() and t is not mine]
        if running:
            await asyncio.wait(running, timeout=grace * self.kit.clock.scale + 3.0)

    def _too_late(self) -> None:
        if not self._ending and self.state.failed is None:
            text = "Pod was active on the node longer than the specified deadline"
            self.state.failed = ("DeadlineExceeded", text)
            self.kit.event(self.pod, "Normal", "DeadlineExceeded", text)
            self._tasks.append(asyncio.ensure_future(self._fail()))

    async def _fail(self) -> None:
        await self._stop_all(float(self.pod["spec"].get("terminationGracePeriodSeconds", 30)))
        self.sync()

    async def abort(self) -> None:
        """Kill everything now: the pod is gone from the API, or the platform stops."""
        self.removed = True
        for one in self.containers():
            one.stop(0)
        tasks = [t for t in (*self._tasks, *((self._life,) if self._life else ())) if not t.done()]
        if any(c.context is not None for c in self.containers()):
            await asyncio.wait(tasks, timeout=0.05)  # they end by themselves, at once
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        if self._pending is not None:
            self._pending.cancel()

    # -- status

    def sync(self) -> None:
        """Write the status soon."""
        if self._pending is None and not self.removed:
            scale = self.kit.clock.scale or 1.0
            self._pending = self.kit.clock.call_later(min(_FOLD, _FOLD * scale) / scale, self.write_status)

    def write_status(self) -> None:
        """Write the status if it differs."""
        if self._pending is not None:
            self._pending.cancel()
        self._pending = None
        current = self.kit.cluster.get("pods", *key_of(self.pod))
        if self.removed or current is None or uid_of(current) != uid_of(self.pod):
            return
        before = current.get("status") or {}
        status = pod_status.status(
            self.pod["spec"],
            self.state,
            [c.state for c in self.init],
            [c.state for c in self.main],
            [c.state for c in self.ephemeral],
            before,
            self.kit.clock.now(),
        )
        if status != before:
            try:
                self.kit.cluster.set_status("pods", current, status)
            except ApiError as error:
                _log.warning("status of pod %s: %s", self.pod["metadata"]["name"], error)


async def _cancel_when_cancelled(handle: Handle) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        handle.cancel()
