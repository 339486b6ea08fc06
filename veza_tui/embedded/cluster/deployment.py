"""The Deployment controller: ReplicaSets of a Deployment, rolled as Kubernetes rolls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.cluster import deployment_status as st
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.controller import Key, WorkQueue
from veza_tui.embedded.cluster.objects import (
    Object,
    condition,
    controller_of,
    deleting,
    matches,
    owner_reference,
    parse_time,
    pod_finished,
    template_hash,
    uid_of,
)
from veza_tui.embedded.cluster.rollout import Bounds, Size, bounds, new_size, old_sizes, proportional

DEPLOYMENTS, REPLICA_SETS, PODS = "deployments.apps", "replicasets.apps", "pods"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_NOT_COPIED = frozenset((REVISION, HISTORY, DESIRED, MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration"))


class DeploymentController:
    """One instance for all Deployments."""

    def __init__(self, cluster: Cluster, queue: WorkQueue) -> None:
        self.cluster = cluster
        self.queue = queue
        self._progressed: dict[str, float] = {}
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
        sets = self._claim(deployment)
        limit = bounds(deployment["spec"])
        if deleting(deployment):
            new, _ = self._split(deployment, sets)
            self._sync_status(deployment, new, sets)
            return
        if self._paused_condition(deployment):
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
        new, old = self._new_and_old(deployment, sets, create=True, limit=limit)
        if new is None:
            return
        sizes = [_size(rs) for rs in (*old, new)]
        wanted = new_size(limit, _size(new), sizes)
        if wanted != _size(new).replicas:
            self._scale(deployment, new, wanted, limit)
            self._sync_progress(deployment, new, [*old, new])
            return
        for name, replicas in old_sizes(limit, _size(new), [_size(rs) for rs in old]).items():
            self._scale(deployment, next(rs for rs in old if rs["metadata"]["name"] == name), replicas, limit)
        if st.complete(deployment, st.counts(deployment, new, [*old, new])):
            self._cleanup(deployment, old)
        self._sync_progress(deployment, new, [*old, new])

    def _recreate(self, deployment: Object, sets: list[Object], limit: Bounds) -> None:
        new, old = self._new_and_old(deployment, sets, create=False, limit=limit)
        shrinking = [rs for rs in old if _size(rs).replicas > 0]
        for rs in shrinking:
            self._scale(deployment, rs, 0, limit)
        left = any(not pod_finished(pod) for rs in old for pod in self.cluster.owned(PODS, uid_of(rs)))
        if shrinking or left:
            self._sync_progress(deployment, new, sets)
            return
        if new is None:
            new, old = self._new_and_old(deployment, sets, create=True, limit=limit)
        if new is None:
            return
        if _size(new).replicas != limit.replicas:
            self._scale(deployment, new, limit.replicas, limit)
        if st.complete(deployment, st.counts(deployment, new, [*old, new])):
            self._cleanup(deployment, old)
        self._sync_progress(deployment, new, [*old, new])

    def _scaling(self, deployment: Object, sets: list[Object]) -> bool:
        replicas = int(deployment["spec"].get("replicas", 1))
        for rs in sets:
            desired = (rs["metadata"].get("annotations") or {}).get(DESIRED)
            if _size(rs).replicas > 0 and desired is not None and int(desired) != replicas:
                return True
        return False

    def _sync_scale(self, deployment: Object, sets: list[Object], limit: Bounds, *, paused: bool) -> None:
        new, old = self._new_and_old(deployment, sets, create=False, limit=limit)
        rolling = (deployment["spec"].get("strategy") or {}).get("type") != "Recreate"
        status = deployment.get("status") or {}
        active = [rs for rs in sets if _size(rs).replicas > 0]
        if rolling or len(active) <= 1:
            sizes = proportional(
                limit, _size(new) if new else None, [_size(rs) for rs in old], int(status.get("replicas", 0))
            )
        else:
            sizes = {}
        for rs in active or sets:
            name = rs["metadata"]["name"]
            if name in sizes or rs in active:
                self._scale(deployment, rs, sizes.get(name, _size(rs).replicas), limit)
        if paused:
            self._cleanup(deployment, old)
        self._sync_status(deployment, new, sets)

    # -- ReplicaSets

    def _claim(self, deployment: Object) -> list[Object]:
        """Owned ReplicaSets, orphans which the selector matches adopted; oldest first."""
        namespace = deployment["metadata"]["namespace"]
        if not deleting(deployment):
            for rs in list(self.cluster.namespaced(REPLICA_SETS, namespace)):
                if (
                    controller_of(rs) is None
                    and not deleting(rs)
                    and matches(deployment["spec"].get("selector"), rs["metadata"].get("labels"))
                ):
                    self.cluster.adopt(REPLICA_SETS, rs, owner_reference(deployment))
        sets = list(self.cluster.owned(REPLICA_SETS, uid_of(deployment)))
        sets.sort(key=lambda rs: (parse_time(rs["metadata"].get("creationTimestamp")), _revision(rs)))
        return sets

    def _split(self, deployment: Object, sets: list[Object]) -> tuple[Object | None, list[Object]]:
        template = _bare(deployment["spec"]["template"])
        new = next((rs for rs in sets if _bare(rs["spec"]["template"]) == template), None)
        return new, [rs for rs in sets if rs is not new]

    def _new_and_old(
        self, deployment: Object, sets: list[Object], *, create: bool, limit: Bounds
    ) -> tuple[Object | None, list[Object]]:
        new, old = self._split(deployment, sets)
        revision = max((_revision(rs) for rs in old), default=0) + 1
        if new is not None:
            new = self._annotate(deployment, new, revision, limit)
            self._publish(deployment, str(_revision(new)), ("FoundNewReplicaSet", "Found new replica set", new, False))
            return new, old
        if not create:
            return None, old
        return self._create(deployment, old, revision, limit), old

    def _create(self, deployment: Object, old: list[Object], revision: int, limit: Bounds) -> Object | None:
        meta = deployment["metadata"]
        collisions = int((deployment.get("status") or {}).get("collisionCount") or 0)
        digest = template_hash(_bare(deployment["spec"]["template"]), collisions)
        template = clone(deployment["spec"]["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[HASH] = digest
        selector = clone(deployment["spec"]["selector"])
        selector.setdefault("matchLabels", {})[HASH] = digest
        rs: Object = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{digest}",
                "namespace": meta["namespace"],
                "labels": dict(template["metadata"]["labels"]),
                "annotations": _annotations(deployment, {}, revision, limit),
                "ownerReferences": [owner_reference(deployment)],
            },
            "spec": {"replicas": 0, "selector": selector, "template": template},
        }
        if deployment["spec"].get("minReadySeconds"):
            rs["spec"]["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
        blank = Size(rs["metadata"]["name"], 0)
        recreate = (deployment["spec"].get("strategy") or {}).get("type") == "Recreate"
        rs["spec"]["replicas"] = new_size(limit, blank, [_size(o) for o in old], recreate=recreate)
        try:
            made = self.cluster.create(REPLICA_SETS, rs)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                text = f'Failed to create new replica set "{rs["metadata"]["name"]}": {error}'
                self.cluster.event(deployment, "Warning", "ReplicaSetCreateError", text, "deployment-controller")
                raise
            self._collision(deployment)
            return None
        if made["spec"]["replicas"]:
            self._say_scaled(deployment, made, 0, made["spec"]["replicas"])
        self._publish(deployment, str(revision), ("NewReplicaSetCreated", "Created new replica set", made, True))
        return made

    def _collision(self, deployment: Object) -> None:
        def bump(obj: Object) -> None:
            status = obj.setdefault("status", {})
            status["collisionCount"] = int(status.get("collisionCount") or 0) + 1

        self.cluster.change(DEPLOYMENTS, deployment, bump, subresource="status")

    def _annotate(self, deployment: Object, rs: Object, revision: int, limit: Bounds) -> Object:
        have = rs["metadata"].get("annotations") or {}
        wanted = _annotations(deployment, have, max(revision, _revision(rs)), limit, sizes=False)
        minimum = int(deployment["spec"].get("minReadySeconds") or 0)
        if wanted == have and int(rs["spec"].get("minReadySeconds") or 0) == minimum:
            return rs

        def put(obj: Object) -> None:
            obj["metadata"]["annotations"] = wanted
            if minimum or "minReadySeconds" in obj["spec"]:
                obj["spec"]["minReadySeconds"] = minimum

        return self.cluster.change(REPLICA_SETS, rs, put) or rs

    def _scale(self, deployment: Object, rs: Object, replicas: int, limit: Bounds) -> None:
        before = _size(rs).replicas
        sizes = {DESIRED: str(limit.replicas), MAXIMUM: str(limit.replicas + limit.surge)}
        have = rs["metadata"].get("annotations") or {}
        if before == replicas and all(have.get(k) == v for k, v in sizes.items()):
            return

        def put(obj: Object) -> None:
            obj["spec"]["replicas"] = replicas
            obj["metadata"].setdefault("annotations", {}).update(sizes)

        if self.cluster.change(REPLICA_SETS, rs, put) is not None and before != replicas:
            self._say_scaled(deployment, rs, before, replicas)

    def _say_scaled(self, deployment: Object, rs: Object, before: int, after: int) -> None:
        way = "up" if after > before else "down"
        text = f"Scaled {way} replica set {rs['metadata']['name']} from {before} to {after}"
        self.cluster.event(deployment, "Normal", "ScalingReplicaSet", text, "deployment-controller")

    def _cleanup(self, deployment: Object, old: list[Object]) -> None:
        """Drop the oldest idle ReplicaSets over revisionHistoryLimit."""
        keep = int(deployment["spec"].get("revisionHistoryLimit", 10))
        surplus = len([rs for rs in old if not deleting(rs)]) - keep
        for rs in sorted((rs for rs in old if not deleting(rs)), key=_revision)[: max(surplus, 0)]:
            if _size(rs).replicas == 0 and not (rs.get("status") or {}).get("replicas"):
                self.cluster.delete(REPLICA_SETS, rs)

    # -- conditions and status

    def _publish(self, deployment: Object, revision: str, found: tuple[str, str, Object, bool]) -> None:
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

    def _paused_condition(self, deployment: Object) -> bool:
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

    def _sync_progress(self, deployment: Object, new: Object | None, sets: list[Object]) -> None:
        self._sync_status(deployment, new, sets, progress=True)

    def _sync_status(
        self, stale: Object, new: Object | None, stale_sets: list[Object], *, progress: bool = False
    ) -> None:
        deployment = self.cluster.get(DEPLOYMENTS, *_key(stale))
        if deployment is None or uid_of(deployment) != uid_of(stale):
            return
        sets = [rs for rs in (self.cluster.get(REPLICA_SETS, *_key(rs)) for rs in stale_sets) if rs is not None]
        new = self.cluster.get(REPLICA_SETS, *_key(new)) if new is not None else None
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
            self.queue.add(self, _key(deployment), left / self.cluster.clock.scale + 0.05)
        elif not deployment["spec"].get("paused"):
            state = ("False", st.DEADLINE, f"{name} has timed out progressing.")
            st.set_condition(conditions, st.PROGRESSING, state, now, touch=False)


def _key(obj: Object) -> Key:
    return obj["metadata"]["namespace"], obj["metadata"]["name"]


def _failure(rs: Object) -> Mapping[str, Any] | None:
    return condition((rs.get("status") or {}).get("conditions"), st.REPLICA_FAILURE)


def _revision(rs: Object) -> int:
    text = (rs["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def _size(rs: Object) -> Size:
    maximum = (rs["metadata"].get("annotations") or {}).get(MAXIMUM)
    return Size(
        rs["metadata"]["name"],
        int(rs["spec"].get("replicas", 1)),
        int((rs.get("status") or {}).get("availableReplicas") or 0),
        parse_time(rs["metadata"].get("creationTimestamp")),
        int(maximum) if maximum else None,
    )


def _bare(template: Object) -> Object:
    """The template without its hash label and without empty metadata."""
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if v is not None and k != "creationTimestamp"}
    if HASH in (meta.get("labels") or {}):
        meta["labels"] = {k: v for k, v in meta["labels"].items() if k != HASH}
    return {**template, "metadata": {k: v for k, v in meta.items() if v}}


def _annotations(
    deployment: Object, have: dict[str, str], revision: int, limit: Bounds, *, sizes: bool = True
) -> dict[str, str]:
    out: dict[str, Any] = dict(have)
    annotations = deployment["metadata"].get("annotations") or {}
    out.update({key: value for key, value in annotations.items() if key not in _NOT_COPIED})
    before = have.get(REVISION)
    if before is not None and before != str(revision):
        past = [*filter(None, have.get(HISTORY, "").split(",")), before]
        out[HISTORY] = ",".join(past[-100:])
    out[REVISION] = str(revision)
    if sizes:
        out[DESIRED], out[MAXIMUM] = str(limit.replicas), str(limit.replicas + limit.surge)
    return out
