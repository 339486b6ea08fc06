"""The frozen picture of one environment that feeds publish and the screens and `status` paint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from veza_tui.model.workload import AutoscalerRow, EventRow, PodRow, ReplicaSetRow, RolloutRow, State

if TYPE_CHECKING:
    from veza_tui.model.restore import SetAside


class Link(StrEnum):
    """How the connection to a cluster stands."""

    CONNECTING = "connecting"
    LIVE = "live"
    STALE = "stale"
    """It answered before and does not now: rows are old."""
    DOWN = "down"
    """It never answered, or refuses: there are no rows."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and what to do, one line each; ``kinds`` names the resources concerned, empty for all."""

    what: str
    todo: str
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """Which cluster this is. ``uid`` is the kube-system namespace's, empty when it may not be read."""

    server: str
    context: str
    namespace: str
    user: str = ""
    version: str = ""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class HealthRow:
    """The last answer of one check, with its recent latencies for the sparkline."""

    name: str
    """backend-api, chat-server, stream-server, database or cache (services by their own name)."""
    kind: str
    """service, database or cache."""
    state: State
    latency: float | None
    """Seconds of the last answer; None when there was none."""
    detail: str
    """One telling detail: `503 database down`, `41/100`, `13 MB`."""
    asked: str
    """What exactly was asked, without secrets."""
    answered: str
    """What exactly came back, one line."""
    at: float
    """Unix seconds of the answer."""
    history: tuple[tuple[float, State, float | None], ...] = ()
    """(unix seconds, state, latency seconds), oldest first."""
    vitals: tuple[tuple[str, float | int | str | bool | None], ...] = ()
    """What database and cache said of themselves, by the names of ports.health; empty for services and no answer."""
    confirmed: bool = True
    """False while a change between well and ill waits for its second answer."""


@dataclass(frozen=True, slots=True)
class LastOperation:
    """The newest operation on the environment, from its journal."""

    id: str
    kind: str
    user: str
    state: str
    at: float


@dataclass(frozen=True, slots=True)
class NewestBackup:
    """The newest backup in the catalogue."""

    name: str
    at: float
    proven: bool
    proven_at: float | None = None
    """Time of the newest proven backup, which may be an older one."""


_EMPTY: Mapping[str, PodRow] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """Everything known of one environment at one moment. Frozen: a new one is published for each change."""

    name: str
    link: Link = Link.CONNECTING
    identity: Identity | None = None
    problems: tuple[Problem, ...] = ()
    heard_at: float | None = None
    """Monotonic seconds of the last word from the cluster (event, bookmark or answer); None for never."""
    pods: Mapping[str, PodRow] = field(default_factory=lambda: _EMPTY)
    """By uid."""
    synced: bool = False
    """Whether the pods' first list is complete."""
    rollouts: tuple[RolloutRow, ...] = ()
    replica_sets: tuple[ReplicaSetRow, ...] = ()
    autoscalers: tuple[AutoscalerRow, ...] = ()
    warnings: tuple[EventRow, ...] = ()
    """Warning events, newest last, bounded."""
    last_lines: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Pod uid -> last log line of the container that failed."""
    health: tuple[HealthRow, ...] = ()
    last_operation: LastOperation | None = None
    newest_backup: NewestBackup | None = None
    set_aside: SetAside | None = None
    """What the last restore set aside and `undo-restore` would bring back."""

    @property
    def state(self) -> State:
        """The tab's state: the worst of connection, rollouts, pods and health."""
        if self.link in (Link.DOWN, Link.STALE):
            return State.UNKNOWN if self.link is Link.STALE else State.FAILED
        if self.link is Link.CONNECTING:
            return State.UNKNOWN
        # A set first: thousands of pods have five states between them.
        states = {r.state for r in self.rollouts} | {p.state for p in self.pods.values()}
        states |= {h.state for h in self.health if h.state is not State.UNKNOWN}
        if self.problems:
            states.add(State.DEGRADED)
        # Nothing runs, or nothing may be seen: that is not "ok".
        worst = max(states, key=lambda s: s.severity, default=State.UNKNOWN)
        return State.DEGRADED if worst is State.FAILED else worst
