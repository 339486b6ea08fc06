"""The environment's Lease: exactly one holder, named to the others; stale ones only on purpose; losses are noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.tools.clocks import EagerClock, FakeClock
from tests.tools.clusters import MemoryCluster
from veza_tui.model.errors import LockedError, RefusedError
from veza_tui.operations.local_lock import LocalLock
from veza_tui.operations.lock import Holder, LeaseLock, LockLostError
from veza_tui.operations.namespace import ensure_namespace
from veza_tui.ports.cluster import Cluster, ClusterError, ClusterUnreachable

KEY = "leases/ns/veza-tui-production"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def locks(clock: FakeClock) -> AsyncIterator[Any]:
    made: list[LeaseLock] = []

    def make(cluster: MemoryCluster, operation: str, *, at: Any = None) -> LeaseLock:
        holder = Holder(operation, "deploy", f"user-{operation}@host")
        lock = LeaseLock(cast(Cluster, cluster), at or clock, "ns", "production", holder, duration=30)
        made.append(lock)
        return lock

    yield make
    for lock in made:
        if lock._renewing is not None:
            lock._renewing.cancel()


async def test_lease_tells_who_and_since_when(locks: Any) -> None:
    cluster = MemoryCluster()
    first = locks(cluster, "one")
    assert await first.acquire() == ""
    spec = cluster.state["objects"][KEY]["spec"]
    assert spec["holderIdentity"] == "user-one@host/one"
    assert spec["leaseDurationSeconds"] == 30
    assert spec["renewTime"].endswith("Z") and spec["acquireTime"] == spec["renewTime"]
    with pytest.raises(LockedError) as caught:
        await locks(cluster, "two").acquire(take_over=True)  # fresh: not even on purpose
    assert (
        "user-one@host" in str(caught.value)
        and "deploy one" in str(caught.value)
        and "since 2023-" in str(caught.value)
    )
    assert caught.value.exit == 5


async def test_released_lease_is_free_and_counts_transitions(locks: Any) -> None:
    cluster = MemoryCluster()
    first = locks(cluster, "one")
    await first.acquire()
    await first.release()
    assert cluster.state["objects"][KEY]["spec"]["holderIdentity"] == ""
    second = locks(cluster, "two")
    await second.acquire()
    assert cluster.state["objects"][KEY]["spec"]["leaseTransitions"] == 1


async def test_hundred_races_of_five(clock: FakeClock) -> None:
    for _ in range(100):
        cluster = MemoryCluster()
        locks = [
            LeaseLock(cast(Cluster, cluster), clock, "ns", "production", Holder(f"op{n}", "deploy", f"u{n}@h"))
            for n in range(5)
        ]
        results = await asyncio.gather(*(lock.acquire() for lock in locks), return_exceptions=True)
        winners = [lock for lock, result in zip(locks, results, strict=True) if result == ""]
        assert len(winners) == 1
        assert all(isinstance(r, LockedError) for r in results if r != "")
        # And a second round for the Lease that was given back.
        await winners[0].release()
        losers = [lock for lock in locks if lock is not winners[0]]
        results = await asyncio.gather(*(lock.acquire() for lock in losers), return_exceptions=True)
        assert sum(r == "" for r in results) == 1
        for lock in losers:
            await lock.release()


async def test_renewed_at_a_third_of_the_duration(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    before = cluster.state["objects"][KEY]["spec"]["renewTime"]
    await clock.advance(9.9)
    assert cluster.state["objects"][KEY]["spec"]["renewTime"] == before
    await clock.advance(0.2)
    assert cluster.state["objects"][KEY]["spec"]["renewTime"] > before
    await clock.advance(300)
    with pytest.raises(LockedError):
        await locks(cluster, "two").acquire(take_over=True)


async def test_stale_lease_is_taken_over_only_on_purpose(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    dead = locks(cluster, "dead")
    await dead.acquire()
    dead._renewing.cancel()
    await clock.advance(31)
    with pytest.raises(LockedError, match="--take-over"):
        await locks(cluster, "two").acquire()
    two = locks(cluster, "two")
    taken_from = await two.acquire(take_over=True)
    assert "user-dead@host" in taken_from
    # The dead one wakes up: it notices, and neither renews nor frees what is not its own.
    dead._renewed = -1e9
    with pytest.raises(LockLostError, match="user-two@host"):
        await dead.ensure()
    await dead.release()
    assert "two" in cluster.state["objects"][KEY]["spec"]["holderIdentity"]


async def test_loss_is_noticed_by_the_renewal(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    thief = cluster.state["objects"][KEY]
    thief["metadata"]["resourceVersion"] = "999"
    thief["metadata"]["annotations"]["veza-tui/operation"] = "thief"
    thief["spec"]["holderIdentity"] = "thief@elsewhere/thief"
    await clock.advance(10)
    with pytest.raises(LockLostError, match="thief@elsewhere"):
        await lock.ensure()


async def test_deleted_lease_is_a_loss(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    del cluster.state["objects"][KEY]
    await clock.advance(10)
    with pytest.raises(LockLostError, match="deleted"):
        await lock.ensure()


async def test_somebody_only_annotated_it(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    lease = cluster.state["objects"][KEY]
    lease["metadata"]["resourceVersion"] = "999"
    lease["metadata"]["annotations"]["other"] = "note"
    await clock.advance(10)
    await lock.ensure()
    assert cluster.state["objects"][KEY]["metadata"]["annotations"]["other"] == "note"
    await lock.release()
    assert cluster.state["objects"][KEY]["spec"]["holderIdentity"] == ""


async def test_outage_shorter_than_the_duration_is_survived(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    cluster.faults[("replace", "leases")] = [ClusterUnreachable("down")] * 2
    await clock.advance(25)
    await lock.ensure()
    await clock.advance(6)
    await lock.ensure()
    assert not lock.lost


async def test_outage_longer_than_the_duration_stops_us_at_the_next_safe_point(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    cluster.faults[("replace", "leases")] = [ClusterUnreachable("down")] * 50
    await clock.advance(31)
    with pytest.raises(LockLostError, match="not confirmed"):
        await lock.ensure()


async def test_after_a_long_outage_it_is_kept_when_nobody_took_it(locks: Any, clock: FakeClock) -> None:
    cluster = MemoryCluster()
    lock = locks(cluster, "one")
    await lock.acquire()
    cluster.faults[("replace", "leases")] = [ClusterUnreachable("down")] * 3
    await clock.advance(31)
    await lock.ensure()


@pytest.mark.parametrize("status", [0, 500, 503, 429])
async def test_lost_answer_of_create_is_looked_up(status: int, locks: Any) -> None:
    cluster = MemoryCluster()
    cluster.lost_answers[("create", "leases")] = [ClusterError("reset", status=status)]
    lock = locks(cluster, "one", at=EagerClock())
    await lock.acquire()
    assert len([c for c in cluster.calls if c[0] == "create"]) == 1
    lock._renewing.cancel()


async def test_same_operation_takes_its_own_lease_back_after_a_crash(locks: Any) -> None:
    cluster = MemoryCluster()
    crashed = locks(cluster, "one")
    await crashed.acquire()
    crashed._renewing.cancel()
    assert await locks(cluster, "one").acquire() == ""


async def test_denied_is_not_retried(locks: Any) -> None:
    cluster = MemoryCluster()
    cluster.faults[("create", "leases")] = [ClusterError("forbidden", status=403)] * 2
    with pytest.raises(ClusterError, match="forbidden"):
        await locks(cluster, "one").acquire()
    assert len(cluster.faults[("create", "leases")]) == 1


async def test_namespace_is_created_only_by_plans_that_may() -> None:
    cluster = MemoryCluster(namespaces=())
    told: list[str] = []
    with pytest.raises(RefusedError, match="does not exist"):
        await ensure_namespace(cast(Cluster, cluster), "new", create=False, told=told.append)
    await ensure_namespace(cast(Cluster, cluster), "new", create=True, told=told.append)
    await ensure_namespace(cast(Cluster, cluster), "new", create=True, told=told.append)
    assert len(told) == 1
    lock = LeaseLock(cast(Cluster, cluster), EagerClock(), "gone", "production", Holder("o", "k", "u@h"))
    with pytest.raises(RefusedError, match="gone does not exist"):
        await lock.acquire()


def test_local_lock_names_its_holder(tmp_path: Path) -> None:
    first, second = LocalLock(tmp_path, "uid", "production"), LocalLock(tmp_path, "uid", "production")
    first.acquire(Holder("op1", "deploy", "me@here"), 1_700_000_000)
    with pytest.raises(LockedError, match=r"me@here \(deploy op1\) since 2023-"):
        second.acquire(Holder("op2", "deploy", "me@here"), 1_700_000_001)
    LocalLock(tmp_path, "uid", "staging").acquire(Holder("op3", "deploy", "me@here"), 0)
    first.release()
    second.acquire(Holder("op2", "deploy", "me@here"), 1_700_000_001)
