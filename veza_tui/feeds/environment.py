"""One environment, live: watches its cluster and publishes frozen ``EnvironmentView`` values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from veza_tui.feeds.clock import SystemClock
from veza_tui.feeds.publisher import Publisher
from veza_tui.model.environment import Environment
from veza_tui.model.view import EnvironmentView, LastOperation, NewestBackup
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster


class EnvironmentFeed:
    """The live view of one environment; independent of every other one.

    ``connect`` makes the cluster; it is called in a thread and may raise VezaError (shown as a problem, tried again).
    ``view().heard_at`` compares with ``time.monotonic()``.
    """

    def __init__(
        self,
        environment: Environment,
        connect: Callable[[], Cluster],
        *,
        last_operation: Callable[[], Awaitable[LastOperation | None]] | None = None,
        newest_backup: Callable[[], Awaitable[NewestBackup | None]] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.environment = environment
        self._connect = connect
        self._last_operation = last_operation
        self._newest_backup = newest_backup
        self._clock = clock or SystemClock()
        self._publisher: Publisher[EnvironmentView] = Publisher(self._build, EnvironmentView(environment.name))

    @property
    def name(self) -> str:
        """The environment's name."""
        return self.environment.name

    def view(self) -> EnvironmentView:
        """The latest view, with the latest ``heard_at`` (which alone is not worth a publish)."""
        return self._publisher.value

    def subscribe(self, callback: Callable[[EnvironmentView], None]) -> Callable[[], None]:
        """``callback`` runs on the loop's thread for each change; the returned function ends it."""
        return self._publisher.subscribe(callback)

    async def start(self) -> None:
        """Begin to watch; returns at once."""

    async def refresh(self) -> None:
        """Ask again at once: health, last operation, newest backup; reconnect what waits."""

    async def close(self) -> None:
        """Stop everything and close the connections."""
        self._publisher.close()

    def _build(self) -> EnvironmentView:
        return self._publisher.value
