"""What is read: the session behind the lines, made anew when it is to be of other pods or from another beginning."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from veza_tui.feeds.logs.session import LogSession
from veza_tui.feeds.logs.targets import crash_loop, deployment_of
from veza_tui.feeds.logs.times import beginning
from veza_tui.feeds.logs.wish import Wish
from veza_tui.model.environment import Environment
from veza_tui.model.errors import VezaError
from veza_tui.model.log import Beginning, Scope, Target
from veza_tui.model.workload import PodRow
from veza_tui.ports.cluster import Cluster
from veza_tui.tui.log_recorder import Recorder
from veza_tui.tui.presentation.spans import counted
from veza_tui.tui.screens.log_window import LogWindowScreen

TAIL = {Scope.POD: 1000, Scope.SERVICE: 300, Scope.ENVIRONMENT: 100}
"""Lines per container with which it begins, until S says otherwise."""
FULL_PAUSE = 1.0
"""Seconds between two changes of the count of dropped lines."""


class LogReadingScreen(LogWindowScreen):
    """Fills the ring. Subclasses paint what stands around the lines."""

    def __init__(self, target: Target, *, pod: PodRow | None = None, previous: bool = False) -> None:
        super().__init__()
        self.target = target
        self.previous = previous
        self.begin: Beginning | None = None
        self.session: LogSession | None = None
        self._pod = pod
        self._tab = self.veza.tab
        self._cluster: Cluster | None = None
        self._unsubscribe: Any = None
        self._recorder = Recorder(self.sources, self.veza.services.clock.now)
        self._dropped_shown = 0
        self._dropped_at = 0.0
        self._restarting = asyncio.Lock()

    @property
    def environment(self) -> Environment:
        """The one whose logs these are."""
        assert self._tab is not None
        return self._tab.environment

    @property
    def named(self) -> bool:
        """Whether more than one container is, or may come to be, read."""
        return self.session is not None and self.session.named

    def _paint_notice(self) -> None:
        """What is to be known of the pods."""

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#notice").display = self.query_one("#stopped").display = False
        super().on_mount()
        if self._tab is not None:
            self._unsubscribe = self._tab.feed.subscribe(lambda _: self._pods_changed())
            self.veza.spawn(self.restart())

    async def restart(self) -> None:
        """Read something else, or from another beginning; the buffer is emptied."""
        async with self._restarting:
            if self.session is not None:
                await self.session.close()
                self.session = None
            self.ring.clear()
            self.sources.clear()
            self.view.forget()
            self.view.following = True
            if self._cluster is None:
                connect = self.veza.services.service("connect")
                self._cluster = await asyncio.to_thread(connect, self.environment)
            if not self.is_attached:
                return
            wish = Wish(
                (self.target,),
                self.begin or Beginning(tail=None if self.previous else TAIL[self.target.scope]),
                follow=not self.previous,
                previous=self.previous,
                patience=15.0 if self.previous else None,
            )
            assert self._cluster is not None
            self.session = LogSession(
                self._cluster,
                wish,
                self.veza.services.clock,
                self._deliver,
                changed=self._sources_changed,
                sources=self.sources,
            )
            self._pods_changed()
            self.paint()

    def _pods_changed(self) -> None:
        if self.session is None or self._tab is None or not self.is_attached:
            return
        view = self._tab.feed.view()
        if not view.synced:
            return
        if self._pod is not None:
            self._pod = view.pods.get(self._pod.uid, self._pod)
        self.session.update(view.pods.values())
        self._paint_notice()

    def _sources_changed(self) -> None:
        if self.is_attached:
            self.view.forget()
            self._relook()
            self._paint_notice()
            self.paint_title()

    def _deliver(self, lines: list[bytes]) -> None:
        before = self.ring.dropped
        self.ring.append(lines)
        self._recorder.take(lines)
        if not self.is_attached:
            return
        changed = self.view.update() if self.veza.screen is self else False
        if changed:
            self.paint_title()
        elif self.ring.dropped != before and time.monotonic() - self._dropped_at > FULL_PAUSE:
            self._dropped_at = time.monotonic()
            self.paint_title()

    async def on_unmount(self) -> None:
        """Close everything."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self.stop_searching()
        if self.session is not None:
            await self.session.close()
        if self._cluster is not None:
            await self._cluster.close()
        try:
            file = await self._recorder.stop()
        except VezaError as error:
            self.veza.tell(str(error), bad=True)
        else:
            if file is not None:
                self.veza.tell(f"wrote {counted(file.lines, 'line')} to {file.path}")

    def read_since(self, text: str) -> None:
        """From another beginning."""
        try:
            self.begin = beginning(text, self.veza.services.clock.now())
        except VezaError as error:
            self.veza.tell(str(error), bad=True)
            return
        self.veza.spawn(self.restart())

    def widen(self) -> None:
        """Pod, its service, the environment, and round again."""
        pod = self._pod
        if self.target.scope is Scope.ENVIRONMENT:
            if pod is None:
                self.veza.tell("this is the whole environment; l on a pod shows its logs alone")
                return
            self.target = Target(Scope.POD, pod.name, pod.uid)
        elif self.target.scope is Scope.POD and pod is not None and (deployment_of(pod) or pod.owner):
            self.target = Target(Scope.SERVICE, deployment_of(pod) or pod.owner)
        else:
            self.target = Target(Scope.ENVIRONMENT)
        self.previous = False
        self.veza.spawn(self.restart())
        self.paint_frame()

    def switch_previous(self) -> None:
        """The run before the last restart, and back; of many pods it is the one that crashes."""
        if not self.previous and self.target.scope is not Scope.POD and self.session is not None:
            found = crash_loop(self.session.pods)
            if found is None:
                self.veza.tell("no pod here crashes again and again")
                return
            self._pod = found[0]
            self.target = Target(Scope.POD, self._pod.name, self._pod.uid)
        self.previous = not self.previous
        self.veza.spawn(self.restart())
