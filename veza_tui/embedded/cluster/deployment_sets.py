"""The ReplicaSets of a Deployment: claimed, found by template, made, annotated, scaled, cleaned up."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.deployment_progress import Progress
from veza_tui.embedded.cluster.objects import (
    Object,
    controller_of,
    deleting,
    matches,
    owner_reference,
    parse_time,
    quantity,
    template_hash,
    uid_of,
)
from veza_tui.embedded.cluster.rollout import Bounds, Size, new_size

DEPLOYMENTS, REPLICA_SETS = "deployments.apps", "replicasets.apps"
REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
HASH = "pod-template-hash"
_NOT_COPIED = frozenset((REVISION, HISTORY, DESIRED, MAXIMUM, "kubectl.kubernetes.io/last-applied-configuration"))
_SOURCE = "deployment-controller"


class ReplicaSets:
    """What the Deployment controller does to ReplicaSets."""

    def __init__(self, cluster: Cluster, progress: Progress) -> None:
        self.cluster = cluster
        self._progress = progress

    def claim(self, deployment: Object) -> list[Object]:
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
        sets.sort(key=lambda rs: (parse_time(rs["metadata"].get("creationTimestamp")), revision_of(rs)))
        return sets

    def split(self, deployment: Object, sets: list[Object]) -> tuple[Object | None, list[Object]]:
        template = _bare(deployment["spec"]["template"])
        new = next((rs for rs in sets if _bare(rs["spec"]["template"]) == template), None)
        return new, [rs for rs in sets if rs is not new]

    def new_and_old(
        self, deployment: Object, sets: list[Object], *, create: bool, limit: Bounds
    ) -> tuple[Object | None, list[Object]]:
        new, old = self.split(deployment, sets)
        revision = max((revision_of(rs) for rs in old), default=0) + 1
        if new is not None:
            new = self._annotate(deployment, new, revision, limit)
            self._progress.publish(
                deployment, str(revision_of(new)), ("FoundNewReplicaSet", "Found new replica set", new, False)
            )
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
        rs["spec"]["replicas"] = new_size(limit, blank, [size(o) for o in old], recreate=recreate)
        try:
            made = self.cluster.create(REPLICA_SETS, rs)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                text = f'Failed to create new replica set "{rs["metadata"]["name"]}": {error}'
                self.cluster.event(deployment, "Warning", "ReplicaSetCreateError", text, _SOURCE)
                raise
            self._collision(deployment)
            return None
        if made["spec"]["replicas"]:
            self._say_scaled(deployment, made, 0, made["spec"]["replicas"])
        self._progress.publish(
            deployment, str(revision), ("NewReplicaSetCreated", "Created new replica set", made, True)
        )
        return made

    def _collision(self, deployment: Object) -> None:
        def bump(obj: Object) -> None:
            status = obj.setdefault("status", {})
            status["collisionCount"] = int(status.get("collisionCount") or 0) + 1

        self.cluster.change(DEPLOYMENTS, deployment, bump, subresource="status")

    def _annotate(self, deployment: Object, rs: Object, revision: int, limit: Bounds) -> Object:
        have = rs["metadata"].get("annotations") or {}
        wanted = _annotations(deployment, have, max(revision, revision_of(rs)), limit, sizes=False)
        minimum = int(deployment["spec"].get("minReadySeconds") or 0)
        if wanted == have and int(rs["spec"].get("minReadySeconds") or 0) == minimum:
            return rs

        def put(obj: Object) -> None:
            obj["metadata"]["annotations"] = wanted
            if minimum or "minReadySeconds" in obj["spec"]:
                obj["spec"]["minReadySeconds"] = minimum

        return self.cluster.change(REPLICA_SETS, rs, put) or rs

    def scale(self, deployment: Object, rs: Object, replicas: int, limit: Bounds) -> None:
        before = size(rs).replicas
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
        self.cluster.event(deployment, "Normal", "ScalingReplicaSet", text, _SOURCE)

    def cleanup(self, deployment: Object, old: list[Object]) -> None:
        """Drop the oldest idle ReplicaSets over revisionHistoryLimit."""
        keep = int(deployment["spec"].get("revisionHistoryLimit", 10))
        surplus = len([rs for rs in old if not deleting(rs)]) - keep
        for rs in sorted((rs for rs in old if not deleting(rs)), key=revision_of)[: max(surplus, 0)]:
            if size(rs).replicas == 0 and not (rs.get("status") or {}).get("replicas"):
                self.cluster.delete(REPLICA_SETS, rs)


def revision_of(rs: Object) -> int:
    text = (rs["metadata"].get("annotations") or {}).get(REVISION, "0")
    return int(text) if text.isdigit() else 0


def size(rs: Object) -> Size:
    maximum = (rs["metadata"].get("annotations") or {}).get(MAXIMUM)
    return Size(
        rs["metadata"]["name"],
        int(rs["spec"].get("replicas", 1)),
        int((rs.get("status") or {}).get("availableReplicas") or 0),
        parse_time(rs["metadata"].get("creationTimestamp")),
        int(maximum) if maximum else None,
    )


def _bare(template: Object) -> Object:
    """The template as it is compared: without its hash label, quantities as numbers, nothing that is empty.

    A client which decodes into types and writes back (``kubectl rollout undo``) turns ``1000m`` into ``1``.
    """
    meta = {k: v for k, v in (template.get("metadata") or {}).items() if k != "creationTimestamp"}
    if HASH in (meta.get("labels") or {}):
        meta["labels"] = {k: v for k, v in meta["labels"].items() if k != HASH}
    bare: Object = _semantic({**template, "metadata": meta})
    return bare


def _semantic(value: Any) -> Any:
    if isinstance(value, dict):
        out = {}
        for key, item in value.items():
            if key in ("limits", "requests") and isinstance(item, dict):
                out[key] = {name: quantity(amount) for name, amount in item.items()}
            elif (meant := _semantic(item)) not in (None, {}, []):
                out[key] = meant
        return out
    if isinstance(value, list):
        return [_semantic(item) for item in value]
    return value


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
