"""The logs of a changing set of pods: a follower for each container, one merged stream of lines out of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from veza_tui.feeds.logs.follower import Follower
from veza_tui.feeds.logs.merge import DELAY, Merger
from veza_tui.feeds.logs.stamps import stamp_of
from veza_tui.feeds.logs.targets import containers_of, ordered, short_names, wanted
from veza_tui.feeds.logs.wish import Wish
from veza_tui.model.log import Beginning, Scope, Source
from veza_tui.model.text import printable
from veza_tui.model.workload import ContainerRow, PodRow
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster, ClusterError

T = TypeVar("T")

TICK = 0.1
"""Seconds between two deliveries: what is painted is painted at most ten times a second."""
FIRST_ANSWERS = 1.0
"""Seconds for which the first lines wait for the slower pods, so that they are merged, too."""
PING, PING_FAILING = 5.0, 1.0
FAREWELL = 15.0
"""Seconds after which the connection to a pod that is gone is closed from this side."""


class LogSession:
    """``deliver`` gets tagged lines in order, at most every TICK; ``raw`` takes a single source's lines as they come.

    ``update`` says which pods there are. Use on one event loop; ``close`` ends everything.
    """

    def __init__(
        self,
        cluster: Cluster,
        wish: Wish,
        clock: Clock,
        deliver: Callable[[list[bytes]], None],
        *,
        raw: Callable[[Source, bytes], None] | None = None,
        changed: Callable[[], None] = lambda: None,
        sources: dict[int, Source] | None = None,
    ) -> None:
        self.wish = wish
        self.sources: dict[int, Source] = {} if sources is None else sources
        self.unfollowed: tuple[str, ...] = ()
        """Names of the pods that are wanted and not followed, because they are too many."""
        self.pods: list[PodRow] = []
        """The pods that are followed now."""
        self._cluster = cluster
        self._clock = clock
        self._deliver = deliver
        self._raw = raw
        self._changed = changed
        self._merger = Merger(clock.monotonic, DELAY if wish.follow else 0.0)
        self._followers: dict[tuple[str, str], Follower] = {}
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._known: dict[str, PodRow] = {}
        self._begun = clock.monotonic()
        self._first_uids: set[str] | None = None
        self._pinger: asyncio.Task[None] | None = None
        self._closed = False
        self._done = asyncio.Event()
        self._failure: BaseException | None = None

    # --- which pods ----------------------------------------------------------------------------------------------

    def update(self, rows: Iterable[PodRow]) -> None:
        """These pods exist now: new ones join, others are told that theirs is gone."""
        if self._closed:
            return
        every = [row for row in rows if wanted(row, self.wish.targets)]
        if self._pinger is None and self.wish.follow:
            self._pinger = asyncio.create_task(self._ping())
        if self._first_uids is None:
            self._first_uids = {row.uid for row in every}
            self._begun = self._clock.monotonic()
        chosen, left = self._choose(every)
        uids = {row.uid for row in every}
        for (uid, _), follower in self._followers.items():
            if uid not in uids and uid in self._known:
                follower.vanish()
                asyncio.get_running_loop().call_later(FAREWELL, follower.cut)
        for key in [k for k in self._followers if k[0] not in uids and k not in self._tasks]:
            del self._followers[key]
        before = self._known
        self._known = {row.uid: row for row in every}
        joined, followed = False, {uid for uid, _ in self._followers}
        for row in chosen:
            for container in containers_of(row, self.wish.containers):
                key = (row.uid, container.name)
                if key not in self._followers:
                    joined = True
                    self._join(row, container, late=row.uid in followed or row.uid not in self._first_uids)
                elif before.get(row.uid) != row:
                    self._followers[key].poke()
        names = tuple(row.name for row in left)
        if joined or names != self.unfollowed or len(chosen) != len(self.pods):
            self.unfollowed = names
            self._name()
            self._changed()
        self.pods = chosen
        if not self.wish.follow and not self._followers:
            self._done.set()

    def _choose(self, every: list[PodRow]) -> tuple[list[PodRow], list[PodRow]]:
        """As many as may be followed: those that are already, then the ones in trouble, then the newest."""
        followed = {uid for uid, _ in self._followers}
        rows = sorted(ordered(every), key=lambda row: row.uid not in followed)
        chosen: list[PodRow] = []
        count = 0
        for at, row in enumerate(rows):
            count += max(1, len(containers_of(row, self.wish.containers)))
            if count > self.wish.most and chosen:
                return chosen, rows[at:]
            chosen.append(row)
        return chosen, []

    def _join(self, row: PodRow, container: ContainerRow, *, late: bool) -> None:
        number = len(self.sources)
        source = Source(number, row.uid, row.namespace, row.name, container.name, container.init)
        self.sources[number] = source
        follower = Follower(
            self._cluster,
            source,
            self,
            self._clock,
            # What a pod, or a debug container, that joins later has said belongs to the stream whole.
            beginning=Beginning() if late else self.wish.beginning,
            follow=self.wish.follow,
            previous=self.wish.previous,
            limit=self.wish.limit,
            patience=self.wish.patience,
        )
        key = (row.uid, container.name)
        self._followers[key] = follower
        task = asyncio.create_task(follower.run(), name=f"log {row.name}/{container.name}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._ended(key))

    def _ended(self, key: tuple[str, str]) -> None:
        self._tasks.pop(key, None)
        if self._closed:
            return
        self._schedule()
        if key[0] not in self._known and self.wish.follow:
            self._followers.pop(key, None)
            if self.unfollowed:
                # Its place is free.
                self.update(list(self._known.values()))
        if not self._tasks and (not self.wish.follow or all(t.scope is Scope.POD for t in self.wish.targets)):
            self._done.set()

    def _name(self) -> None:
        alive = {(f.source.uid, f.source.container) for f in self._followers.values()}
        current = [s for s in self.sources.values() if (s.uid, s.container) in alive]
        for number, short in short_names(current).items():
            self.sources[number] = replace(self.sources[number], short=short)

    # --- what comes ----------------------------------------------------------------------------------------------

    @property
    def named(self) -> bool:
        """Whether lines need their source's name: more than one container is, or may come to be, followed."""
        if len(self.sources) > 1:
            return True
        return len(self.wish.targets) != 1 or self.wish.targets[0].scope is not Scope.POD

    @property
    def settled(self) -> bool:
        """Whether every log has been answered once."""
        return self._first_uids is not None and all(f.answered for f in self._followers.values())

    @property
    def alone(self) -> bool:
        """Whether there is one source only, so that nothing is to be merged."""
        return len(self._followers) == 1

    @property
    def troubles(self) -> list[ClusterError]:
        """Why logs cannot be read at this moment."""
        return [f.failed for f in self._followers.values() if f.failed is not None]

    def lines(self, source: Source, data: bytes) -> None:
        """``Sink``."""
        if self._raw is not None and self.alone and not self._merger.waiting:
            self._guarded(lambda raw: raw(source, data), self._raw)
            return
        self._merger.add(source.number, data)
        self._schedule()

    def note(self, source: Source, stamp: bytes, text: str) -> None:
        """``Sink``."""
        self._merger.note(source.number, stamp, text)
        self._schedule()

    def say(self, text: str) -> None:
        """A word of ours about no source: it belongs to the newest one."""
        number = max(self.sources, default=0)
        self._merger.note(number, stamp_of(self._clock.now()), printable(text, limit=300))
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None and not self._closed:
            self._timer = asyncio.get_running_loop().call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._timer = None
        waits = self._clock.monotonic() - self._begun < FIRST_ANSWERS
        if waits and not all(f.answered for f in self._followers.values()):
            self._schedule()
            return
        # One source is in order already; without --follow everything waits for the end, or for memory.
        whole = self.alone or not self._tasks
        if not self.wish.follow and not whole:
            if self._merger.size < MOST_HELD:
                return
            whole = True
        ready = self._merger.take(everything=whole)
        if ready:
            self._guarded(lambda deliver: deliver(ready), self._deliver)
        if self._merger.waiting:
            self._schedule()

    def flush(self) -> None:
        """Deliver what is held back."""
        ready = self._merger.take(everything=True)
        if ready:
            self._deliver(ready)

    async def finished(self) -> None:
        """Until every log was read, or with ``follow`` every pod that was named is gone; then all is delivered."""
        await self._done.wait()
        if self._failure is not None:
            raise self._failure
        self.flush()

    def _guarded(self, call: Callable[[T], None], taker: T) -> None:
        """What the lines are given to may fail (a closed pipe): that ends the session, not a stream."""
        if self._failure is not None:
            return
        try:
            call(taker)
        except (Exception, KeyboardInterrupt) as error:
            self._failure = error
            self._done.set()

    # --- the connection ------------------------------------------------------------------------------------------

    async def _ping(self) -> None:
        """Streams that were silent through an outage may lead nowhere: they are made anew when it is over."""
        silent_since: float | None = None
        while True:
            await self._clock.sleep(PING if silent_since is None else PING_FAILING)
            asked = self._clock.monotonic()
            try:
                await self._cluster.ping()
            except ClusterError:
                if silent_since is None:
                    silent_since = asked
                continue
            if silent_since is not None:
                for follower in self._followers.values():
                    if follower.heard_at <= silent_since:
                        follower.cut()
                silent_since = None

    async def close(self) -> None:
        """End every stream."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks.values())
        if self._pinger is not None:
            tasks.append(self._pinger)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


MOST_HELD = 128 << 20
"""Bytes collected before they are passed on although not everything was read: then order is only within."""
