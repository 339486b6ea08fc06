"""Pods that log, as a kubelet keeps and serves it: files that rotate, runs that end, whole seconds in ``sinceTime``."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any

from veza_tui.ports.cluster import ClusterError, ClusterUnreachable, Invalid, NotFound


def stamp(nanoseconds: int) -> bytes:
    """What ``timestamps=true`` puts before a line."""
    whole = datetime.fromtimestamp(nanoseconds // 10**9, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{nanoseconds % 10**9:09d}Z".encode()


class Run:
    """One run of a container: its log file, and whether it goes on."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, bytes]] = []
        self.first = 0
        """Lines before it were rotated away: a new request does not get them."""
        self.ended = False
        self.exit_code = 0
        self.changed = asyncio.Condition()
        self.answers = b""
        """What the kubelet says in place of a log it has not."""


class Pod:
    """A pod of one or more containers."""

    def __init__(self, name: str, uid: str = "", containers: tuple[str, ...] = ("app",), at: int = 0) -> None:
        self.name, self.uid = name, uid or f"uid-{name}"
        self.runs: dict[str, list[Run]] = {c: [Run()] for c in containers}
        self.gone = False
        self.now = at or 1_700_000_000 * 10**9
        self.waiting: dict[str, str] = {}

    def obj(self) -> dict[str, Any]:
        statuses = []
        for name, runs in self.runs.items():
            run, state = runs[-1], {}
            if name in self.waiting:
                state = {"waiting": {"reason": self.waiting[name]}}
            elif run.ended:
                state = {"terminated": {"exitCode": run.exit_code, "reason": "Error" if run.exit_code else "Completed"}}
            else:
                state = {"running": {"startedAt": "2023-11-14T22:13:20Z"}}
            last = {"terminated": {"exitCode": runs[-2].exit_code}} if len(runs) > 1 else {}
            if name in self.waiting and run.ended:
                last = {"terminated": {"exitCode": run.exit_code}}
            statuses.append(
                {"name": name, "restartCount": len(runs) - 1, "state": state, "lastState": last, "ready": not run.ended,
                 "image": "veza/app:1"}
            )  # fmt: skip
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": self.name, "uid": self.uid, "namespace": "veza",
                         "creationTimestamp": "2023-11-14T22:13:20Z"},
            "spec": {"restartPolicy": "Always", "containers": [{"name": n, "image": "veza/app:1"} for n in self.runs]},
            "status": {"phase": "Running", "containerStatuses": statuses},
        }  # fmt: skip

    async def say(self, *texts: str | bytes, container: str = "app", step: int = 1_000_000) -> None:
        """Log lines; ``step`` nanoseconds pass before each (0: the same stamp)."""
        run = self.runs[container][-1]
        async with run.changed:
            for text in texts:
                self.now += step
                run.lines.append((self.now, text.encode() if isinstance(text, str) else text))
            run.changed.notify_all()

    async def rotate(self, container: str = "app") -> None:
        """The file is put aside: only what is written from now on is served to new requests."""
        run = self.runs[container][-1]
        async with run.changed:
            run.first = len(run.lines)

    async def end(self, container: str = "app", exit_code: int = 1) -> None:
        """The process ends."""
        run = self.runs[container][-1]
        async with run.changed:
            run.ended, run.exit_code = True, exit_code
            run.changed.notify_all()

    def restart(self, container: str = "app") -> None:
        """The next run begins."""
        self.waiting.pop(container, None)
        self.runs[container].append(Run())


class World:
    """A cluster of such pods with a bad line to it: ``ports.cluster.Cluster`` as far as logs need it."""

    def __init__(self, *pods: Pod, seed: int = 0) -> None:
        self.pods = {p.name: p for p in pods}
        self.requests: list[dict[str, Any]] = []
        self.down = False
        self.random = random.Random(seed)
        self.pieces = 0
        """Largest piece in which bytes arrive; 0 for whole lines."""
        self._cuts: set[asyncio.Event] = set()
        self.silent = False
        self.open = 0

    def cut(self) -> None:
        """Every connection breaks, wherever it is."""
        for event in self._cuts:
            event.set()

    async def get(self, resource: Any, name: str, namespace: str | None = None) -> dict[str, Any]:
        await asyncio.sleep(0)
        if self.down:
            raise ClusterUnreachable("refused")
        pod = self.pods.get(name)
        if pod is None or pod.gone:
            raise NotFound("gone", status=404)
        return pod.obj()

    async def ping(self) -> float:
        await asyncio.sleep(0)
        if self.down or self.silent:
            raise ClusterUnreachable("no answer")
        return 0.001

    async def close(self) -> None:
        return None

    async def logs(self, namespace: str, name: str, container: str, **options: Any) -> AsyncGenerator[bytes, None]:
        self.requests.append({"pod": name, "container": container, **options})
        if self.down:
            raise ClusterUnreachable("refused")
        pod = self.pods.get(name)
        if pod is None or pod.gone:
            raise NotFound("gone", status=404)
        runs = pod.runs[container]
        if options.get("previous"):
            if len(runs) < 2:
                raise Invalid("previous terminated container not found", status=400)
            run = runs[-2]
        else:
            run = runs[-1]
        if container in pod.waiting and not run.lines and not run.ended:
            raise Invalid("container is waiting to start", status=400)
        event = asyncio.Event()
        self._cuts.add(event)
        self.open += 1
        try:
            async for chunk in self._serve(pod, run, event, options):
                if self.silent:
                    await event.wait()
                if event.is_set():
                    raise ClusterUnreachable("the connection broke")
                yield chunk
            if event.is_set():
                raise ClusterUnreachable("the connection broke")
        finally:
            self.open -= 1
            self._cuts.discard(event)

    async def _serve(
        self, pod: Pod, run: Run, cut: asyncio.Event, options: dict[str, Any]
    ) -> AsyncGenerator[bytes, None]:
        if run.answers:
            yield run.answers
            return
        since = 0
        if options.get("since_time"):
            # The API server passes whole seconds on.
            since = int(datetime.fromisoformat(options["since_time"]).timestamp()) * 10**9
        elif options.get("since_seconds"):
            since = pod.now - options["since_seconds"] * 10**9
        at = run.first
        if options.get("tail") is not None:
            at = max(at, len(run.lines) - options["tail"])
        while True:
            data = b"".join(
                (stamp(when) + b" " if options.get("timestamps") else b"") + text + b"\n"
                for when, text in run.lines[at:]
                if when >= since
            )
            at = len(run.lines)
            while data:
                size = self.random.randint(1, self.pieces) if self.pieces else len(data)
                yield data[:size]
                data = data[size:]
                if self.pieces:
                    await asyncio.sleep(0)
            if not options.get("follow") or run.ended or pod.gone:
                return
            waiting = asyncio.ensure_future(cut.wait())
            try:
                async with run.changed:
                    more = asyncio.ensure_future(run.changed.wait_for(lambda at=at: len(run.lines) > at or run.ended))
                    # The condition's lock is released while waiting.
                    done, _ = await asyncio.wait((waiting, more), return_when=asyncio.FIRST_COMPLETED)
                    if more not in done:
                        more.cancel()
                        await asyncio.gather(more, return_exceptions=True)
            except ClusterError:
                raise
            finally:
                waiting.cancel()
            if cut.is_set():
                return
