"""The newest views as Prometheus metrics, made at each scrape.

The guide's ``backend-api_health`` cannot be a Prometheus name (no dashes), so it is
``veza_health{environment,check="backend-api",kind="service"}``: 1 well or degraded but answering, 0 failed. What is not
known (never asked, the last answer too old, nobody could ask) is **absent**: Prometheus' ``absent()`` and staleness
then say so, where a NaN would compare as false without a word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from veza_tui.model.view import EnvironmentView, HealthRow, Link
from veza_tui.model.workload import State
from veza_tui.operations.monitor.hooks import HookCounts
from veza_tui.ports.clock import Clock

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

OLD = 80.0
"""Seconds after which an answer says nothing of now: two intervals of 30 s, a timeout, and some."""
_ENV = "environment"


class Metrics:
    """A prometheus_client collector; ``views`` may be called from the scraping thread."""

    def __init__(
        self, views: Callable[[], Sequence[EnvironmentView]], clock: Clock, hooks: HookCounts | None = None
    ) -> None:
        self._views = views
        self._clock = clock
        self._hooks = hooks

    def register(self, registry: CollectorRegistry) -> None:
        """Have it asked at each scrape of ``registry``."""
        registry.register(self)

    def describe(self) -> Iterator[Any]:
        """Nothing in advance: registering asks for no values."""
        return iter(())

    def collect(self) -> Iterator[Any]:
        """All families."""
        views = self._views()
        now, monotonic = self._clock.now(), self._clock.monotonic()
        yield from _health(views, now)
        yield from _vitals(views, now)
        yield from _pods(views)
        yield from _rollouts(views)
        yield from _connection(views, monotonic)
        yield from _backups(views, now)
        if self._hooks is not None:
            yield _hook_counts(self._hooks)


def known(row: HealthRow, now: float) -> bool:
    """Whether the check's last answer says something of now."""
    return bool(row.at) and row.state is not State.UNKNOWN and now - row.at <= OLD


def _health(views: Sequence[EnvironmentView], now: float) -> Iterator[Any]:
    labels = (_ENV, "check", "kind")
    up = _gauge("veza_health", "1 the check answers, 0 it failed; absent when not known.", labels)
    degraded = _gauge("veza_health_degraded", "1 it answers but is not well (or is in doubt), else 0.", labels)
    latency = _gauge("veza_health_latency_seconds", "Time of the last answer.", labels)
    asked = _gauge("veza_health_checked_timestamp_seconds", "When it was asked last.", labels)
    for view in views:
        for row in view.health:
            values = (view.name, row.name, row.kind)
            if row.at:
                asked.add_metric(values, row.at)
            if not known(row, now):
                continue
            up.add_metric(values, 0.0 if row.state is State.FAILED else 1.0)
            degraded.add_metric(values, 1.0 if row.state is State.DEGRADED else 0.0)
            if row.latency is not None:
                latency.add_metric(values, row.latency)
    return iter((up, degraded, latency, asked))


_DATABASE: Mapping[str, tuple[str, str]] = {
    "connections": ("veza_database_connections", "Connections in use."),
    "max_connections": ("veza_database_max_connections", "Connections that the server allows."),
    "longest_transaction": ("veza_database_longest_transaction_seconds", "Age of the longest transaction."),
    "blocked": ("veza_database_blocked_sessions", "Sessions that wait for a lock."),
    "replication_lag": ("veza_database_replication_lag_seconds", "Lag of the slowest replica; absent without one."),
    "size": ("veza_database_size_bytes", "Size of the database."),
    "cache_hit": ("veza_database_cache_hit_ratio", "Share of blocks found in memory, 0 to 1."),
}
_CACHE: Mapping[str, tuple[str, str]] = {
    "used_memory": ("veza_cache_memory_bytes", "Memory in use."),
    "max_memory": ("veza_cache_max_memory_bytes", "Memory limit, 0 for none."),
    "evicted": ("veza_cache_evicted_keys", "Keys evicted since the server started."),
    "clients": ("veza_cache_clients", "Connected clients."),
}


def _vitals(views: Sequence[EnvironmentView], now: float) -> Iterator[Any]:
    for kind, names in (("database", _DATABASE), ("cache", _CACHE)):
        for key, (name, words) in names.items():
            family = _gauge(name, words, (_ENV,))
            for view in views:
                for row in view.health:
                    value = dict(row.vitals).get(key) if row.kind == kind and known(row, now) else None
                    if isinstance(value, (int, float)):
                        family.add_metric((view.name,), float(value))
            yield family


def _pods(views: Sequence[EnvironmentView]) -> Iterator[Any]:
    pods = _gauge("veza_pods", "Pods by state; absent while they are not known.", (_ENV, "state"))
    restarts = _gauge("veza_pod_restarts", "Restarts of all containers of the pods that exist.", (_ENV,))
    for view in views:
        if view.link is not Link.LIVE or not view.synced:
            continue
        counts = Counter(pod.state for pod in view.pods.values())
        for state in State:
            pods.add_metric((view.name, state.value), counts[state])
        restarts.add_metric((view.name,), sum(pod.restarts for pod in view.pods.values()))
    return iter((pods, restarts))


def _rollouts(views: Sequence[EnvironmentView]) -> Iterator[Any]:
    labels = (_ENV, "rollout")
    families = {
        "desired": _gauge("veza_rollout_desired_replicas", "Pods wanted.", labels),
        "ready": _gauge("veza_rollout_ready_replicas", "Pods ready.", labels),
        "updated": _gauge("veza_rollout_updated_replicas", "Pods of the newest revision.", labels),
        "available": _gauge("veza_rollout_available_replicas", "Pods available.", labels),
    }
    state = _gauge("veza_rollout_state", "1 for the state that the rollout is in.", (*labels, "state"))
    for view in views:
        if view.link is not Link.LIVE:
            continue
        for row in view.rollouts:
            for name, family in families.items():
                family.add_metric((view.name, row.name), getattr(row, name))
            for one in State:
                state.add_metric((view.name, row.name, one.value), 1.0 if row.state is one else 0.0)
    return iter((*families.values(), state))


def _connection(views: Sequence[EnvironmentView], monotonic: float) -> Iterator[Any]:
    up = _gauge("veza_cluster_up", "1 while the cluster answers, else 0.", (_ENV,))
    age = _gauge("veza_data_age_seconds", "Seconds since the last word from the cluster; absent for never.", (_ENV,))
    for view in views:
        if view.link is not Link.CONNECTING:
            up.add_metric((view.name,), 1.0 if view.link is Link.LIVE else 0.0)
        if view.heard_at is not None:
            age.add_metric((view.name,), max(0.0, monotonic - view.heard_at))
    return iter((up, age))


def _backups(views: Sequence[EnvironmentView], now: float) -> Iterator[Any]:
    proven = _gauge(
        "veza_backup_proven_age_seconds", "Age of the newest backup that was proven by a load; absent without.", (_ENV,)
    )
    newest = _gauge("veza_backup_age_seconds", "Age of the newest backup; absent without one.", (_ENV,))
    for view in views:
        backup = view.newest_backup
        if backup is None:
            continue
        newest.add_metric((view.name,), max(0.0, now - backup.at))
        at = backup.proven_at if backup.proven_at is not None else backup.at if backup.proven else None
        if at is not None:
            proven.add_metric((view.name,), max(0.0, now - at))
    return iter((proven, newest))


def _hook_counts(counts: HookCounts) -> Any:
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily("veza_hooks", "Hooks run since the start, by how they ended.", labels=("result",))
    for name in ("ok", "failed", "timed_out", "dropped"):
        family.add_metric((name,), getattr(counts, name))
    return family


def _gauge(name: str, words: str, labels: Sequence[str]) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    return GaugeMetricFamily(name, words, labels=list(labels))
