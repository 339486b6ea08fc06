"""Objects in the sections, order and words of ``kubectl describe`` (source: k8s.io/kubectl/pkg/describe 1.34). Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.feeds.fields import integer, mapping, objects, seconds, text
from veza_tui.feeds.inspect import describe_network
from veza_tui.feeds.inspect.containers import containers, resources
from veza_tui.feeds.inspect.events import describe_events
from veza_tui.feeds.inspect.generic import generic
from veza_tui.feeds.inspect.masking import masked_annotations
from veza_tui.feeds.inspect.quantity import quantity
from veza_tui.feeds.inspect.related import Related
from veza_tui.feeds.inspect.volumes import volumes
from veza_tui.feeds.inspect.writer import Writer, selector, shown, when
from veza_tui.model.ages import age

Raw = Mapping[str, Any]


def describe(obj: Raw, related: Related, now: float) -> list[str]:
    """The lines; ages as of ``now`` (unix seconds). Text is as the cluster gave it: make it printable."""
    w = Writer()
    builder = _KINDS.get(text(obj.get("kind")))
    if builder is None:
        generic(w, obj)
    else:
        builder(w, obj, related, now)
    if related.events is not None:
        describe_events(w, related.events, now)
    return [part for line in w.lines() for part in line.split("\n")]


def _names(w: Writer, meta: Raw) -> None:
    w.pair(0, "Name", meta.get("name"))
    w.pair(0, "Namespace", meta.get("namespace"))


def _pod(w: Writer, obj: Raw, related: Related, now: float) -> None:
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    _names(w, meta)
    if spec.get("priority") is not None:
        w.pair(0, "Priority", spec["priority"])
    for title, key in (
        ("Priority Class Name", "priorityClassName"),
        ("Runtime Class Name", "runtimeClassName"),
        ("Service Account", "serviceAccountName"),
    ):
        if spec.get(key):
            w.pair(0, title, spec[key])
    node = text(spec.get("nodeName"))
    w.pair(0, "Node", f"{node}/{text(status.get('hostIP'))}" if node else "<none>")
    if status.get("startTime") is not None:
        w.pair(0, "Start Time", when(status["startTime"]))
    w.labels("Labels", meta.get("labels"))
    w.annotations("Annotations", meta.get("annotations"))
    deleted, phase = meta.get("deletionTimestamp"), text(status.get("phase"))
    if deleted and phase not in ("Failed", "Succeeded"):
        w.pair(0, "Status", f"Terminating (lasts {age(now - (seconds(text(deleted)) or now))})")
        w.pair(0, "Termination Grace Period", f"{integer(meta.get('deletionGracePeriodSeconds'))}s")
    else:
        w.pair(0, "Status", phase)
    for key in ("reason", "message"):
        if status.get(key):
            w.pair(0, key.capitalize(), status[key])
    profile = mapping(mapping(spec.get("securityContext")).get("seccompProfile"))
    if profile:
        w.pair(0, "SeccompProfile", profile.get("type"))
        if profile.get("type") == "Localhost":
            w.pair(0, "LocalhostProfile", profile.get("localhostProfile"))
    w.pair(0, "IP", status.get("podIP"))
    addresses = objects(status.get("podIPs"))
    w.title(0, "IPs", "" if addresses else "\t<none>")
    for address in addresses:
        w.pair(1, "IP", address.get("ip"))
    _controlled(w, meta)
    if status.get("nominatedNodeName"):
        w.pair(0, "NominatedNodeName", status["nominatedNodeName"])
    if spec.get("resources") is not None:
        w.title(0, "Resources")
        resources(w, spec["resources"], 1)
    if spec.get("initContainers"):
        containers(w, "Init Containers", spec["initContainers"], status.get("initContainerStatuses"), obj)
    containers(w, "Containers", spec.get("containers"), status.get("containerStatuses"), obj)
    if spec.get("ephemeralContainers"):
        found = status.get("ephemeralContainerStatuses")
        containers(w, "Ephemeral Containers", spec["ephemeralContainers"], found, obj)
    _pod_conditions(w, spec, status)
    volumes(w, spec.get("volumes"))
    w.pair(0, "QoS Class", status.get("qosClass") or _qos(spec))
    w.labels("Node-Selectors", spec.get("nodeSelector"))
    w.tolerations("Tolerations", spec.get("tolerations"))
    _spread(w, spec, "")


def _pod_conditions(w: Writer, spec: Raw, status: Raw) -> None:
    conditions = objects(status.get("conditions"))
    gates = objects(spec.get("readinessGates"))
    if gates:
        w.title(0, "Readiness Gates")
        w.row(1, "Type", "Status")
        known = {text(c.get("type")): text(c.get("status")) for c in conditions}
        for gate in gates:
            kind = text(gate.get("conditionType"))
            w.row(1, f"{kind} ", f"{known.get(kind, '<none>')} ")
    if conditions:
        w.title(0, "Conditions")
        w.row(1, "Type", "Status")
        for condition in conditions:
            w.row(1, f"{shown(condition.get('type'))} ", f"{shown(condition.get('status'))} ")


def _qos(spec: Raw) -> str:
    """Only for a status that does not say (an unscheduled pod of an old server)."""
    found = [mapping(c.get("resources")) for key in ("containers", "initContainers") for c in objects(spec.get(key))]
    amounts = [mapping(r.get(key)) for r in found for key in ("limits", "requests")]
    if not any((quantity(text(a.get(n))) or 0) > 0 for a in amounts for n in ("cpu", "memory")):
        return "BestEffort"
    for one in found:
        limits, requests = mapping(one.get("limits")), mapping(one.get("requests"))
        for name in ("cpu", "memory"):
            if name not in limits or requests.get(name, limits[name]) != limits[name]:
                return "Burstable"
    return "Guaranteed"


def _controlled(w: Writer, meta: Raw) -> None:
    owner = next((o for o in objects(meta.get("ownerReferences")) if o.get("controller") is True), None)
    if owner is not None:
        w.pair(0, "Controlled By", f"{text(owner.get('kind'))}/{text(owner.get('name'))}")


def _spread(w: Writer, spec: Raw, space: str) -> None:
    found = sorted(objects(spec.get("topologySpreadConstraints")), key=lambda c: text(c.get("topologyKey")))
    for i, one in enumerate(found):
        words = f"{text(one.get('topologyKey'))}:{text(one.get('whenUnsatisfiable'))}"
        words += f" when max skew {integer(one.get('maxSkew'))} is exceeded"
        if one.get("labelSelector") is not None:
            words += f" for selector {selector(one['labelSelector'])}"
        w.plain(f"{space}{'Topology Spread Constraints:' if not i else ''}\t{shown(words)}")


def _deployment(w: Writer, obj: Raw, related: Related, now: float) -> None:
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    _names(w, meta)
    w.pair(0, "CreationTimestamp", when(meta.get("creationTimestamp")))
    w.labels("Labels", meta.get("labels"))
    w.annotations("Annotations", meta.get("annotations"))
    w.pair(0, "Selector", "" if selector(spec.get("selector")) == "<none>" else selector(spec.get("selector")))
    counts = [integer(status.get(k)) for k in ("updatedReplicas", "replicas", "availableReplicas")]
    lacking = integer(status.get("unavailableReplicas"))
    w.pair(
        0,
        "Replicas",
        f"{integer(spec.get('replicas'), 1)} desired | {counts[0]} updated | {counts[1]} total | "
        f"{counts[2]} available | {lacking} unavailable",
    )
    strategy = mapping(spec.get("strategy"))
    w.pair(0, "StrategyType", strategy.get("type"))
    w.pair(0, "MinReadySeconds", integer(spec.get("minReadySeconds")))
    rolling = strategy.get("rollingUpdate")
    if isinstance(rolling, dict):
        lost, more = text(rolling.get("maxUnavailable")), text(rolling.get("maxSurge"))
        w.pair(0, "RollingUpdateStrategy", f"{lost} max unavailable, {more} max surge")
    _template(w, mapping(spec.get("template")))
    _conditions(w, status)
    old, new = related.old_and_new(obj)
    if old or new:
        w.pair(0, "OldReplicaSets", _sets(old))
        w.pair(0, "NewReplicaSet", _sets(new))


def _sets(found: Sequence[Raw]) -> str:
    return (
        ", ".join(
            f"{text(mapping(o.get('metadata')).get('name'))} "
            f"({integer(mapping(o.get('status')).get('replicas'))}/"
            f"{integer(mapping(o.get('spec')).get('replicas'), 1)} replicas created)"
            for o in found
        )
        or "<none>"
    )


def _replica_set(w: Writer, obj: Raw, related: Related, now: float) -> None:
    meta, spec, status = mapping(obj.get("metadata")), mapping(obj.get("spec")), mapping(obj.get("status"))
    _names(w, meta)
    w.pair(0, "Selector", selector(spec.get("selector")))
    w.labels("Labels", meta.get("labels"))
    w.annotations("Annotations", meta.get("annotations"))
    _controlled(w, meta)
    have, want = integer(status.get("replicas")), integer(spec.get("replicas"), 1)
    w.pair(0, "Replicas", f"{have} current / {want} desired")
    counts = [related.phases(text(meta.get("uid"))).get(p, 0) for p in ("Running", "Pending", "Succeeded", "Failed")]
    words = zip(counts, ("Running", "Waiting", "Succeeded", "Failed"), strict=True)
    w.pair(0, "Pods Status", " / ".join(f"{count} {word}" for count, word in words))
    _template(w, mapping(spec.get("template")))
    _conditions(w, status)


def _template(w: Writer, template: Raw) -> None:
    meta, spec = mapping(template.get("metadata")), mapping(template.get("spec"))
    w.title(0, "Pod Template")
    w.labels("Labels", meta.get("labels"), "  ")
    if meta.get("annotations"):
        w.annotations("  Annotations", meta.get("annotations"))
    if spec.get("serviceAccountName"):
        w.pair(1, "Service Account", spec["serviceAccountName"])
    if spec.get("initContainers"):
        containers(w, "Init Containers", spec["initContainers"], None, None, "  ")
    containers(w, "Containers", spec.get("containers"), None, None, "  ")
    volumes(w, spec.get("volumes"), "  ")
    _spread(w, spec, "  ")
    if spec.get("priorityClassName"):
        w.pair(1, "Priority Class Name", spec["priorityClassName"])
    w.labels("Node-Selectors", spec.get("nodeSelector"), "  ")
    w.tolerations("  Tolerations", spec.get("tolerations"))


def _conditions(w: Writer, status: Raw) -> None:
    found = objects(status.get("conditions"))
    if not found:
        return
    w.title(0, "Conditions")
    w.row(1, "Type", "Status", "Reason")
    w.row(1, "----", "------", "------")
    for condition in found:
        w.row(1, f"{shown(condition.get('type'))} ", condition.get("status"), condition.get("reason"))


def _secret(w: Writer, obj: Raw, related: Related, now: float) -> None:
    # kubectl shows annotations as they are, also where they repeat a value.
    _named(w, {**obj, "metadata": {**mapping(obj.get("metadata")), "annotations": masked_annotations(obj)}})
    w.plain()
    w.pair(0, "Type", obj.get("type"))
    _data_title(w, "Data")
    data = mapping(obj.get("data"))
    for key in sorted(data):
        w.pair(0, shown(key), f"{_size(data[key])} bytes")


def _config_map(w: Writer, obj: Raw, related: Related, now: float) -> None:
    _named(w, obj)
    _data_title(w, "Data")
    data, binary = mapping(obj.get("data")), mapping(obj.get("binaryData"))
    for key in sorted(data):
        w.plain(f"{shown(key)}:")
        w.plain("----")
        for part in text(data[key]).split("\n"):
            w.plain(shown(part))
        w.plain()
    _data_title(w, "BinaryData")
    for key in sorted(binary):
        w.plain(f"{shown(key)}: {_size(binary[key])} bytes")
    w.plain()


def _named(w: Writer, obj: Raw) -> None:
    meta = mapping(obj.get("metadata"))
    _names(w, meta)
    w.labels("Labels", meta.get("labels"))
    w.annotations("Annotations", meta.get("annotations"))


def _data_title(w: Writer, title: str) -> None:
    w.plain()
    w.plain(title)
    w.plain("====")


def _size(value: Any) -> int:
    try:
        return len(base64.b64decode(text(value)))
    except (binascii.Error, ValueError):
        return len(text(value))


_KINDS = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Secret": _secret,
    "ConfigMap": _config_map,
    "Service": describe_network.service,
    "HorizontalPodAutoscaler": describe_network.autoscaler,
    "PodDisruptionBudget": describe_network.budget,
}
