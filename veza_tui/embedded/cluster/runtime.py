"""What the API server asks of the nodes: logs, exec, connections to ports, metrics (``api.runtime.NodeRuntime``)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence

from veza_tui.embedded.api.errors import ApiError, bad_request, internal
from veza_tui.embedded.cluster.command import CommandError, checked, child_environment
from veza_tui.embedded.cluster.container import Container
from veza_tui.embedded.cluster.kit import Kit
from veza_tui.embedded.cluster.kubelet import Kubelet
from veza_tui.embedded.cluster.logring import LogRing
from veza_tui.embedded.cluster.metrics import Metrics
from veza_tui.embedded.cluster.objects import Object, parse_time, pod_finished
from veza_tui.embedded.cluster.process import ChildProcess
from veza_tui.embedded.cluster.synthetic import SYNTHETIC
from veza_tui.embedded.cluster.volumes import substitute


class SimulatedRuntime:
    """All nodes together."""

    def __init__(self, kit: Kit, kubelet: Kubelet) -> None:
        self._kit = kit
        self._kubelet = kubelet
        self.metrics = Metrics(kit.cluster, kubelet)

    # -- logs

    async def logs(
        self,
        namespace: str,
        pod: str,
        container: str,
        *,
        follow: bool = False,
        previous: bool = False,
        since_time: str = "",
        since_seconds: int | None = None,
        tail: int | None = None,
        timestamps: bool = False,
        limit_bytes: int | None = None,
    ) -> AsyncIterator[bytes]:
        """See ``NodeRuntime.logs``; the times of ``since_*`` are real ones."""
        ring = self._ring(namespace, pod, container, previous=previous)
        since_ns = int(parse_time(since_time) * 1e9) if since_time else 0
        if since_seconds is not None:
            since_ns = int((self._kit.clock.now() - since_seconds) * 1e9)
        stream = ring.read(
            follow=follow and not previous, since_ns=since_ns, tail=tail, timestamps=timestamps, limit_bytes=limit_bytes
        )
        async for chunk in stream:
            yield chunk

    def _ring(self, namespace: str, pod: str, name: str, *, previous: bool) -> LogRing:
        one = self._container(namespace, pod, name)
        if one is None:
            return self._synthetic_log(namespace, pod, name)
        ring = one.log
        if previous:
            ring = one.log if one.state.phase == "waiting" else one.previous
            if one.state.last is None:
                ring = None
            if ring is None:
                raise bad_request(f'previous terminated container "{name}" in pod "{pod}" not found')
            return ring
        if ring is None:
            reason = one.state.reason
            if reason in ("ErrImagePull", "ImagePullBackOff"):
                reason = "trying and failing to pull image"
            raise bad_request(f'container "{name}" in pod "{pod}" is waiting to start: {reason}')
        return ring

    def _synthetic_log(self, namespace: str, pod: str, name: str) -> LogRing:
        obj = self._kit.cluster.get("pods", namespace, pod)
        if obj is not None and pod_finished(obj):  # it ended before the platform was started anew
            statuses = obj["status"].get("containerStatuses") or ()
            identity = next((s.get("containerID", "") for s in statuses if s["name"] == name), "")
            raise internal(f"unable to retrieve container logs for {identity}")
        if obj is None or SYNTHETIC not in (obj["metadata"].get("annotations") or {}):
            raise bad_request(f'container "{name}" in pod "{pod}" is waiting to start: ContainerCreating')
        ring = LogRing()
        ring.write(f"{pod}: a synthetic pod has no program and writes nothing else")
        ring.close()
        return ring

    # -- exec

    async def exec(
        self, namespace: str, pod: str, container: str, command: Sequence[str], *, stdin: bool, tty: bool
    ) -> ChildProcess:
        """See ``NodeRuntime.exec``; the child runs on this machine, in the container's scratch directory."""
        one = self._container(namespace, pod, container)
        context = one.context if one is not None else None
        if one is None or context is None or context.scratch is None:
            raise internal(f'error executing command in container: container not found ("{container}")')
        digest = hashlib.sha256(repr(tuple(command)).encode()).hexdigest()
        head = (
            f'error executing command in container: failed to exec in container: failed to start exec "{digest}": '
            "OCI runtime exec failed: exec failed: unable to start container process: "
        )
        image = self._kit.images.find(one.spec.get("image", ""))
        if image is not None and not image.shell and not one.ephemeral:
            raise internal(f'{head}exec: "{command[0]}": executable file not found in $PATH: unknown')
        env = child_environment(context.env, context.mounts, context.scratch, self._kit.tool_path)
        if tty:
            env.setdefault("TERM", "xterm")
        env.setdefault("PS1", f"{context.pod.name}:$ ")
        try:
            words = checked([substitute(w, context.mounts) for w in command], env, context.scratch)
            child = await self._kit.processes.start(words, env=env, cwd=context.scratch, stdin=stdin, tty=tty)
        except (CommandError, OSError) as error:
            raise internal(f"{head}{error}") from error
        if one.log is not None:
            self._kubelet.spawn(_end_with(one.log, child))
        return child

    # -- ports

    async def connect(self, namespace: str, pod: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """See ``NodeRuntime.connect``."""
        worker = self._kubelet.find(namespace, pod)
        real = worker.ports.get(port) if worker is not None else None
        if real is None:
            raise ConnectionRefusedError(111, f"dial tcp4 127.0.0.1:{port}: connect: connection refused")
        return await asyncio.open_connection("127.0.0.1", real)

    # -- metrics

    def pod_metrics(self, namespace: str | None) -> list[Object]:
        """PodMetrics of running pods."""
        return self.metrics.pods(namespace)

    def node_metrics(self) -> list[Object]:
        """NodeMetrics of all nodes."""
        return self.metrics.nodes()

    def _container(self, namespace: str, pod: str, name: str) -> Container | None:
        worker = self._kubelet.find(namespace, pod)
        if worker is None:
            obj = self._kit.cluster.get("pods", namespace, pod)
            if obj is None:
                raise ApiError(404, "NotFound", f'pods "{pod}" not found', name=pod, kind="pods")
            return None
        return worker.find(name)


async def _end_with(log: LogRing, child: ChildProcess) -> None:
    """An exec ends with its container."""
    ended = asyncio.ensure_future(log.ended())
    done = asyncio.ensure_future(child.wait())
    try:
        await asyncio.wait((ended, done), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            await child.kill()
    finally:
        ended.cancel()
        done.cancel()
