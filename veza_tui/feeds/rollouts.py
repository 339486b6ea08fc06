"""Raw Deployments, ReplicaSets and HorizontalPodAutoscalers as rows; why a rollout is stuck. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, seconds, strings, text
from veza_tui.model.colours import family
from veza_tui.model.text import printable
from veza_tui.model.workload import AutoscalerRow, PodRow, ReplicaSetRow, RolloutRow, State

Raw = Mapping[str, Any]
REVISION = "deployment.kubernetes.io/revision"
_LIMIT = 240


@dataclass(frozen=True, slots=True)
class Deployment:
    """A Deployment's own facts; a RolloutRow needs its ReplicaSets and pods besides."""

    uid: str
    name: str
    namespace: str
    desired: int
    ready: int
    updated: int
    available: int
    total: int
    seen: bool
    """Whether the controller has seen the newest spec."""
    revision: str
    images: tuple[str, ...]
    paused: bool
    progress: str
    """Reason of the Progressing condition."""
    progress_message: str
    failure: str
    """Message of the ReplicaFailure condition, empty when it is not true."""
    created: float
    labels: Mapping[str, str] = field(default_factory=dict)
    """Of its pods."""


def project_deployment(obj: Raw) -> Deployment:
    """The facts of a raw Deployment."""
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    conditions = {text(c.get("type")): c for c in objects(status.get("conditions"))}
    progress, failure = mapping(conditions.get("Progressing")), mapping(conditions.get("ReplicaFailure"))
    return Deployment(
        uid=text(meta.get("uid")),
        name=text(meta.get("name")),
        namespace=text(meta.get("namespace")),
        desired=integer(spec.get("replicas"), 1),
        ready=integer(status.get("readyReplicas")),
        updated=integer(status.get("updatedReplicas")),
        available=integer(status.get("availableReplicas")),
        total=integer(status.get("replicas")),
        seen=integer(status.get("observedGeneration")) >= integer(meta.get("generation")),
        revision=text(mapping(meta.get("annotations")).get(REVISION)),
        images=_images(spec),
        paused=spec.get("paused") is True,
        progress=text(progress.get("reason")),
        progress_message=text(progress.get("message")),
        failure=text(failure.get("message")) if failure.get("status") == "True" else "",
        created=seconds(meta.get("creationTimestamp")) or 0.0,
        labels=strings(mapping(mapping(spec.get("template")).get("metadata")).get("labels")),
    )


def project_replica_set(obj: Raw) -> ReplicaSetRow:
    """The row of a raw ReplicaSet."""
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    owner = next((o for o in objects(meta.get("ownerReferences")) if o.get("controller") is True), None)
    return ReplicaSetRow(
        uid=text(meta.get("uid")),
        name=text(meta.get("name")),
        owner=text(owner.get("name")) if owner else "",
        owner_uid=text(owner.get("uid")) if owner else "",
        revision=text(mapping(meta.get("annotations")).get(REVISION)),
        desired=integer(spec.get("replicas"), 1),
        ready=integer(status.get("readyReplicas")),
        images=_images(spec),
        created=seconds(meta.get("creationTimestamp")) or 0.0,
        total=integer(status.get("replicas")),
    )


def project_autoscaler(obj: Raw) -> AutoscalerRow:
    """The row of a raw autoscaling/v2 HorizontalPodAutoscaler; the utilisations are those of the CPU."""
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    target = current = None
    for metric in objects(spec.get("metrics")):
        resource = mapping(metric.get("resource"))
        if resource.get("name") == "cpu":
            target = mapping(resource.get("target")).get("averageUtilization")
    for metric in objects(status.get("currentMetrics")):
        resource = mapping(metric.get("resource"))
        if resource.get("name") == "cpu":
            current = mapping(resource.get("current")).get("averageUtilization")
    blocked = next(
        (
            c
            for c in objects(status.get("conditions"))
            if c.get("type") in ("ScalingActive", "AbleToScale") and c.get("status") == "False"
        ),
        None,
    )
    return AutoscalerRow(
        uid=text(meta.get("uid")),
        name=text(meta.get("name")),
        target=text(mapping(spec.get("scaleTargetRef")).get("name")),
        min_replicas=integer(spec.get("minReplicas"), 1),
        max_replicas=integer(spec.get("maxReplicas")),
        current_replicas=integer(status.get("currentReplicas")),
        desired_replicas=integer(status.get("desiredReplicas")),
        current_utilization=current if isinstance(current, int) else None,
        target_utilization=target if isinstance(target, int) else None,
        reason=_line(text(blocked.get("message")) or text(blocked.get("reason"))) if blocked else "",
    )


def rollouts(
    deployments: Iterable[Deployment], replica_sets: Iterable[ReplicaSetRow], pods: Iterable[PodRow]
) -> tuple[RolloutRow, ...]:
    """The rows, by name."""
    by_owner: dict[str, list[ReplicaSetRow]] = {}
    for replica_set in replica_sets:
        by_owner.setdefault(replica_set.owner_uid, []).append(replica_set)
    failing: dict[str, list[PodRow]] = {}
    for pod in pods:
        if pod.cause and pod.owner_kind == "ReplicaSet":
            failing.setdefault(pod.owner, []).append(pod)
    return tuple(
        _rollout(deployment, by_owner.get(deployment.uid, []), failing)
        for deployment in sorted(deployments, key=lambda d: (d.name, d.uid))
    )


def without_emptied(rows: Iterable[RolloutRow]) -> tuple[RolloutRow, ...]:
    """Without the colours of a blue-green deploy that are scaled to zero while another colour has pods."""
    rows = tuple(rows)
    coloured = {family(r.name) for r in rows if r.name != family(r.name)}
    alive = {family(r.name) for r in rows if r.desired or r.total}
    emptied = coloured & alive
    return tuple(r for r in rows if r.desired or r.total or family(r.name) not in emptied)


def _rollout(d: Deployment, replica_sets: list[ReplicaSetRow], failing: Mapping[str, list[PodRow]]) -> RolloutRow:
    old = [r for r in replica_sets if r.revision != d.revision and r.total > 0]
    old_images: list[str] = []
    for replica_set in sorted(old, key=lambda r: r.created):
        old_images += [i for i in replica_set.images if i not in d.images and i not in old_images]
    # The new ReplicaSet's trouble first: it is what the rollout waits for.
    newest_first = sorted(replica_sets, key=lambda r: (r.revision != d.revision, -r.created))
    troubled = [p for r in newest_first for p in sorted(failing.get(r.name, []), key=lambda p: -p.state.severity)]
    state, reason = _judge(d, troubled)
    return RolloutRow(
        uid=d.uid,
        name=d.name,
        namespace=d.namespace,
        desired=d.desired,
        ready=d.ready,
        updated=d.updated,
        available=d.available,
        total=d.total,
        revision=d.revision,
        images=d.images,
        old_images=tuple(old_images),
        paused=d.paused,
        state=state,
        reason=_line(reason),
        created=d.created,
    )


def _judge(d: Deployment, troubled: list[PodRow]) -> tuple[State, str]:
    first = f"{troubled[0].name}: {troubled[0].cause}" if troubled else ""
    if d.failure:
        return State.FAILED, f"cannot create pods: {d.failure}"
    rolled = d.seen and d.updated >= d.desired and d.total <= d.updated
    if rolled and d.available >= d.desired:
        return State.OK, "paused" if d.paused else ""
    if d.progress == "ProgressDeadlineExceeded":
        return State.FAILED, f"stuck: {first}" if first else "stuck: no progress before its deadline"
    if d.paused and not rolled:
        return State.DEGRADED, f"paused in the middle of a rollout{': ' + first if first else ''}"
    hurt = any(p.state is State.FAILED for p in troubled)
    if d.available == 0 and d.desired > 0 and d.progress == "NewReplicaSetAvailable":
        return State.FAILED, first or "no pod is available"
    if rolled and d.progress == "NewReplicaSetAvailable":
        return State.DEGRADED, first or f"{d.desired - d.available} of {d.desired} pods are not available"
    return (State.DEGRADED if hurt else State.PROGRESSING), first


def _images(spec: Raw) -> tuple[str, ...]:
    template = mapping(mapping(spec.get("template")).get("spec"))
    return tuple(text(c.get("image")) for c in objects(template.get("containers")))


def _line(message: str) -> str:
    return printable(" ".join(message.split()), limit=_LIMIT)
