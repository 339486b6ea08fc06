"""Signs of life of one API server: who it is, whether it answers, when it was heard last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from veza_tui.model.view import Identity
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import NAMESPACES, Cluster, ClusterError, NotFound

PING = 5.0
"""Seconds between two signs of life that are asked for; while there is none, PING_FAILING."""
PING_FAILING = 1.5


class Pulse:
    """``empty`` says whether the namespace looks empty, ``back`` is awaited when the server answers again."""

    def __init__(
        self,
        namespace: str,
        clock: Clock,
        changed: Callable[[], None],
        *,
        empty: Callable[[], bool],
        back: Callable[[], Awaitable[None]],
    ) -> None:
        self.identity: Identity | None = None
        self.error: ClusterError | None = None
        """Why the last ping failed; None when it did not."""
        self.heard_at: float | None = None
        """Monotonic seconds."""
        self.missing_namespace = False
        self._namespace = namespace
        self._clock = clock
        self._changed = changed
        self._empty = empty
        self._back = back

    @property
    def silent(self) -> float:
        """Seconds without a word; 0 before the first."""
        return 0.0 if self.heard_at is None else self._clock.monotonic() - self.heard_at

    def heard(self) -> None:
        """A sign of life."""
        self.heard_at = self._clock.monotonic()

    async def identify(self, cluster: Cluster) -> None:
        """Ask until it is known."""
        pause = 1.0
        while self.identity is None:
            try:
                self.identity = await cluster.identity()
                self._changed()
            except ClusterError:
                await self._clock.sleep(pause)
                pause = min(pause * 2, 4.0)

    async def run(self, cluster: Cluster) -> None:
        """Ping until cancelled."""
        rounds = 0
        while True:
            try:
                await cluster.ping()
                self.heard()
                if self.error is not None:
                    # What was asked through the API is told again now, not at the next tick.
                    await self._back()
                self.error = None
                if rounds % 3 == 0:
                    await self._look_for_namespace(cluster)
                rounds += 1
            except ClusterError as error:
                self.error = error
            self._changed()
            await self._clock.sleep(PING if self.error is None else PING_FAILING)

    async def _look_for_namespace(self, cluster: Cluster) -> None:
        """Only while there is nothing in it: an empty list says nothing of a namespace that is not there."""
        missing = False
        if self._empty():
            try:
                await cluster.get(NAMESPACES, self._namespace)
            except NotFound:
                missing = True
            except ClusterError:
                pass
        self.missing_namespace = missing
