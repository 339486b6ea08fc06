"""The arithmetic of a Deployment's rollout: pure, after kubernetes/pkg/controller/deployment (util, rolling, sync)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from veza_tui.embedded.cluster.objects import int_or_percent


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a rollout may do at most, in pods."""

    replicas: int
    surge: int
    unavailable: int


@dataclass(slots=True)
class Size:
    """A ReplicaSet as the arithmetic needs it."""

    name: str
    replicas: int
    available: int = 0
    created: float = 0.0
    max_replicas: int | None = None
    """The annotation deployment.kubernetes.io/max-replicas."""


def bounds(spec: dict[str, Any]) -> Bounds:
    """Surge rounds up, unavailable rounds down; both zero becomes unavailable 1 (ResolveFenceposts)."""
    replicas = int(spec.get("replicas", 1))
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Bounds(replicas, 0, 0)
    rolling = strategy.get("rollingUpdate") or {}
    surge = int_or_percent(rolling.get("maxSurge", "25%"), replicas, up=True)
    unavailable = int_or_percent(rolling.get("maxUnavailable", "25%"), replicas, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1
    return Bounds(replicas, surge, min(unavailable, replicas))


def new_size(limit: Bounds, new: Size, everything: Sequence[Size], *, recreate: bool = False) -> int:
    """How many pods the new ReplicaSet may have now (NewRSNewReplicas)."""
    if recreate or new.replicas > limit.replicas:
        return limit.replicas
    room = limit.replicas + limit.surge - sum(s.replicas for s in everything)
    if room <= 0:
        return new.replicas
    return new.replicas + min(room, limit.replicas - new.replicas)


def old_sizes(limit: Bounds, new: Size, old: Sequence[Size]) -> dict[str, int]:
    """New sizes of the old ReplicaSets: unhealthy pods go first, then whatever availability allows."""
    alive = sorted((s for s in old if s.replicas > 0), key=lambda s: (s.created, s.name))
    sizes = {s.name: s.replicas for s in alive}
    floor = limit.replicas - limit.unavailable
    total = new.replicas + sum(sizes.values())
    budget = total - floor - (new.replicas - new.available)
    if not alive or budget <= 0:
        return {}
    for one in alive:
        unhealthy = min(budget, one.replicas - one.available)
        if unhealthy > 0:
            sizes[one.name] -= unhealthy
            budget -= unhealthy
    spare = new.available + sum(s.available for s in alive) - floor
    for one in alive:
        if spare <= 0:
            break
        down = min(sizes[one.name], spare)
        sizes[one.name] -= down
        spare -= down
    return {s.name: sizes[s.name] for s in alive if sizes[s.name] != s.replicas}


def proportional(limit: Bounds, new: Size | None, old: Sequence[Size], status_replicas: int) -> dict[str, int]:
    """New sizes when the Deployment is scaled while several ReplicaSets are active (sync.scale)."""
    active = [s for s in (*old, *((new,) if new else ())) if s.replicas > 0]
    if len(active) <= 1:
        newest = sorted(old, key=lambda s: (-s.created, s.name))
        target = active[0] if active else new or (newest[0] if newest else None)
        return {target.name: limit.replicas} if target and target.replicas != limit.replicas else {}
    if new and new.replicas == limit.replicas == new.available and new.max_replicas is not None:
        return {s.name: 0 for s in old if s.replicas > 0}
    allowed = limit.replicas + limit.surge if limit.replicas else 0
    to_add = allowed - sum(s.replicas for s in active)
    if to_add == 0:
        return {}
    newer = -1 if to_add > 0 else 1
    active.sort(key=lambda s: (-s.replicas, newer * s.created, s.name))
    added, sizes = 0, {}
    for one in active:
        share = _fraction(limit, one, status_replicas)
        left = to_add - added
        share = min(share, left) if to_add > 0 else max(share, left)
        sizes[one.name] = max(0, one.replicas + share)
        added += share
    first = active[0].name
    sizes[first] = max(0, sizes[first] + to_add - added)
    return {s.name: sizes[s.name] for s in active if sizes[s.name] != s.replicas}


def _fraction(limit: Bounds, one: Size, status_replicas: int) -> int:
    if limit.replicas == 0:
        return -one.replicas
    before = one.max_replicas or status_replicas or 1
    exact = one.replicas * (limit.replicas + limit.surge) / before
    return math.floor(exact + 0.5) - one.replicas
