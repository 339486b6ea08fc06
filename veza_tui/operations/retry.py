"""Transient cluster errors: what they are, and calls tried again around them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from veza_tui.model.plan import Need
from veza_tui.model.view import Identity
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import AlreadyExists, Cluster, ClusterError, Conflict, JSONObject, Resource

T = TypeVar("T")

ATTEMPTS = 6
BASE_SECONDS = 0.25
CAP_SECONDS = 5.0
RETRY_AFTER_CAP_SECONDS = 30.0
"""A server that asks for a longer pause than this is not obeyed, the call fails instead."""

_TRANSIENT = frozenset({0, 429, 500, 502, 503, 504})


def is_transient(error: ClusterError) -> bool:
    """Whether the same call may well succeed in a moment: overload, a reset, a lost race without an owner.

    An apply conflict names other managers: that is a decision for a person, not for another try.
    """
    if isinstance(error, Conflict):
        if isinstance(error, AlreadyExists):
            return False
        return not error.details.get("managers")
    if error.retry_after is not None and error.retry_after > RETRY_AFTER_CAP_SECONDS:
        return False
    return error.status in _TRANSIENT


def pause(attempt: int, error: ClusterError) -> float:
    """Seconds before the next try: what the server asks for, else doubling with jitter."""
    if error.retry_after is not None:
        return error.retry_after
    return min(BASE_SECONDS * 2.0**attempt, CAP_SECONDS) * random.uniform(0.7, 1.3)


async def with_retry(
    call: Callable[[], Awaitable[T]],
    clock: Clock,
    *,
    attempts: int = ATTEMPTS,
    retryable: Callable[[ClusterError], bool] = is_transient,
    told: Callable[[ClusterError, float], None] | None = None,
) -> T:
    """Call until it succeeds, fails for good or ``attempts`` are used up; raises the last error."""
    for attempt in range(attempts):
        try:
            return await call()
        except ClusterError as error:
            if attempt + 1 == attempts or not retryable(error):
                raise
            seconds = pause(attempt, error)
            if told is not None:
                told(error, seconds)
            await clock.sleep(seconds)
    raise AssertionError("unreachable")


class RetryingCluster:
    """A Cluster whose idempotent calls are tried again. Create and replace are only when the server said 429.

    After a reset nobody knows whether a create or a replace was done, and a replace that lost its race must be decided
    by whoever read the object. Streams, exec, forwards and proxies pass through.
    """

    def __init__(self, cluster: Cluster, clock: Clock, told: Callable[[ClusterError, float], None]) -> None:
        self._cluster = cluster
        self._clock = clock
        self._told = told

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def identity(self) -> Identity:
        return await self._again(self._cluster.identity)

    async def get(self, resource: Resource, name: str, namespace: str | None = None) -> JSONObject:
        return await self._again(lambda: self._cluster.get(resource, name, namespace), conflict=False)

    async def list_all(self, resource: Resource, namespace: str | None = None, **more: Any) -> list[JSONObject]:
        return await self._again(lambda: self._cluster.list_all(resource, namespace, **more))

    async def apply(self, obj: JSONObject, **more: Any) -> JSONObject:
        return await self._again(lambda: self._cluster.apply(obj, **more))

    async def patch(
        self, resource: Resource, name: str, patch: Any, namespace: str | None = None, **more: Any
    ) -> JSONObject:
        # A JSON patch may append: only merge patches give the same object however often they are sent.
        if more.get("kind") == "json":
            return await self._overloaded(lambda: self._cluster.patch(resource, name, patch, namespace, **more))
        return await self._again(lambda: self._cluster.patch(resource, name, patch, namespace, **more))

    async def delete(self, resource: Resource, name: str, namespace: str | None = None, **more: Any) -> None:
        # A second delete after a lost answer gives NotFound, which callers take as gone already.
        return await self._again(lambda: self._cluster.delete(resource, name, namespace, **more), conflict=False)

    async def create(
        self, resource: Resource, obj: JSONObject, namespace: str | None = None, **more: Any
    ) -> JSONObject:
        return await self._overloaded(lambda: self._cluster.create(resource, obj, namespace, **more))

    async def replace(self, resource: Resource, obj: JSONObject, namespace: str | None = None) -> JSONObject:
        return await self._overloaded(lambda: self._cluster.replace(resource, obj, namespace))

    async def allowed(self, needs: Sequence[Need]) -> list[bool]:
        # Each for itself: of fifty asked at once, one fails nearly always when the API is flaky.
        answers = await asyncio.gather(*(self._may(need) for need in needs))
        return [yes for one in answers for yes in one]

    async def _may(self, need: Need) -> list[bool]:
        return await self._again(lambda: self._cluster.allowed([need]))

    async def whoami(self) -> str:
        return await self._again(self._cluster.whoami)

    async def _again(self, call: Callable[[], Awaitable[T]], *, conflict: bool = True) -> T:
        def retryable(error: ClusterError) -> bool:
            return is_transient(error) and (conflict or not isinstance(error, Conflict))

        return await with_retry(call, self._clock, retryable=retryable, told=self._told)

    async def _overloaded(self, call: Callable[[], Awaitable[T]]) -> T:
        return await with_retry(
            call, self._clock, retryable=lambda e: e.status == 429 and is_transient(e), told=self._told
        )


def retrying(cluster: Cluster, clock: Clock, told: Callable[[ClusterError, float], None]) -> Cluster:
    """``cluster`` with its idempotent calls tried again; ``told`` hears of every pause (error, seconds)."""
    return cast(Cluster, RetryingCluster(cluster, clock, told))
