"""One environment, live: watches its cluster and publishes frozen ``EnvironmentView`` values."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from veza_tui.feeds.assemble import Assembler
from veza_tui.feeds.clock import SystemClock
from veza_tui.feeds.events import project_event
from veza_tui.feeds.extras import Extras
from veza_tui.feeds.following import Following
from veza_tui.feeds.health import INTERVAL, HealthMonitor
from veza_tui.feeds.health_checks import CacheCheck, Check, DatabaseCheck, ServiceCheck
from veza_tui.feeds.history import HealthRecorder
from veza_tui.feeds.last_lines import LastLines
from veza_tui.feeds.live_colour import ServiceRow, project_service
from veza_tui.feeds.nap import Nap
from veza_tui.feeds.pods import project_pod
from veza_tui.feeds.problems import PATIENCE, KindStatus, Situation, judge
from veza_tui.feeds.publisher import Publisher
from veza_tui.feeds.pulse import Pulse
from veza_tui.feeds.rollouts import project_autoscaler, project_deployment, project_replica_set
from veza_tui.model.environment import Environment
from veza_tui.model.errors import VezaError
from veza_tui.model.restore import SetAside
from veza_tui.model.view import EnvironmentView, LastOperation, Link, NewestBackup
from veza_tui.model.workload import EventRow
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import (
    AUTOSCALERS,
    DEPLOYMENTS,
    EVENTS,
    PODS,
    REPLICA_SETS,
    SERVICES,
    Cluster,
)
from veza_tui.ports.health import CacheProbe, DatabaseProbe

log = logging.getLogger(__name__)

RECONNECT = 3.0
"""Seconds until a kubeconfig that could not be used is read again."""
MOST_EVENTS = 1000
"""Warning events kept; the view shows the newest of them."""


class EnvironmentFeed:
    """The live view of one environment; independent of every other one.

    ``connect`` makes the cluster; it is called in a thread and may raise VezaError (shown as a problem, tried again).
    ``view().heard_at`` compares with ``time.monotonic()``; it is renewed at least every 5 s while the API answers.
    """

    def __init__(
        self,
        environment: Environment,
        connect: Callable[[], Cluster],
        *,
        database: DatabaseProbe | None = None,
        cache: CacheProbe | None = None,
        last_operation: Callable[[], Awaitable[LastOperation | None]] | None = None,
        newest_backup: Callable[[], Awaitable[NewestBackup | None]] | None = None,
        set_aside: Callable[[], Awaitable[SetAside | None]] | None = None,
        clock: Clock | None = None,
        health_interval: float = INTERVAL,
        recorder: HealthRecorder | None = None,
    ) -> None:
        self.environment = environment
        self._connect = connect
        self._database = database
        self._cache = cache
        self._clock = clock or SystemClock()
        self._cluster: Cluster | None = None
        self._connect_error: VezaError | None = None
        self._asked_at: float | None = None
        self._nap = Nap(self._clock)
        self._tasks: list[asyncio.Task[None]] = []
        self._publisher: Publisher[EnvironmentView] = Publisher(
            self._build, EnvironmentView(environment.name), same=_same
        )
        self._extras = Extras(last_operation, newest_backup, set_aside, self._clock, self._publisher.touch)
        self._recorder = recorder
        if recorder is not None:
            self._publisher.subscribe(recorder.take)
        touch = self._publisher.touch
        self._pulse = Pulse(
            environment.kubernetes.namespace,
            self._clock,
            touch,
            empty=lambda: self._pods.synced and not (self._pods.items or self._deployments.items),
            back=lambda: self._monitor.refresh(),
        )
        clock_, heard = self._clock, self._pulse.heard
        self._pods = Following(PODS, project_pod, clock_, heard=heard, changed=touch)
        self._deployments = Following(DEPLOYMENTS, project_deployment, clock_, heard=heard, changed=touch)
        self._replica_sets = Following(REPLICA_SETS, project_replica_set, clock_, heard=heard, changed=touch)
        self._autoscalers = Following(AUTOSCALERS, project_autoscaler, clock_, heard=heard, changed=touch)
        self._events = Following(
            EVENTS, project_event, clock_, heard=heard, changed=touch, field_selector="type=Warning", keep=_newest
        )
        self._followings: tuple[Following[Any], ...] = (
            self._pods,
            self._deployments,
            self._replica_sets,
            self._events,
            self._autoscalers,
        )
        self._colours: tuple[Following[ServiceRow], ...] = ()
        if environment.policy.blue_green:
            self._colours = (Following(SERVICES, project_service, clock_, heard=heard, changed=touch),)
        self._watches = (*self._followings, *self._colours)
        self._lines = LastLines(self._clock, touch)
        self._assembler = Assembler(
            self._pods,
            self._deployments,
            self._replica_sets,
            self._autoscalers,
            self._events,
            self._lines,
            *self._colours,
        )
        self._monitor = HealthMonitor(self._checks(), touch, self._clock, interval=health_interval)

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    def view(self) -> EnvironmentView:
        """The latest view, with the latest ``heard_at`` (which alone is not worth a publish)."""
        value = self._publisher.value
        return value if value.heard_at == self._pulse.heard_at else replace(value, heard_at=self._pulse.heard_at)

    def subscribe(self, callback: Callable[[EnvironmentView], None]) -> Callable[[], None]:
        """``callback`` runs on the loop's thread for each change; the returned function ends it."""
        return self._publisher.subscribe(callback)

    @property
    def cluster(self) -> Cluster | None:
        """The connection, once there is one: shared with whoever looks closer."""
        return self._cluster

    @property
    def misconfigured(self) -> bool:
        """Whether the kubeconfig cannot be used: waiting does not help."""
        return self._cluster is None and self._connect_error is not None

    @property
    def settled(self) -> bool:
        """Whether everything has been answered once, or refused: what `status` waits for."""
        if not self._extras.settled or not self._monitor.settled:
            return False
        if self._cluster is None:
            return self._connect_error is not None
        known = all(f.synced or f.trouble is not None for f in self._watches)
        return known and not self._lines.busy

    async def start(self) -> None:
        """Begin to watch; returns at once."""
        if self._tasks:
            return
        self._spawn(self._supervise(), "connect")
        if self._extras.wanted:
            self._spawn(self._extras.run(), "extras")

    def flush(self) -> None:
        """Publish what is known now, without waiting for more."""
        self._publisher.flush()

    async def refresh(self) -> None:
        """Ask again at once: health, last operation, newest backup; reconnect what waits."""
        self._extras.refresh()
        self._nap.end()
        await self._monitor.refresh()
        if self._cluster is not None:
            for following in self._watches:
                if following.lost is not None:
                    following.start(self._cluster, self.environment.kubernetes.namespace)

    async def close(self) -> None:
        """Stop everything and close the connections; also when it is cancelled because something took too long."""
        self._publisher.close()
        async with contextlib.AsyncExitStack() as last:
            # In reverse: each is called whatever becomes of the others.
            last.push_async_callback(self._close_cluster)
            for part in (self._database, self._cache, self._recorder, self._monitor, self._lines, *self._watches):
                if part is not None:
                    last.push_async_callback(part.close)
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _close_cluster(self) -> None:
        if self._cluster is not None:
            await self._cluster.close()
            self._cluster = None

    def _spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        self._tasks.append(asyncio.create_task(self._guard(work, what), name=f"{self.name} {what}"))

    async def _guard(self, work: Coroutine[Any, Any, None], what: str) -> None:
        try:
            await work
        except Exception:
            log.exception("%s: %s ended", self.name, what)

    def _checks(self) -> list[Check]:
        environment = self.environment
        namespace = environment.kubernetes.namespace
        checks: list[Check] = [ServiceCheck(lambda: self._cluster, namespace, s) for s in environment.services]
        if self._database is not None:
            database = environment.database
            checks.append(DatabaseCheck(self._database, f"{database.host}:{database.port}/{database.name}"))
        if self._cache is not None:
            checks.append(CacheCheck(self._cache, f"{environment.cache.host}:{environment.cache.port}"))
        return checks

    async def _supervise(self) -> None:
        namespace = self.environment.kubernetes.namespace
        while self._cluster is None:
            try:
                # In a thread: it imports the HTTP client and reads the kubeconfig.
                self._cluster = await asyncio.to_thread(self._connect)
                self._connect_error = None
            except VezaError as error:
                self._connect_error = error
                self._publisher.touch()
                # Database and cache can be asked without the cluster.
                self._monitor.start()
                await self._nap.take(RECONNECT)
        self._asked_at = self._clock.monotonic()
        asyncio.get_running_loop().call_later(PATIENCE, self._publisher.touch)
        for following in self._watches:
            following.start(self._cluster, namespace)
        self._monitor.start()
        await self._monitor.refresh()
        self._spawn(self._pulse.identify(self._cluster), "identity")
        self._spawn(self._pulse.run(self._cluster), "pulse")

    def _build(self) -> EnvironmentView:
        pulse, target = self._pulse, self.environment.kubernetes
        link, problems = judge(
            Situation(
                server=pulse.identity.server
                if pulse.identity
                else f"the API server of {target.context or 'the context'}",
                connect_error=self._connect_error,
                kinds=[KindStatus(f.resource.plural, f.synced, f.trouble) for f in self._followings]
                if self._cluster is not None
                else [],
                ping_error=pulse.error,
                silent=pulse.silent,
                waiting=self._clock.monotonic() - self._asked_at
                if self._asked_at is not None and pulse.heard_at is None
                else 0.0,
                missing_namespace=target.namespace if pulse.missing_namespace else "",
            )
        )
        view = self._assembler.assemble(
            EnvironmentView(
                self.name,
                link=link,
                identity=pulse.identity,
                problems=problems,
                heard_at=pulse.heard_at,
                synced=self._pods.synced,
                health=self._monitor.rows(),
                last_operation=self._extras.operation,
                newest_backup=self._extras.backup,
                set_aside=self._extras.aside,
            )
        )
        if self._cluster is not None and link is Link.LIVE:
            self._lines.want(self._cluster, view.pods.values())
        return view


def _same(new: EnvironmentView, old: EnvironmentView) -> bool:
    return replace(new, heard_at=old.heard_at) == old


def _newest(events: dict[str, EventRow]) -> None:
    if len(events) > MOST_EVENTS:
        for row in sorted(events.values(), key=lambda e: e.last)[: len(events) - MOST_EVENTS]:
            del events[row.uid]
