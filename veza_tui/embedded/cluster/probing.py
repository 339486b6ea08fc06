"""The probes of one container instance, and what their outcomes do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.cluster.command import CommandError, checked, child_environment
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.probes import Outcome, Prober
from veza_tui.embedded.cluster.programs import ContainerContext
from veza_tui.embedded.cluster.volumes import substitute

if TYPE_CHECKING:
    from veza_tui.embedded.cluster.container import Container


class Probes:
    """Startup first; readiness and liveness once it has passed."""

    def __init__(self, kit: Kit, container: Container, context: ContainerContext) -> None:
        self._kit = kit
        self._container = container
        self._context = context
        self._tasks: list[asyncio.Task[None]] = []
        self._prober = Prober(
            kit.clock,
            container.spec,
            pod_ip=container.host.ip,
            ports=container.host.ports,
            run=self._run,
            hanging=lambda: (fault := context.fault) is not None and fault.kind == "unready",
            first_delay=kit.timing.first_probe,
        )

    def start(self) -> None:
        """The container has started."""
        startup = self._container.spec.get("startupProbe")
        if startup:
            self._watch("startup", startup)
        else:
            self._started()

    def stop(self) -> None:
        """The instance is over."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _watch(self, kind: str, probe: Mapping[str, Any]) -> None:
        self._tasks.append(asyncio.ensure_future(self._prober.watch(kind, probe, self._report, self._unhealthy)))

    def _started(self) -> None:
        state, spec = self._container.state, self._container.spec
        state.started = True
        self._container.up.set()
        if spec.get("readinessProbe"):
            self._watch("readiness", spec["readinessProbe"])
        else:
            state.ready = True
        if spec.get("livenessProbe"):
            self._watch("liveness", spec["livenessProbe"])

    def _unhealthy(self, text: str) -> None:
        if not self._container.stopping.is_set():
            self._container.event("Warning", "Unhealthy", text)

    def _report(self, kind: str, ok: bool) -> None:
        one = self._container
        if one.stopping.is_set():
            return
        if kind == "readiness":
            if one.state.ready != ok:
                one.state.ready = ok
                one.host.sync()
        elif kind == "startup" and ok:
            self._started()
            one.host.sync()
        elif not ok:
            text = f"Container {one.name} failed {kind} probe, will be restarted"
            one.event("Normal", "Killing", text)
            own = (one.spec.get(f"{kind}Probe") or {}).get("terminationGracePeriodSeconds")
            grace = own if own is not None else one.host.pod["spec"].get("terminationGracePeriodSeconds", 30)
            one.terminate(float(grace))

    async def _run(self, command: list[str], timeout: float) -> Outcome:
        context = self._context
        if context.scratch is None:
            return False, "no working directory"
        env = child_environment(context.env, context.mounts, context.scratch, self._kit.tool_path)
        try:
            words = checked([substitute(w, context.mounts) for w in command], env, context.scratch)
        except CommandError as error:
            return False, f"OCI runtime exec failed: exec failed: unable to start container process: {error}"
        child = await self._kit.processes.start(words, env=env, cwd=context.scratch)
        out = bytearray()
        try:
            async with asyncio.timeout(timeout):
                while True:
                    channel, data = await child.read()
                    if channel == 0:
                        break
                    if len(out) < 10240:
                        out += data
                code = await child.wait()
        except TimeoutError:
            return False, f'command timed out: "{" ".join(command)}" timed out after {timeout:g}s'
        finally:
            with suppress(asyncio.CancelledError):
                await asyncio.shield(child.kill())
        return code == 0, out.decode("utf-8", "replace")
