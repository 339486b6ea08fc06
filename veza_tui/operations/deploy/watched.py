"""What the watches of a namespace have told about its rollouts so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from veza_tui.feeds.pods import with_events
from veza_tui.feeds.rollouts import Deployment, rollouts
from veza_tui.model.workload import EventRow, PodRow, ReplicaSetRow, RolloutRow


@dataclass
class Watched:
    """What the four watches have told so far."""

    deployments: dict[str, Deployment] = field(default_factory=dict)
    replica_sets: dict[str, ReplicaSetRow] = field(default_factory=dict)
    pods: dict[str, PodRow] = field(default_factory=dict)
    events: dict[str, EventRow] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)
    """Resource -> why its watch has no connection now."""

    def rows(self) -> dict[str, RolloutRow]:
        """Deployment name -> its row, pods with the causes that only events tell."""
        found = rollouts(self.deployments.values(), self.replica_sets.values(), self.explained().values())
        return {row.name: row for row in found}

    def explained(self) -> dict[str, PodRow]:
        """The pods by uid, causes completed by events."""
        by_object: dict[str, list[EventRow]] = {}
        for event in self.events.values():
            by_object.setdefault(event.object_uid, []).append(event)
        return {uid: with_events(pod, by_object.get(uid, ())) for uid, pod in self.pods.items()}

    def new_pods(self, name: str) -> list[PodRow]:
        """Pods of the deployment's current revision."""
        deployment = next((d for d in self.deployments.values() if d.name == name), None)
        if deployment is None or not deployment.seen:
            return []
        current = {
            r.name
            for r in self.replica_sets.values()
            if r.owner_uid == deployment.uid and r.revision == deployment.revision
        }
        return [p for p in self.explained().values() if p.owner_kind == "ReplicaSet" and p.owner in current]

    def complete(self, row: RolloutRow) -> bool:
        """Whether every pod is of the newest revision and available."""
        deployment = self.deployments.get(row.uid)
        if deployment is None or not deployment.seen:
            return False
        return row.updated >= row.desired and row.total <= row.updated and row.available >= row.desired
