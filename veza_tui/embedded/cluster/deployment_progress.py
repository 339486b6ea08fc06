"""Conditions and status of a Deployment, written: progress, its deadline, pauses, revision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.cluster import deployment_status as st
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Controller, WorkQueue
from veza_tui.embedded.cluster.objects import Object, condition, key_of, parse_time, uid_of

DEPLOYMENTS, REPLICA_SETS = "deployments.apps", "replicasets.apps"
REVISION = "deployment.kubernetes.io/revision"


class Progress:
    """Remembers when each Deployment last moved, to a fraction of a second (its status has whole ones)."""

    def __init__(self, cluster: Cluster, queue: WorkQueue, controller: Controller) -> None:
        self.cluster = cluster
        self.queue = queue
        self._controller = controller
        self._progressed: dict[str, float] = {}

    def publish(self, deployment: Object, revision: str, found: tuple[str, str, Object, bool]) -> None:
        """The Deployment's revision annotation, and the Progressing condition of a found or created ReplicaSet."""
        reason, words, rs, always = found
        conditions = (deployment.get("status") or {}).get("conditions")
        annotated = (deployment["metadata"].get("annotations") or {}).get(REVISION) == revision
        wants = bool(deployment["spec"].get("progressDeadlineSeconds", 600)) and (
            always or condition(conditions, st.PROGRESSING) is None
        )

        def annotate(obj: Object) -> None:
            obj["metadata"].setdefault("annotations", {})[REVISION] = revision

        if not annotated:
            self.cluster.change(DEPLOYMENTS, deployment, annotate)
        if wants:
            self._put_progressing(deployment, ("True", reason, f'{words} "{rs["metadata"]["name"]}"'))

    def _put_progressing(self, deployment: Object, state: tuple[str, str, str]) -> None:
        now = self.cluster.now()
        self._progressed[uid_of(deployment)] = now

        def put(obj: Object) -> None:
            conditions = obj.setdefault("status", {}).setdefault("conditions", [])
            st.set_condition(conditions, st.PROGRESSING, state, now, touch=False)

        self.cluster.change(DEPLOYMENTS, deployment, put, subresource="status")

    def paused(self, deployment: Object) -> bool:
        found = condition((deployment.get("status") or {}).get("conditions"), st.PROGRESSING)
        paused = bool(deployment["spec"].get("paused"))
        if not deployment["spec"].get("progressDeadlineSeconds", 600) or (
            found is not None and found.get("reason") == st.DEADLINE
        ):
            return False
        was = found is not None and found.get("reason") == "DeploymentPaused"
        if paused == was:
            return False
        state = ("Unknown", "DeploymentPaused", "Deployment is paused")
        if not paused:
            state = ("Unknown", "DeploymentResumed", "Deployment is resumed")
        self._put_progressing(deployment, state)
        return True

    def write(self, stale: Object, new: Object | None, stale_sets: list[Object], *, progress: bool = False) -> None:
        deployment = self.cluster.get(DEPLOYMENTS, *key_of(stale))
        if deployment is None or uid_of(deployment) != uid_of(stale):
            return
        sets = [rs for rs in (self.cluster.get(REPLICA_SETS, *key_of(rs)) for rs in stale_sets) if rs is not None]
        new = self.cluster.get(REPLICA_SETS, *key_of(new)) if new is not None else None
        before = deployment.get("status") or {}
        after = st.counts(deployment, new, sets)
        # What is counted belongs to the spec that was looked at, not to one written meanwhile.
        after["observedGeneration"] = stale["metadata"].get("generation", 1)
        conditions: list[Object] = clone(before.get("conditions") or [])
        now = self.cluster.now()
        st.set_condition(conditions, st.AVAILABLE, st.availability(deployment, after), now, touch=False)
        if progress:
            self._progress(deployment, new, before, after, conditions)
        failure = next((f for f in map(_failure, sets) if f is not None), None)
        if failure is not None:
            state = (failure["status"], failure.get("reason", ""), failure.get("message", ""))
            st.set_condition(conditions, st.REPLICA_FAILURE, state, now, touch=False)
        else:
            conditions = [c for c in conditions if c["type"] != st.REPLICA_FAILURE]
        after["conditions"] = conditions
        if after != before:
            self.cluster.set_status(DEPLOYMENTS, deployment, after)

    def _progress(
        self, deployment: Object, new: Object | None, before: Object, after: Object, conditions: list[Object]
    ) -> None:
        deadline = deployment["spec"].get("progressDeadlineSeconds", 600)
        current = condition(conditions, st.PROGRESSING)
        uid, now = uid_of(deployment), self.cluster.now()
        if not deadline:
            conditions[:] = [c for c in conditions if c["type"] != st.PROGRESSING]
            return
        finished = current is not None and current.get("reason") == st.COMPLETE
        if finished and after.get("replicas", 0) == after.get("updatedReplicas", 0):
            return
        name = f'ReplicaSet "{new["metadata"]["name"]}"' if new else f'Deployment "{deployment["metadata"]["name"]}"'
        if st.complete(deployment, after):
            text = f"{name} has successfully progressed."
            st.set_condition(conditions, st.PROGRESSING, ("True", st.COMPLETE, text), now, touch=False)
            self._progressed.pop(uid, None)
            return
        if st.progressing(before, after):
            state = ("True", "ReplicaSetUpdated", f"{name} is progressing.")
            st.set_condition(conditions, st.PROGRESSING, state, now, touch=True)
            self._progressed[uid] = now
        if current is None or current.get("reason") in (st.COMPLETE, st.DEADLINE):
            return
        since = self._progressed.setdefault(uid, parse_time(current.get("lastUpdateTime")))
        left = since + int(deadline) * self.cluster.clock.scale - now
        if left > 0:
            self.queue.add(self._controller, key_of(deployment), left / self.cluster.clock.scale + 0.05)
        elif not deployment["spec"].get("paused"):
            state = ("False", st.DEADLINE, f"{name} has timed out progressing.")
            st.set_condition(conditions, st.PROGRESSING, state, now, touch=False)


def _failure(rs: Object) -> Mapping[str, Any] | None:
    return condition((rs.get("status") or {}).get("conditions"), st.REPLICA_FAILURE)
