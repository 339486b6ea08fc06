"""One container of a pod: pulled, configured, started, probed, restarted with back-off, stopped."""

from __future__ import annotations

import asyncio
import secrets
import traceback
from pathlib import Path
from typing import Protocol

from veza_tui.embedded.cluster.command import CommandError, CommandProgram
from veza_tui.embedded.cluster.container_context import make_context
from veza_tui.embedded.cluster.environment import ConfigError, resolve
from veza_tui.embedded.cluster.images import Image, canonical, image_id
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.logring import LogRing
from veza_tui.embedded.cluster.objects import Object, key_of, uid_of
from veza_tui.embedded.cluster.pod_status import ContainerState
from veza_tui.embedded.cluster.probing import Probes
from veza_tui.embedded.cluster.programs import ContainerContext, Fault, Idle, Program
from veza_tui.embedded.cluster.pulling import Puller
from veza_tui.embedded.cluster.timing import BackOff, duration

DEFAULT_LIMIT = 512 << 20
"""Bytes which an out-of-memory fault fills when the container has no limit (the node's memory, so to say)."""
_HANG_UP = 0.005
"""Real seconds between the last probe and SIGTERM."""
_OCI = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "


class PodHost(Protocol):
    """What a container needs of its pod."""

    pod: Object
    """The newest revision."""
    ip: str
    host_ip: str
    ports: dict[int, int]
    volumes: dict[str, Path]

    def sync(self) -> None:
        """The state changed: write the status soon."""
        ...


class Container:
    """``run`` is one task; it ends when the container will not be started again."""

    def __init__(self, kit: Kit, host: PodHost, spec: Object, *, init: bool = False, ephemeral: bool = False) -> None:
        self.kit = kit
        self.host = host
        self.spec = spec
        self.name: str = spec["name"]
        self.ephemeral = ephemeral
        sidecar = init and spec.get("restartPolicy") == "Always"
        self.state = ContainerState(self.name, spec.get("image", ""), init=init, sidecar=sidecar)
        self.log: LogRing | None = None
        self.previous: LogRing | None = None
        self.context: ContainerContext | None = None
        self.stopping = asyncio.Event()
        self.up = asyncio.Event()
        """Set while started (startup probe passed): what init sidecars are waited for."""
        self._hit: asyncio.Future[tuple[int, str]] | None = None
        self._probes: Probes | None = None
        self._backoff = BackOff(kit.timing.backoff_base, kit.timing.backoff_limit)

    # -- life

    async def run(self) -> None:
        """Start and restart as the pod's policy says, until stopped."""
        puller = Puller(self.kit, self)
        while not self.stopping.is_set():
            image = await puller.pull()
            env = await self._configure() if image is not None else None
            if image is None or env is None:
                return
            ran = await self._instance(image, env)
            if ran is None or self.stopping.is_set() or not self._again():
                return
            if await self.pause(self.kit.timing.some(self.kit.timing.sync)):
                return
            self._backoff.ran_for(ran / (self.kit.clock.scale or 1))
            if self._backoff.delay and await self._crash_loop():
                return
            self._backoff.next()

    async def pause(self, seconds: float) -> bool:
        """Wait; True when the container is to stop instead."""
        if self.stopping.is_set():
            return True
        timer = asyncio.ensure_future(self.kit.clock.sleep(seconds))
        stop = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait((timer, stop), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            stop.cancel()
        return self.stopping.is_set()

    def wait(self, reason: str, message: str = "") -> None:
        """Enter a waiting state and show it; a terminated instance becomes the last one."""
        if self.state.phase == "terminated":
            self.state.last = self.state.terminated()
        self.state.wait(reason, message)
        self.host.sync()

    def event(self, kind: str, reason: str, message: str) -> None:
        """An event on this container."""
        self.kit.event(self.host.pod, kind, reason, message, self.name, self.state.init)

    def _again(self) -> bool:
        if self.ephemeral:
            return False
        if self.state.sidecar:
            return True
        policy = self.host.pod["spec"].get("restartPolicy", "Always")
        failed = self.state.exit_code != 0
        if self.state.init:
            return failed and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and failed)

    async def _crash_loop(self) -> bool:
        namespace, name = key_of(self.host.pod)
        where = f"{name}_{namespace}({uid_of(self.host.pod)})"
        delay = self._backoff.delay
        self.event("Warning", "BackOff", f"Back-off restarting failed container {self.name} in pod {where}")
        text = f"back-off {duration(delay)} restarting failed container={self.name} pod={where}"
        self.wait("CrashLoopBackOff", text)
        while delay > 0:
            step = min(delay, 15.0)
            if await self.pause(step):
                return True
            delay -= step
            if delay > 0:
                self.event("Warning", "BackOff", f"Back-off restarting failed container {self.name} in pod {where}")
        return False

    async def _configure(self) -> dict[str, str] | None:
        while True:
            addresses = {"status.podIP": self.host.ip, "status.hostIP": self.host.host_ip}
            try:
                return resolve(self.kit.cluster, self.host.pod, self.spec, addresses)
            except ConfigError as error:
                self.event("Warning", "Failed", f"Error: {error}")
                self.wait("CreateContainerConfigError", str(error))
            if await self.pause(self.kit.timing.some(self.kit.timing.retry)):
                return None

    # -- one instance

    async def _instance(self, image: Image, env: dict[str, str]) -> float | None:
        """Run once; real seconds it ran, None when it was stopped before it started."""
        timing, state = self.kit.timing, self.state
        if await self.pause(timing.some(timing.create)):
            return None
        self.event("Normal", "Created", f"Created container: {self.name}")
        if await self.pause(timing.some(timing.start)):
            return None
        if state.phase == "terminated":
            state.last = state.terminated()
        if state.last is not None:
            state.restarts += 1
        self.previous, self.log = self.log, LogRing()
        context = make_context(self, env, self.log)
        self.context = context
        state.phase, state.reason, state.message = "running", "", ""
        state.container_id = f"containerd://{secrets.token_hex(32)}"
        state.image, state.image_id = canonical(state.image), image_id(state.image)
        state.started_at = self.kit.clock.now()
        self.event("Normal", "Started", f"Started container {self.name}")
        self._probes = probes = Probes(self.kit, self, context)
        probes.start()
        self.host.sync()
        try:
            code, reason = await self._supervise(image, context)
        finally:
            probes.stop()
            context.release()
            self.log.close()
            self.context = None
            self.up.clear()
        state.phase, state.exit_code, state.reason = "terminated", code, reason
        state.ready = state.started = False
        state.finished_at = self.kit.clock.now()
        if reason == "StartError":
            state.started_at = 0.0
        elif code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            state.message = self.log.tail_text()
        self.host.sync()
        return state.finished_at - state.started_at

    async def _supervise(self, image: Image, context: ContainerContext) -> tuple[int, str]:
        self._hit = asyncio.get_running_loop().create_future()
        fault = context.fault
        failing = asyncio.ensure_future(self._suffer(context, fault)) if fault is not None else None
        # A container that crashes at its start never gets so far as to listen.
        program: Program = _Nothing() if fault is not None and fault.kind == "crash" else self._program(image)
        running = asyncio.ensure_future(program.run(context))
        if self.stopping.is_set():
            context.stop.set()
        try:
            await asyncio.wait((running, self._hit), return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                return self._ended(running, context)
            return self._hit.result()
        finally:
            for task in (running, failing):
                if task is not None and not task.done():
                    task.cancel()
                    await asyncio.wait([task], timeout=2)
            self._hit.cancel()

    def _program(self, image: Image) -> Program:
        if image.real_command:
            return CommandProgram(self.kit.processes, image, self.kit.tool_path)
        if self.ephemeral:
            return Idle(3600)
        return image.program()

    def _ended(self, running: asyncio.Future[int], context: ContainerContext) -> tuple[int, str]:
        error = None if running.cancelled() else running.exception()
        if running.cancelled():
            return 137, "Error"
        if isinstance(error, CommandError):
            text = f"{_OCI}unable to start container process: error during container init: {error}"
            self.event("Warning", "Failed", f"Error: {text}")
            self.state.message = text
            return 128, "StartError"
        if error is not None:
            context.log("".join(traceback.format_exception(error)).rstrip())
            return 1, "Error"
        code = running.result()
        return code, "Completed" if code == 0 else "Error"

    # -- what happens to it

    async def _suffer(self, context: ContainerContext, fault: Fault) -> None:
        if fault.kind == "crash":
            await self.kit.clock.sleep(fault.after)
            for line in fault.lines:
                context.log(line)
            self._end(fault.exit_code, "Completed" if fault.exit_code == 0 else "Error")
        elif fault.kind == "oom":
            for line in fault.lines:
                context.log(line)
            limit = context.memory_limit or DEFAULT_LIMIT
            for step in range(1, 12):
                await self.kit.clock.sleep(fault.after / 10)
                context.memory = limit * step // 10
            self._end(137, "OOMKilled")

    def fault_changed(self) -> None:
        """A fault was set on the image while this container runs: it suffers too."""
        context = self.context
        fault = context.fault if context is not None else None
        if context is not None and fault is not None and fault.kind in ("crash", "oom"):
            task = asyncio.ensure_future(self._suffer(context, fault))
            if self._hit is not None:
                self._hit.add_done_callback(lambda _: task.cancel())

    def on_memory(self, used: int) -> None:
        """The program says what it uses: over the limit it is killed."""
        limit = self.context.memory_limit if self.context is not None else None
        if limit and used > limit:
            self._end(137, "OOMKilled")

    def _end(self, code: int, reason: str) -> None:
        if self._hit is not None and not self._hit.done():
            self._hit.set_result((code, reason))

    def terminate(self, grace: float) -> None:
        """SIGTERM now, SIGKILL after ``grace`` simulated seconds; ``run`` goes on by the restart policy."""
        if self.context is not None:
            hit, context = self._hit, self.context
            if self._probes is not None:
                self._probes.stop()

            def kill() -> None:
                if hit is not None and not hit.done():
                    hit.set_result((137, "Error"))

            # A probe's connection that is being accepted gets its turn: a server closed at that moment would lose it.
            loop, clock = asyncio.get_running_loop(), self.kit.clock
            if grace <= 0:
                loop.call_later(_HANG_UP, context.stop.set)
                loop.call_later(_HANG_UP, kill)
                return
            clock.call_later(_HANG_UP / (clock.scale or 1), context.stop.set)
            timer = clock.call_later(grace, kill)
            if hit is not None:
                hit.add_done_callback(lambda _: timer.cancel())

    def stop(self, grace: float) -> None:
        """Stop for good."""
        self.stopping.set()
        self.terminate(grace)


class _Nothing:
    async def run(self, container: ContainerContext) -> int:
        await container.stop.wait()
        return 143
