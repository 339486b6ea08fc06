"""The Deployment controller: ReplicaSets of a Deployment, rolled as Kubernetes rolls them."""

from __future__ import annotations

from veza_tui.embedded.cluster import deployment_status as st
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.deployment_progress import Progress
from veza_tui.embedded.cluster.deployment_sets import DESIRED, ReplicaSets, size
from veza_tui.embedded.cluster.objects import Object, controller_of, deleting, matches, pod_finished, uid_of
from veza_tui.embedded.cluster.rollout import Bounds, bounds, new_size, old_sizes, proportional

DEPLOYMENTS, REPLICA_SETS, PODS = "deployments.apps", "replicasets.apps", "pods"


class DeploymentController:
    """One instance for all Deployments."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        self.progress = Progress(cluster, queue, self)
        self.sets = ReplicaSets(cluster, self.progress)
        cluster.watch(DEPLOYMENTS, self._on_deployment)
        cluster.watch(REPLICA_SETS, self._on_replica_set)
        cluster.watch(PODS, self._on_pod)

    def _on_deployment(self, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is not None:
            self.queue.add(self, (obj["metadata"]["namespace"], obj["metadata"]["name"]))

    def _on_replica_set(self, old: Object | None, new: Object | None) -> None:
        obj = new or old
        if obj is None:
            return
        owner = controller_of(obj)
        if owner and owner["kind"] == "Deployment":
            self.queue.add(self, (obj["metadata"]["namespace"], owner["name"]))
        elif new is not None and owner is None:
            for deployment in self.cluster.namespaced(DEPLOYMENTS, obj["metadata"]["namespace"]):
                if matches(deployment["spec"].get("selector"), obj["metadata"].get("labels")):
                    self.queue.add(self, (deployment["metadata"]["namespace"], deployment["metadata"]["name"]))

    def _on_pod(self, old: Object | None, new: Object | None) -> None:
        # Recreate waits for the last old pod to go.
        if new is not None or old is None:
            return
        owner = controller_of(old)
        if owner and owner["kind"] == "ReplicaSet":
            rs = self.cluster.get(REPLICA_SETS, old["metadata"]["namespace"], owner["name"])
            above = controller_of(rs) if rs else None
            if above and above["kind"] == "Deployment":
                self.queue.add(self, (old["metadata"]["namespace"], above["name"]))

    def reconcile(self, key: Key) -> None:
        """One step of the rollout, then the status."""
        deployment = self.cluster.get(DEPLOYMENTS, *key)
        if deployment is None:
            return
        sets = self.sets.claim(deployment)
        limit = bounds(deployment["spec"])
        if deleting(deployment):
            new, _ = self.sets.split(deployment, sets)
            self.progress.write(deployment, new, sets)
            return
        if self.progress.paused(deployment):
            return  # the write brings us back
        paused = bool(deployment["spec"].get("paused"))
        if paused or self._scaling(deployment, sets):
            self._sync_scale(deployment, sets, limit, paused=paused)
        elif (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            self._recreate(deployment, sets, limit)
        else:
            self._rolling(deployment, sets, limit)

    # -- strategies

    def _rolling(self, deployment: Object, sets: list[Object], limit: Bounds) -> None:
        new, old = self.sets.new_and_old(deployment, sets, create=True, limit=limit)
        if new is None:
            return
        sizes = [size(rs) for rs in (*old, new)]
        wanted = new_size(limit, size(new), sizes)
        if wanted != size(new).replicas:
            self.sets.scale(deployment, new, wanted, limit)
            self.progress.write(deployment, new, [*old, new], progress=True)
            return
        for name, replicas in old_sizes(limit, size(new), [size(rs) for rs in old]).items():
            self.sets.scale(deployment, next(rs for rs in old if rs["metadata"]["name"] == name), replicas, limit)
        if st.complete(deployment, st.counts(deployment, new, [*old, new])):
            self.sets.cleanup(deployment, old)
        self.progress.write(deployment, new, [*old, new], progress=True)

    def _recreate(self, deployment: Object, sets: list[Object], limit: Bounds) -> None:
        new, old = self.sets.new_and_old(deployment, sets, create=False, limit=limit)
        shrinking = [rs for rs in old if size(rs).replicas > 0]
        for rs in shrinking:
            self.sets.scale(deployment, rs, 0, limit)
        left = any(not pod_finished(pod) for rs in old for pod in self.cluster.owned(PODS, uid_of(rs)))
        if shrinking or left:
            self.progress.write(deployment, new, sets, progress=True)
            return
        if new is None:
            new, old = self.sets.new_and_old(deployment, sets, create=True, limit=limit)
        if new is None:
            return
        if size(new).replicas != limit.replicas:
            self.sets.scale(deployment, new, limit.replicas, limit)
        if st.complete(deployment, st.counts(deployment, new, [*old, new])):
            self.sets.cleanup(deployment, old)
        self.progress.write(deployment, new, [*old, new], progress=True)

    def _scaling(self, deployment: Object, sets: list[Object]) -> bool:
        replicas = int(deployment["spec"].get("replicas", 1))
        for rs in sets:
            desired = (rs["metadata"].get("annotations") or {}).get(DESIRED)
            if size(rs).replicas > 0 and desired is not None and int(desired) != replicas:
                return True
        return False

    def _sync_scale(self, deployment: Object, sets: list[Object], limit: Bounds, *, paused: bool) -> None:
        new, old = self.sets.new_and_old(deployment, sets, create=False, limit=limit)
        rolling = (deployment["spec"].get("strategy") or {}).get("type") != "Recreate"
        status = deployment.get("status") or {}
        active = [rs for rs in sets if size(rs).replicas > 0]
        if rolling or len(active) <= 1:
            sizes = proportional(
                limit, size(new) if new else None, [size(rs) for rs in old], int(status.get("replicas", 0))
            )
        else:
            sizes = {}
        for rs in active or sets:
            name = rs["metadata"]["name"]
            if name in sizes or rs in active:
                self.sets.scale(deployment, rs, sizes.get(name, size(rs).replicas), limit)
        if paused:
            self.sets.cleanup(deployment, old)
        self.progress.write(deployment, new, sets)
