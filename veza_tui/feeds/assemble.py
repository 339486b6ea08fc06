"""The parts of a view that come from rows; what did not change is not made anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from veza_tui.feeds.following import Following
from veza_tui.feeds.last_lines import LastLines
from veza_tui.feeds.live_colour import ServiceRow, with_live
from veza_tui.feeds.pods import with_events
from veza_tui.feeds.rollouts import Deployment, rollouts, without_emptied
from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import AutoscalerRow, EventRow, PodRow, ReplicaSetRow, RolloutRow, State

SHOWN_EVENTS = 100


class Assembler:
    """Joins the followed kinds: events explain pods, pods explain rollouts."""

    def __init__(
        self,
        pods: Following[PodRow],
        deployments: Following[Deployment],
        replica_sets: Following[ReplicaSetRow],
        autoscalers: Following[AutoscalerRow],
        events: Following[EventRow],
        lines: LastLines,
        services: Following[ServiceRow] | None = None,
    ) -> None:
        """``services`` only where there are colours: they say which one is live."""
        self._pods = pods
        self._deployments = deployments
        self._replica_sets = replica_sets
        self._autoscalers = autoscalers
        self._events = events
        self._lines = lines
        self._services = services
        self._seen: dict[str, tuple[int, ...]] = {}
        self._pod_rows: Mapping[str, PodRow] = MappingProxyType({})
        self._rollout_rows: tuple[RolloutRow, ...] = ()
        self._set_rows: tuple[ReplicaSetRow, ...] = ()
        self._autoscaler_rows: tuple[AutoscalerRow, ...] = ()
        self._warnings: tuple[EventRow, ...] = ()
        self._last_lines: Mapping[str, str] = MappingProxyType({})

    def assemble(self, view: EnvironmentView) -> EnvironmentView:
        """``view`` with its rows."""
        pods, events = self._pods.version, self._events.version
        if self._news("events", events):
            rows = sorted(
                (e for e in self._events.items.values() if e.type == "Warning"), key=lambda e: (e.last, e.uid)
            )
            self._warnings = tuple(rows[-SHOWN_EVENTS:])
        if self._news("pods", pods, events):
            self._pod_rows = MappingProxyType(self._explain())
        if self._news("sets", self._replica_sets.version):
            self._set_rows = tuple(
                sorted(self._replica_sets.items.values(), key=lambda r: (r.owner, -r.created, r.uid))
            )
        selects = self._services.version if self._services is not None else 0
        if self._news("rollouts", pods, events, self._deployments.version, self._replica_sets.version, selects):
            found = rollouts(self._deployments.items.values(), self._set_rows, self._pod_rows.values())
            self._rollout_rows = without_emptied(found)
            if self._services is not None:
                services = self._services.items.values()
                self._rollout_rows = with_live(self._rollout_rows, self._deployments.items.values(), services)
        if self._news("autoscalers", self._autoscalers.version):
            self._autoscaler_rows = tuple(sorted(self._autoscalers.items.values(), key=lambda a: (a.name, a.uid)))
        if self._news("lines", self._lines.version):
            self._last_lines = MappingProxyType(dict(self._lines.lines))
        return replace(
            view,
            pods=self._pod_rows,
            rollouts=self._rollout_rows,
            replica_sets=self._set_rows,
            autoscalers=self._autoscaler_rows,
            warnings=self._warnings,
            last_lines=self._last_lines,
        )

    def _news(self, what: str, *versions: int) -> bool:
        if self._seen.get(what) == versions:
            return False
        self._seen[what] = versions
        return True

    def _explain(self) -> dict[str, PodRow]:
        by_uid: dict[str, list[EventRow]] = {}
        for event in self._events.items.values():
            if event.object_kind == "Pod" and event.type == "Warning":
                by_uid.setdefault(event.object_uid, []).append(event)
        rows = dict(self._pods.items)
        if by_uid:
            for uid, row in self._pods.items.items():
                if row.state is not State.OK and uid in by_uid:
                    rows[uid] = with_events(row, by_uid[uid])
        return rows
