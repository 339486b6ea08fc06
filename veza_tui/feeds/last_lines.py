"""The last log line of failing containers: fetched lazily, a few at a time, once for each crash."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping

from veza_tui.feeds.pods import failing_container
from veza_tui.model.text import printable
from veza_tui.model.workload import ContainerRow, PodRow, State
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster, ClusterError

log = logging.getLogger(__name__)
MOST = 20
"""Pods asked for at once in one environment: more would not fit a screen."""
TOGETHER = 2
TIMEOUT = 5.0
RETRY = 15.0
LIMIT = 200
"""Characters of the line."""
_TAIL = 60
"""Lines read: a stack trace stands between the reason and the end."""
_BYTES = 64 << 10
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")

Key = tuple[str, int, float | None, str]


class LastLines:
    """``lines`` by pod uid; ``changed`` is called when they changed."""

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self.lines: dict[str, str] = {}
        self.version = 0
        self._clock = clock
        self._changed = changed
        self._keys: dict[str, Key] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._first: set[str] = set()
        self._gate = asyncio.Semaphore(TOGETHER)

    @property
    def busy(self) -> bool:
        """Whether a first answer is awaited."""
        return bool(self._first)

    def want(self, cluster: Cluster, pods: Iterable[PodRow]) -> None:
        """Fetch what these pods' failures need and is not there yet; forget pods that fail no more."""
        wanted: dict[str, tuple[PodRow, ContainerRow, Key]] = {}
        for row in pods:
            if row.state in (State.OK, State.PROGRESSING) or row.deleting:
                continue
            container = failing_container(row)
            if container is None or (container.last_exit_code is None and container.state != "running"):
                continue
            key = (container.name, container.restarts, container.last_finished, container.state)
            wanted[row.uid] = (row, container, key)
            if len(wanted) == MOST:
                break
        for uid in [u for u in self._keys if u not in wanted]:
            self._forget(uid)
        for uid, (row, container, key) in wanted.items():
            if self._keys.get(uid) != key:
                self._keys[uid] = key
                task = self._tasks.pop(uid, None)
                if task is not None:
                    task.cancel()
                self._first.add(uid)
                self._tasks[uid] = asyncio.create_task(self._fetch(cluster, row, container))

    async def close(self) -> None:
        """Stop."""
        tasks = list(self._tasks.values())
        self._tasks.clear()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def _forget(self, uid: str) -> None:
        self._keys.pop(uid, None)
        self._first.discard(uid)
        task = self._tasks.pop(uid, None)
        if task is not None:
            task.cancel()
        if self.lines.pop(uid, None) is not None:
            self.version += 1

    async def _fetch(self, cluster: Cluster, row: PodRow, container: ContainerRow) -> None:
        # A container that waits or runs again crashed before: its previous run tells why.
        crashed = container.last_exit_code is not None
        order = (True, False) if crashed and container.state != "terminated" else (False, True) if crashed else (False,)
        for attempt in range(3):
            try:
                for previous in order:
                    line = await self._ask(cluster, row, container.name, previous)
                    if line:
                        if self.lines.get(row.uid) != line:
                            self.lines[row.uid] = line
                            self.version += 1
                            self._changed()
                        return
            except ClusterError as error:
                if error.status in (403, 404):
                    return
            except Exception:
                log.exception("last log line of %s", row.name)
                return
            finally:
                self._first.discard(row.uid)
            await self._clock.sleep(RETRY * (attempt + 1))

    async def _ask(self, cluster: Cluster, row: PodRow, container: str, previous: bool) -> str:
        async with self._gate:
            stream = cluster.logs(row.namespace, row.name, container, previous=previous, tail=_TAIL, limit_bytes=_BYTES)
            data = b""
            try:
                async with asyncio.timeout(TIMEOUT):
                    async for chunk in stream:
                        data += chunk
                        if len(data) > _BYTES:
                            break
            except TimeoutError:
                pass
            except ClusterError as error:
                # 400: this run's log is not there (any more); the other run's may be.
                if error.status != 400:
                    raise
            finally:
                close = getattr(stream, "aclose", None)
                if close is not None:
                    await close()
        return last_line(data)


_PANIC = re.compile(r"(panic|fatal error): ")
_CALM = re.compile(r"\b(INFO|DEBUG|TRACE|[Ii]nfo|[Dd]ebug|[Tt]race)\b")
_GRAVE = re.compile(r"\b(FATAL|CRITICAL|PANIC|[Ff]atal|[Cc]ritical|panic)\b")
_NEAR = 5
"""Lines back from a log's end in which a fatal one is looked for."""


def last_line(data: bytes) -> str:
    """The last line that says something, printable, without colours; of a JSON line its message.

    Go prints the reason before its stack traces, other runtimes after them: a panic's first line counts as its last.
    """
    lines = [line for raw in data.decode(errors="replace").splitlines() if (line := _COLOUR.sub("", raw).strip())]
    # With a status of 200 the kubelet says in a log's place that it has none.
    lines = [line for line in lines if not line.startswith("unable to retrieve container logs for ")]
    if not lines:
        return ""
    line = lines[-1]
    if any(text.startswith("goroutine ") for text in lines):
        line = next((text for text in lines if _PANIC.match(text)), line)
    elif _CALM.search(line[:200]):
        # The runtime reads stdout and stderr apart: the fatal line may stand before one that was written earlier.
        line = next((text for text in reversed(lines[-_NEAR:]) if _GRAVE.search(text[:200])), line)
    return printable(_message(line) or line, limit=LIMIT)


def _message(line: str) -> str:
    if not line.startswith("{"):
        return ""
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(entry, Mapping):
        return ""
    texts = [entry[key] for key in ("msg", "message", "error", "err") if isinstance(entry.get(key), str) and entry[key]]
    return ": ".join(texts[:2])
