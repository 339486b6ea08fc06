"""One container's log, followed across restarts, rotation, cut connections and the API server's own restarts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Any, cast

from veza_tui.feeds.logs.before import bridge, read_previous
from veza_tui.feeds.logs.resume import Replay
from veza_tui.feeds.logs.runs import Run, run_of
from veza_tui.feeds.logs.said import Said, Sink
from veza_tui.feeds.logs.stamps import Lines, LogGone
from veza_tui.model.log import Beginning, Source
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import PODS, Cluster, ClusterError, NotFound

log = logging.getLogger(__name__)

FIRST_PAUSE, LAST_PAUSE = 0.1, 3.0
"""Seconds between two attempts, doubled from the first to the last."""
SETTLE = 0.5
"""Seconds of silence after which the place that was left is not expected in the answer any more."""
LAG = 1.6
"""Seconds by which the API server may know of a container's restart later than its log shows it."""
LOOK = 20.0
"""Seconds between two looks at a container that has ended, should an event have been missed."""
PACE = 0.04
"""Seconds for which a busy log is left to gather: fewer, larger pieces cost a fraction of the CPU."""
ENOUGH = 24 << 10  # bytes that are worth being handled at once
_PRUNED = "the log of the run before is not kept any more; without 'previous' the latest run's is shown"


class Follower:
    """Runs until the pod is gone; without ``follow`` until the log was read. ``run`` raises nothing of its own."""

    def __init__(
        self,
        cluster: Cluster,
        source: Source,
        sink: Sink,
        clock: Clock,
        *,
        beginning: Beginning,
        follow: bool = True,
        previous: bool = False,
        limit: int = 16 << 10,
        patience: float | None = None,
    ) -> None:
        self.source = source
        self.heard_at = clock.monotonic()
        self.failed: ClusterError | None = None
        """Why nothing could be read; None while all is well."""
        self._cluster = cluster
        self._said = Said(source, sink, clock)
        self._clock = clock
        self._begin = beginning
        self._follow = follow
        self._previous = previous
        self._limit = limit
        self._patience = patience
        self._run: Run | None = None
        self._scope: asyncio.Timeout | None = None
        self._changed = asyncio.Event()
        self._gone = False

    @property
    def answered(self) -> bool:
        """Whether anything came, or it is known that nothing will for now."""
        return self._said.answered

    def poke(self) -> None:
        """The pod changed: look again, if it waits."""
        self._changed.set()

    def vanish(self) -> None:
        """The pod is gone: read what comes still, then end."""
        self._gone = True
        self._changed.set()

    def cut(self) -> None:
        """The connection leads nowhere: begin a new one."""
        if self._scope is not None:
            with contextlib.suppress(RuntimeError):
                self._scope.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Follow."""
        try:
            await (self._read_previous() if self._previous else self._live())
        except ClusterError as error:
            self.failed = error
            self._said.note(f"its log cannot be read: {error}")
        except Exception as error:
            log.exception("log of %s", self.source.pod)
            self._said.note(f"its log cannot be followed: unexpected {type(error).__name__}")
        finally:
            self._said.answered = True

    async def _live(self) -> None:
        pause, broken, read_out = FIRST_PAUSE, False, False
        while True:
            try:
                now = await self._look()
            except ClusterError as error:
                if self._fatal(error):
                    raise
                pause = await self._rest(pause, error)
                continue
            if now is None:
                self._said.farewell(broken=broken)
                return
            if self._run is not None and now.restarts > self._run.restarts:
                await self._bridge(self._run, now, read_out=read_out)
                read_out = False
            elif self._run is not None and now.state == "running" and self._run.state != "running":
                read_out = False
            self._run = now
            if not now.started or (now.state != "running" and read_out):
                self._said.waits(now, read_out=read_out)
                if not self._follow or (now.final and read_out):
                    return
                await self._wait_for_change()
                continue
            before = self._said.place
            outcome = await self._read()
            if outcome is None:
                if not self._follow:
                    return
                broken, read_out = False, now.state != "running"
                # An end at once, again and again, must not become a storm of requests.
                pause = FIRST_PAUSE if self._said.place is not before else min(pause * 2, LAST_PAUSE)
                if now.state == "running":
                    await self._clock.sleep(pause / 2)
                continue
            if self._fatal(outcome) or (not self._follow and outcome.status in (400, 404)):
                raise outcome
            broken = outcome.status not in (400, 404)
            pause = FIRST_PAUSE if self._said.place is not before else pause
            pause = await self._rest(pause, outcome)

    def _fatal(self, error: ClusterError) -> bool:
        if error.status in (401, 403) and not (error.status == 401 and self._said.place is not None):
            return True
        # Without --follow nobody waits for ever.
        return self._patience is not None and self._clock.monotonic() - self.heard_at > self._patience

    async def _rest(self, pause: float, error: ClusterError) -> float:
        self.failed = error
        wait = max(pause, min(error.retry_after or 0.0, 10.0))
        await self._clock.sleep(wait)
        return min(pause * 2, LAST_PAUSE)

    async def _look(self) -> Run | None:
        """The container as the API server has it; None when this very pod is gone."""
        try:
            pod = await self._cluster.get(PODS, self.source.pod, self.source.namespace)
        except NotFound:
            return None
        self.failed = None
        if self.source.uid and (pod.get("metadata") or {}).get("uid") != self.source.uid:
            return None
        return run_of(pod, self.source.container)

    async def _wait_for_change(self) -> None:
        self._said.answered = True
        self._changed.clear()
        if self._gone:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._changed.wait()

    async def _read(self) -> ClusterError | None:
        """One connection from the place on. None when it ended by itself, else why it broke."""
        replay = Replay(self._said.place)
        begin = self._begin if self._said.place is None else Beginning(since_time=self._said.place.since_time)
        stream = self._open(begin, follow=self._follow)
        lines = Lines(self._limit, self._said.stamp)
        try:
            async with asyncio.timeout(None) as self._scope:
                await self._pump(stream, lines, replay)
        except TimeoutError:
            return ClusterError("the connection was silent during an outage")
        except ClusterError as error:
            if error.status == 400 and self._said.place is None:
                # No log yet: the container is being created.
                self._said.answered = True
            return error
        finally:
            self._scope = None
            await stream.aclose()
        self.failed = None
        await self._settle(replay)
        if (rest := lines.end()) and not self._broken_tail(rest):
            self._said.lines(replay.feed(rest))
        try:
            lines.check()
        except LogGone as error:
            self._said.once(f"its log cannot be read now: {error.message}")
            return error
        self._said.answered = True
        return None

    def _broken_tail(self, rest: bytes) -> bool:
        # An unfinished line of a container that runs on is read again whole.
        return self._follow and self._run is not None and self._run.state == "running"

    async def _pump(self, stream: AsyncGenerator[bytes, None], lines: Lines, replay: Replay) -> None:
        waiting: asyncio.Task[bytes] | None = None
        try:
            while True:
                if replay.holding:
                    # Only while the place is looked for: silence means that it does not come.
                    waiting = waiting or asyncio.ensure_future(anext(stream, b""))
                    done, _ = await asyncio.wait((waiting,), timeout=SETTLE)
                    if not done:
                        await self._settle(replay)
                    chunk, waiting = await waiting, None
                else:
                    chunk = await anext(stream, b"")
                if not chunk:
                    return
                self.heard_at = self._clock.monotonic()
                data = lines.feed(chunk)
                if data:
                    if replay.seeking:
                        data = replay.feed(data)
                        if replay.missed:
                            self._said.gap(data)
                    self._said.lines(data)
                if self._follow:
                    await asyncio.sleep(PACE if len(chunk) < ENOUGH else 0)
        finally:
            if waiting is not None:
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError, ClusterError, StopAsyncIteration):
                    await waiting

    async def _settle(self, replay: Replay) -> None:
        """The place did not come in what was answered: another run's log, or a rotated one."""
        if not replay.seeking:
            return
        if replay.holding:
            end = self._clock.monotonic() + LAG
            while self._run is not None:
                try:
                    now = await self._look()
                except ClusterError:
                    break
                if now is not None and now.restarts > self._run.restarts:
                    await self._bridge(self._run, now)
                    self._run = now
                    self._said.lines(replay.give_up(all_lines=True))
                    return
                if now is None or self._clock.monotonic() > end:
                    break
                await self._clock.sleep(0.2)
        data = replay.give_up()
        if replay.missed and data:
            self._said.gap(data)
        self._said.lines(data)

    def _open(self, begin: Beginning, *, follow: bool = False, previous: bool = False) -> AsyncGenerator[bytes, None]:
        stream: Any = self._cluster.logs(
            self.source.namespace, self.source.pod, self.source.container, follow=follow, previous=previous,
            since_time=begin.since_time, since_seconds=None if begin.since_time else begin.since_seconds,
            tail=begin.tail, timestamps=True,
        )  # fmt: skip
        return cast("AsyncGenerator[bytes, None]", stream)

    async def _bridge(self, was: Run, now: Run, *, read_out: bool = False) -> None:
        def open_previous(begin: Beginning) -> AsyncGenerator[bytes, None]:
            return self._open(begin, previous=True)

        await bridge(
            self._said, open_previous, self._clock, was, now, self._begin, read_out=read_out, limit=self._limit
        )  # fmt: skip
        self._begin = Beginning()

    async def _read_previous(self) -> None:
        """``--previous``: the run before, once."""
        pause = FIRST_PAUSE
        for attempt in range(6):
            place = self._said.place
            begin = Beginning(since_time=place.since_time) if place else self._begin
            try:
                await read_previous(self._said, self._open(begin, previous=True), place, limit=self._limit)
                self.failed = None
                return
            except ClusterError as error:
                if error.status in (400, 404):
                    gone = isinstance(error, LogGone)
                    self._said.note(_PRUNED if gone else "has no run before this one")
                    self.failed = error
                    return
                if error.status in (401, 403) or attempt == 5:
                    raise
                pause = await self._rest(pause, error)
