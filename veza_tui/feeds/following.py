"""One kind of object of one environment, followed: the latest rows, and how the connection stands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import (
    Cluster,
    ClusterError,
    JSONObject,
    Lost,
    Removed,
    Resource,
    Synced,
    Upsert,
    WatchEvent,
)

T = TypeVar("T")
log = logging.getLogger(__name__)

GRACE = 2.0
"""Seconds for which a lost connection that may be back in a moment is not spoken of."""
RESTART = 2.0
"""Seconds until a watch that failed in a way nobody foresaw is begun again."""


class Following(Generic[T]):
    """Keeps ``items`` by uid. ``changed`` is called when they or ``lost`` changed, ``heard`` for each sign of life."""

    def __init__(
        self,
        resource: Resource,
        project: Callable[[JSONObject], T],
        clock: Clock,
        *,
        heard: Callable[[], None],
        changed: Callable[[], None],
        field_selector: str = "",
        label_selector: str = "",
        keep: Callable[[dict[str, T]], None] | None = None,
    ) -> None:
        self.resource = resource
        self.items: dict[str, T] = {}
        self.synced = False
        """Whether a list was ever complete."""
        self.lost: ClusterError | None = None
        """Why there is no connection now; None while there is one, or the first is being made."""
        self._lost_at = 0.0
        self._later: asyncio.TimerHandle | None = None
        self.version = 0
        """Grows with each change of ``items``."""
        self._project = project
        self._clock = clock
        self._heard = heard
        self._changed = changed
        self._selectors = {"field_selector": field_selector}
        if label_selector:
            self._selectors["label_selector"] = label_selector
        self._keep = keep
        self._task: asyncio.Task[None] | None = None

    def start(self, cluster: Cluster, namespace: str) -> None:
        """Begin, or begin anew; rows known so far stay until the new list is there."""
        self._stop_task()
        self._task = asyncio.create_task(self._run(cluster, namespace), name=f"watch {self.resource.plural}")

    async def close(self) -> None:
        """Stop."""
        task = self._stop_task()
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def trouble(self) -> ClusterError | None:
        """``lost``, once it is worth speaking of: refusals at once, what may be over in a moment after GRACE."""
        if self.lost is None or self.lost.status in (401, 403, 404):
            return self.lost
        brief = self.synced or self.lost.status == 429 or self.lost.status >= 500
        return None if brief and self._clock.monotonic() - self._lost_at < GRACE else self.lost

    def _stop_task(self) -> asyncio.Task[None] | None:
        if self._later is not None:
            self._later.cancel()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
        return task

    async def _run(self, cluster: Cluster, namespace: str) -> None:
        while True:
            stream: Any = cluster.watch(self.resource, namespace, self._project, **self._selectors)
            try:
                async for event in stream:
                    self.take(event)
            except ClusterError as error:
                self.take(Lost(error))
            except Exception as error:
                # A mistake of ours in one watch must not end the environment's whole view.
                log.exception("watch %s", self.resource.plural)
                self.take(
                    Lost(ClusterError(f"watch {self.resource.plural}: unexpected {type(error).__name__}", status=500))
                )
            finally:
                await stream.aclose()
            await self._clock.sleep(RESTART)

    def take(self, event: WatchEvent[T]) -> None:
        """One event of the watch."""
        if isinstance(event, Lost):
            if self.lost is None:
                self._lost_at = self._clock.monotonic()
                if self._later is not None:
                    self._later.cancel()
                self._later = asyncio.get_running_loop().call_later(GRACE + 0.01, self._changed)
            if self.lost is None or str(self.lost) != str(event.error):
                self.lost = event.error
                self._changed()
            return
        self._heard()
        changed = self.lost is not None
        self.lost = None
        if isinstance(event, Synced):
            changed = changed or not self.synced or self.items != event.items
            self.items = dict(event.items)
            self.synced = True
        elif isinstance(event, Upsert):
            if self.items.get(event.uid) == event.item:
                if changed:
                    self._changed()
                return
            self.items[event.uid] = event.item
            changed = True
        elif isinstance(event, Removed):
            changed = self.items.pop(event.uid, None) is not None or changed
        if changed:
            if self._keep is not None:
                self._keep(self.items)
            self.version += 1
            self._changed()
