"""One operation per environment: a Lease in the cluster, fenced by resourceVersion, and a lock file on this machine.

The Lease ``veza-tui-ENV`` lives in the environment's namespace. Where that does not exist yet (the first deploy) it is
created, empty, before the lock is taken: a lock that moved house when the namespace appears would be no lock.
A holder renews at a third of the duration; one that does not is stale, and taken over only when a person says so.
Expiry compares the holder's clock with ours: both need ordinary time synchronisation.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import LockedError, RefusedError
from veza_tui.model.text import printable
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import (
    LEASES,
    Cluster,
    ClusterError,
    Conflict,
    JSONObject,
    NotFound,
)

DURATION = 30.0
"""Seconds after the last renewal at which a lock counts as stale."""
_OPERATION = "veza-tui/operation"
_KIND = "veza-tui/kind"
_LAST_CHANGE = "veza-tui/last-change"
"""The operation that changed the environment last: an older one is neither resumed nor undone over it."""


class LockLostError(LockedError):
    """The Lease was taken from us while we ran."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who wants or has the lock."""

    operation: str
    kind: str
    label: str
    """user@host."""
    changes: bool = True
    """Whether its plan changes something."""


class LeaseLock:
    """The Lease of one environment, for one operation."""

    def __init__(
        self,
        cluster: Cluster,
        clock: Clock,
        namespace: str,
        environment: str,
        holder: Holder,
        *,
        duration: float = DURATION,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._namespace = namespace
        self._name = lease_name(environment)
        self._environment = environment
        self._holder = holder
        self._duration = duration
        self._lease: JSONObject | None = None
        self._renewed = 0.0
        self._renewing: asyncio.Task[None] | None = None
        self.lost = ""
        """Why it is not ours any more; empty while it is."""

    async def acquire(self, *, take_over: bool = False, again: bool = False) -> str:
        """Take it and renew it from now on; returns whom it was taken over from, empty for nobody.

        Raises:
            RefusedError: ``again`` (a resume, an undo) and another operation has changed the environment since.
            LockedError: somebody holds it; the line says who, which operation and since when.
            ClusterError: the cluster does not answer or refuses.
        """
        taken_from = ""
        for attempt in range(10):
            current = None
            try:
                current = await self._read()
                if again and current is not None:
                    self._refuse_after_others(current)
                if current is not None and self._ours(current):
                    # Ours from before a crash or a lost answer; renewed once to be sure of it.
                    wanted = self._claim(current, fresh=False)
                else:
                    taken_from = self._may_claim(current, take_over)
                    wanted = self._claim(current, fresh=True)
                self._lease = await self._write(current, wanted)
            except Conflict:
                continue  # somebody was quicker: look again
            except NotFound:
                if current is None:
                    raise RefusedError(f"namespace {self._namespace} does not exist") from None
                continue
            except ClusterError as error:
                if error.status not in (0, 429, 500, 502, 503, 504) or attempt == 9:
                    raise
                pause = 0.2 * 2**attempt if error.retry_after is None else error.retry_after
                await self._clock.sleep(min(pause, 5.0))
                continue  # nobody knows whether it was done: look again
            self._renewed = self._clock.monotonic()
            self.lost = ""
            self._renewing = asyncio.create_task(self._renew_for_ever(), name="lease")
            return taken_from
        raise LockedError(f"{self._environment}: its lock changes hands too quickly", hint="try again")

    async def ensure(self) -> None:
        """Before a step: be sure that it is still ours.

        Raises:
            LockLostError: it is not, or the cluster has not confirmed it for a whole duration and does not now.
        """
        if not self.lost and self._clock.monotonic() - self._renewed > self._duration:
            error = await self._renew()
            if error is not None and not self.lost:
                self.lost = f"the cluster has not confirmed it for {self._duration:g} s ({error})"
        if self.lost:
            raise LockLostError(f"the lock on {self._environment} was lost: {self.lost}")

    async def release(self) -> None:
        """Give it back, if it is still ours. Best effort: an unreleased lock goes stale by itself."""
        if self._renewing is not None:
            self._renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._renewing
            self._renewing = None
        for _ in range(3):
            if self._lease is None or self.lost:
                return
            free = {**self._lease, "spec": {**self._lease["spec"], "holderIdentity": ""}}
            try:
                await self._cluster.replace(LEASES, free, self._namespace)
                self._lease = None
            except Conflict:
                # Somebody annotated it, or took it: only the first is still ours to free.
                current = await self._read_quietly()
                self._lease = current if current is not None and self._ours(current) else None
            except ClusterError:
                await self._clock.sleep(0.3)

    async def _renew_for_ever(self) -> None:
        while not self.lost:
            await self._clock.sleep(self._duration / 3)
            await self._renew()

    async def _renew(self) -> ClusterError | None:
        """One renewal; None when it worked. Sets ``lost`` when somebody else has it."""
        assert self._lease is not None
        try:
            async with asyncio.timeout(self._duration / 3):
                try:
                    self._lease = await self._write(self._lease, self._claim(self._lease, fresh=False))
                except (Conflict, NotFound):
                    current = await self._read()
                    if current is None:
                        self.lost = "its Lease was deleted"
                        return None
                    if not self._ours(current):
                        self.lost = f"it is held by {describe(current)}"
                        return None
                    self._lease = await self._write(current, self._claim(current, fresh=False))
        except ClusterError as error:
            return error
        except TimeoutError:
            return ClusterError("no answer in time")
        self._renewed = self._clock.monotonic()
        return None

    async def _read(self) -> JSONObject | None:
        try:
            return await self._cluster.get(LEASES, self._name, self._namespace)
        except NotFound:
            return None

    async def _read_quietly(self) -> JSONObject | None:
        try:
            return await self._read()
        except ClusterError:
            return None

    async def _write(self, current: JSONObject | None, wanted: JSONObject) -> JSONObject:
        if current is None:
            return await self._cluster.create(LEASES, wanted, self._namespace)
        return await self._cluster.replace(LEASES, wanted, self._namespace)

    def _ours(self, lease: JSONObject) -> bool:
        spec = lease.get("spec") or {}
        return bool(spec.get("holderIdentity")) and _annotations(lease).get(_OPERATION) == self._holder.operation

    def _refuse_after_others(self, lease: JSONObject) -> None:
        last = printable(str(_annotations(lease).get(_LAST_CHANGE, "")), limit=60)
        if last not in ("", self._holder.operation):
            raise RefusedError(
                f"operation {last} has changed {self._environment} since",
                hint="going on with the older one, or taking it back, would overwrite that; make a new plan",
            )

    def _may_claim(self, current: JSONObject | None, take_over: bool) -> str:
        if current is None or not (current.get("spec") or {}).get("holderIdentity"):
            return ""
        who = describe(current)
        age = self._clock.now() - _time((current.get("spec") or {}).get("renewTime"))
        limit = float((current.get("spec") or {}).get("leaseDurationSeconds") or self._duration)
        if age <= limit:
            raise LockedError(f"{self._environment} is locked by {who}", hint="wait for it, or attach to it")
        if not take_over:
            raise LockedError(
                f"{self._environment} is locked by {who}, which has not renewed it for {age:.0f} s",
                hint="resume or undo that operation; if it is surely dead, give --take-over",
            )
        return who

    def _claim(self, current: JSONObject | None, *, fresh: bool) -> JSONObject:
        now = stamp(self._clock.now())
        spec: dict[str, Any] = dict((current or {}).get("spec") or {})
        transitions = int(spec.get("leaseTransitions") or 0)
        if fresh:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = transitions + (1 if current is not None else 0)
        spec["holderIdentity"] = f"{self._holder.label}/{self._holder.operation}"
        spec["leaseDurationSeconds"] = max(1, round(self._duration))
        spec["renewTime"] = now
        old = dict((current or {}).get("metadata") or {})
        metadata: dict[str, Any] = {
            "name": self._name,
            "namespace": self._namespace,
            "labels": {**(old.get("labels") or {}), "app.kubernetes.io/managed-by": "veza-tui"},
            "annotations": {
                **(old.get("annotations") or {}),
                _OPERATION: self._holder.operation,
                _KIND: self._holder.kind,
                **({_LAST_CHANGE: self._holder.operation} if self._holder.changes else {}),
            },
        }
        for key in ("resourceVersion", "uid"):
            if key in old:
                metadata[key] = old[key]
        return {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}


def lease_name(environment: str) -> str:
    """``veza-tui-ENV``."""
    return f"veza-tui-{environment}"


async def ever_changed(cluster: Cluster, environment: Environment) -> bool:
    """Whether there is a Lease: no operation of ours ran without one."""
    try:
        await cluster.get(LEASES, lease_name(environment.name), environment.kubernetes.namespace)
    except NotFound:
        return False
    return True


def describe(lease: JSONObject) -> str:
    """Who holds a Lease, with which operation, since when."""
    spec = lease.get("spec") or {}
    notes = _annotations(lease)
    who = printable(str(spec.get("holderIdentity") or "?"), limit=120)
    kind = printable(str(notes.get(_KIND, "")), limit=40)
    operation = printable(str(notes.get(_OPERATION, "")), limit=40)
    if operation:
        who = who.removesuffix(f"/{operation}")
    since = printable(str(spec.get("acquireTime") or "?"), limit=40)
    return f"{who} ({' '.join(filter(None, (kind, operation)))}) since {since}"


def _annotations(lease: JSONObject) -> dict[str, Any]:
    return (lease.get("metadata") or {}).get("annotations") or {}


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _time(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return 0.0
