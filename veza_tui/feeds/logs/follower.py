"""One container's log, followed across restarts, rotation, cut connections and the API server's own restarts."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator
from typing import Any, Protocol, cast

from veza_tui.feeds.logs.resume import Place, Replay, place_after
from veza_tui.feeds.logs.runs import Run, run_of
from veza_tui.feeds.logs.stamps import Lines, stamp_of
from veza_tui.model.log import Beginning, Source
from veza_tui.model.text import printable
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


ENOUGH = 24 << 10
"""Bytes that are worth being handled at once."""


class Sink(Protocol):
    """Where lines go. Both are called on the loop and must return quickly."""

    def lines(self, source: Source, data: bytes) -> None:
        """Whole stamped lines, each with its newline."""
        ...

    def note(self, source: Source, stamp: bytes, text: str) -> None:
        """A word of ours: the container ended, a gap, a refusal. ``stamp`` is the time after which it belongs."""
        ...


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
        self.answered = False
        """Whether anything came, or it is known that nothing will for now."""
        self.failed: ClusterError | None = None
        """Why nothing could be read; None while all is well."""
        self._cluster = cluster
        self._sink = sink
        self._clock = clock
        self._begin = beginning
        self._follow = follow
        self._previous = previous
        self._limit = limit
        self._patience = patience
        self._place: Place | None = None
        self._run: Run | None = None
        self._scope: asyncio.Timeout | None = None
        self._changed = asyncio.Event()
        self._gone = False
        self._waiting = ""

    # --- from outside --------------------------------------------------------------------------------------------

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

    # --- the life of a log ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow."""
        try:
            await (self._read_previous() if self._previous else self._live())
        except ClusterError as error:
            self.failed = error
            self._note(f"its log cannot be read: {error}")
        except Exception as error:
            log.exception("log of %s", self.source.pod)
            self._note(f"its log cannot be followed: unexpected {type(error).__name__}")
        finally:
            self.answered = True

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
                self._farewell(broken)
                return
            if self._run is not None and now.restarts > self._run.restarts:
                await self._bridge(self._run, now, read_out=read_out)
                read_out = False
            elif self._run is not None and now.state == "running" and self._run.state != "running":
                read_out = False
            self._run = now
            if not now.started or (now.state != "running" and read_out):
                self._say_waiting(now, read_out)
                if not self._follow or (now.final and read_out):
                    return
                await self._wait_for_change()
                continue
            before = self._place
            outcome = await self._read()
            if outcome is None:
                if not self._follow:
                    return
                broken, read_out = False, now.state != "running"
                # An end at once, again and again, must not become a storm of requests.
                pause = FIRST_PAUSE if self._place is not before else min(pause * 2, LAST_PAUSE)
                if now.state == "running":
                    await self._clock.sleep(pause / 2)
                continue
            if self._fatal(outcome) or (not self._follow and outcome.status in (400, 404)):
                raise outcome
            broken = outcome.status not in (400, 404)
            pause = FIRST_PAUSE if self._place is not before else pause
            pause = await self._rest(pause, outcome)

    def _fatal(self, error: ClusterError) -> bool:
        if error.status in (401, 403) and not (error.status == 401 and self._place is not None):
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
        self.answered = True
        self._changed.clear()
        if self._gone:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._changed.wait()

    # --- reading -------------------------------------------------------------------------------------------------

    async def _read(self) -> ClusterError | None:
        """One connection from the place on. None when it ended by itself, else why it broke."""
        replay = Replay(self._place)
        begin = self._begin if self._place is None else Beginning(since_time=self._place.since_time)
        stream = self._open(begin, follow=self._follow)
        lines = Lines(self._limit, self._place.stamp if self._place else stamp_of(self._clock.now()))
        try:
            async with asyncio.timeout(None) as self._scope:
                await self._pump(stream, lines, replay)
        except TimeoutError:
            return ClusterError("the connection was silent during an outage")
        except ClusterError as error:
            if error.status == 400 and self._place is None:
                # No log yet: the container is being created.
                self.answered = True
            return error
        finally:
            self._scope = None
            await stream.aclose()
        self.failed = None
        await self._settle(replay)
        if (rest := lines.end()) and not self._broken_tail(rest):
            self._pass(replay.feed(rest))
        self.answered = True
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
                            self._gap(data)
                    self._pass(data)
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
                    self._pass(replay.give_up(all_lines=True))
                    return
                if now is None or self._clock.monotonic() > end:
                    break
                await self._clock.sleep(0.2)
        data = replay.give_up()
        if replay.missed and data:
            self._gap(data)
        self._pass(data)

    def _pass(self, data: bytes) -> None:
        if data:
            self._place = place_after(data, self._place)
            self.answered = True
            self._waiting = ""
            self._sink.lines(self.source, data)

    def _gap(self, data: bytes) -> None:
        if self._place is not None and data:
            left, found = self._place.stamp[11:19].decode(), data[11:19].decode()
            self._note(f"lines between {left} and {found} UTC may be missing: the log was rotated meanwhile")

    def _open(self, begin: Beginning, *, follow: bool = False, previous: bool = False) -> AsyncGenerator[bytes, None]:
        stream: Any = self._cluster.logs(
            self.source.namespace,
            self.source.pod,
            self.source.container,
            follow=follow,
            previous=previous,
            since_time=begin.since_time,
            since_seconds=begin.since_seconds if not begin.since_time else None,
            tail=begin.tail,
            timestamps=True,
        )
        return cast("AsyncGenerator[bytes, None]", stream)

    # --- between two runs ----------------------------------------------------------------------------------------

    async def _bridge(self, was: Run, now: Run, *, read_out: bool = False) -> None:
        """The container was restarted: the end of the run before, if it was not ``read_out``, then a word."""
        missed = now.restarts - was.restarts - 1
        if missed and was.started:
            runs = "1 run" if missed == 1 else f"{missed} runs"
            self._note(f"{runs} of the container came and went: their logs are gone")
        if missed or not read_out:
            await self._finish_before(whole=missed > 0)
        code = now.before_exit if now.before_exit is not None else was.exit_code
        ending = "" if code is None else f" after exit {code}"
        self._note(f"restarted{ending} (restart {now.restarts})")
        self._place = None
        self._begin = Beginning()

    async def _finish_before(self, *, whole: bool) -> None:
        """The log of the run before, from the place on."""
        for attempt in range(4):
            place = None if whole else self._place
            replay = Replay(place)
            stream = self._open(Beginning(since_time=place.since_time) if place else self._begin, previous=True)
            lines = Lines(self._limit, self._place.stamp if self._place else stamp_of(self._clock.now()))
            try:
                async for chunk in stream:
                    self._pass(replay.feed(lines.feed(chunk)))
                self._pass(replay.feed(lines.end()))
                data = replay.give_up()
                if replay.missed and data:
                    self._gap(data)
                self._pass(data)
                return
            except ClusterError as error:
                if error.status in (400, 403, 404) or attempt == 3:
                    self._note("the end of the run before may be missing: its log is not kept")
                    return
                await self._clock.sleep(FIRST_PAUSE * 2**attempt)
            finally:
                await stream.aclose()

    async def _read_previous(self) -> None:
        """``--previous``: the run before, once."""
        pause = FIRST_PAUSE
        for attempt in range(6):
            replay = Replay(self._place)
            begin = Beginning(since_time=self._place.since_time) if self._place else self._begin
            stream = self._open(begin, previous=True)
            lines = Lines(self._limit, stamp_of(self._clock.now()))
            try:
                async for chunk in stream:
                    self._pass(replay.feed(lines.feed(chunk)))
                self._pass(replay.feed(lines.end()))
                self._pass(replay.give_up())
                self.failed = None
                return
            except ClusterError as error:
                if error.status in (400, 404):
                    self._note("has no run before this one")
                    self.failed = error
                    return
                if error.status in (401, 403) or attempt == 5:
                    raise
                pause = await self._rest(pause, error)
            finally:
                await stream.aclose()

    # --- words ---------------------------------------------------------------------------------------------------

    def _note(self, text: str) -> None:
        stamp = self._place.stamp if self._place is not None else stamp_of(self._clock.now())
        self._sink.note(self.source, stamp, printable(text, limit=300))

    def _say_waiting(self, now: Run, read_out: bool) -> None:
        if now.state == "terminated":
            code = "" if now.exit_code is None else f" with exit {now.exit_code}"
            words = f"ended{code}" + (f" ({now.reason})" if now.reason not in ("", "Error", "Completed") else "")
        elif read_out:
            words = f"waits to be started again: {now.reason or 'back-off'}"
        else:
            words = f"has not started yet{': ' + now.reason if now.reason else ''}"
        if words != self._waiting:
            self._waiting = words
            self._note(words)

    def _farewell(self, broken: bool) -> None:
        if broken:
            self._note("the pod is gone, and the connection broke before: its last lines may be missing")
        else:
            self._note("the pod is gone")
