"""One forward: a local listener, and the pod behind it wherever that moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace

from veza_tui.model.errors import VezaError
from veza_tui.model.forward import ForwardSpec, ForwardState, ForwardStatus
from veza_tui.model.text import printable
from veza_tui.operations.forward.finder import Finder, Found
from veza_tui.operations.forward.listener import Listener, bind
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import ByteStream, Cluster, ClusterError, ClusterUnreachable, NotFound

CONNECT_WAIT = 15.0
"""Seconds that a new connection waits for a pod or for the API server to come back; then it is reset."""
RETRY = 0.25
CONNECT_TIMEOUT = 10.0


class Forward:
    """``await prepare()``, ``begin()``, then ``status()``; ``on_change`` is called when anything but bytes moves."""

    def __init__(
        self,
        number: int,
        spec: ForwardSpec,
        cluster: Cluster,
        clock: Clock,
        on_change: Callable[[Forward], None],
        *,
        wait: float = CONNECT_WAIT,
    ) -> None:
        self.number = number
        self.spec = spec
        self.ended = asyncio.Event()
        self._cluster = cluster
        self._clock = clock
        self._on_change = on_change
        self._wait = wait
        self._finder = Finder(cluster, spec.target, self._changed)
        self._listener: Listener | None = None
        self._expiry: asyncio.Task[None] | None = None
        self._over: ForwardState | None = None
        self._error, self._error_at = "", 0.0
        self._started = 0.0
        self._expires: float | None = None
        self.paste = ""

    async def prepare(self) -> None:
        """Find the target and take the local port; whether there is a pod already is told by the state.

        Raises:
            PortTaken: the local port is in use.
            VezaError: the target cannot be forwarded to.
        """
        try:
            await self._finder.open()
            self.spec = replace(self.spec, target=self._finder.target)
            sock = bind(self.spec.address, self.spec.local_port, await self._usual_port())
        except BaseException:
            await self._finder.close()
            raise
        self._listener = Listener(sock, self._connect, self._failed, self._changed)

    def begin(self) -> None:
        """Serve from now on; the time until it expires begins."""
        assert self._listener is not None
        self._started = self._clock.now()
        if self.spec.expires_after is not None:
            self.extend(self.spec.expires_after)
        self._listener.start()
        self._changed()

    async def _usual_port(self) -> int:
        """The remote port's number; that of a named one is the pod's."""
        port = self.spec.target.port
        if port.isdigit():
            return int(port)
        try:
            return (await self._finder.wait(5.0)).port
        except VezaError:
            return 0

    async def wait_ready(self, seconds: float) -> None:
        """Until there is a pod.

        Raises:
            TimedOutError: there was none in time.
        """
        await self._finder.wait(seconds)

    def extend(self, seconds: float) -> None:
        """Expire that many seconds from now."""
        self._expires = self._clock.now() + seconds
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = asyncio.create_task(self._expire(seconds))

    async def _expire(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._expiry = None
        await self.stop(ForwardState.EXPIRED)

    async def stop(self, state: ForwardState = ForwardState.ENDED) -> None:
        """Listen no more and cut the connections."""
        if self._over is not None:
            return
        self._over = state
        if self._expiry is not None:
            self._expiry.cancel()
        if self._listener is not None:
            await self._listener.close()
        await self._finder.close()
        self.ended.set()
        self._changed()

    def status(self) -> ForwardStatus:
        """At this moment."""
        finder, listener = self._finder, self._listener
        found = finder.current
        detail = ""
        if self._over is not None:
            state = self._over
        elif listener is None:
            state = ForwardState.STARTING
        elif finder.lost:
            state, detail = ForwardState.LOST, finder.lost
        elif found is None:
            state, detail = ForwardState.WAITING, finder.why
        else:
            state = ForwardState.READY
        counters = listener.counters if listener else None
        return ForwardStatus(
            id=self.number,
            spec=self.spec,
            state=state,
            local_port=listener.port if listener else self.spec.local_port or 0,
            remote_port=found.port if found else 0,
            pod=found.pod if found else "",
            connections=counters.open if counters else 0,
            served=counters.served if counters else 0,
            received=counters.received if counters else 0,
            sent=counters.sent if counters else 0,
            detail=printable(detail, limit=200),
            error=self._error,
            error_at=self._error_at,
            started=self._started,
            expires=self._expires,
            paste=self.paste,
        )

    def _changed(self) -> None:
        self._on_change(self)

    def _failed(self, message: str) -> None:
        self._error, self._error_at = printable(message, limit=300), self._clock.now()
        self._changed()

    async def _connect(self) -> ByteStream:
        """One connection to a pod, tried again while the cluster or the pod is away, but not for ever."""
        end = time.monotonic() + self._wait
        while True:
            found = await self._finder.wait(max(0.01, end - time.monotonic()))
            try:
                return await self._open(found)
            except NotFound:
                # Gone before the watch said so.
                self._finder.refuse(found)
            except ClusterError as error:
                transient = isinstance(error, ClusterUnreachable) or error.status in (0, 429, 500, 502, 503, 504)
                if not transient or time.monotonic() + RETRY > end:
                    raise
            await asyncio.sleep(RETRY)

    async def _open(self, found: Found) -> ByteStream:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT):
                return await self._cluster.connect(self.spec.target.namespace, found.pod, found.port)
        except TimeoutError:
            raise ClusterUnreachable(f"pod {found.pod}: no connection within {CONNECT_TIMEOUT:g} s") from None
