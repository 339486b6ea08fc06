"""Tables as `kubectl get` asks for them (meta.k8s.io Table): columns and cells per kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.table import cluster, pods, workloads
from veza_tui.embedded.api.table.common import age

JSONObject = dict[str, Any]
Cells = Callable[[JSONObject, float], list[Any]]
_TYPES = {"s": "string", "i": "integer", "b": "boolean", "d": "date"}
_CONTAINERS = "Containers:s! Images:s!"
_EVENT = "Last_Seen:s Type:s Reason:s Object:s Subobject:s! Source:s! Message:s First_Seen:s! Count:s! Name:s!"
_KINDS: dict[str, tuple[str, Cells]] = {
    "ConfigMap": ("Data:s Age:s", cluster.config_map),
    "Endpoints": ("Endpoints:s Age:s", cluster.endpoints),
    "Event": (_EVENT, cluster.event),
    "LimitRange": ("Created_At:d", cluster.created),
    "Namespace": ("Status:s Age:s", cluster.namespace),
    "Node": ("Status:s Roles:s Age:s Version:s Internal-IP:s! External-IP:s! OS-Image:s! Kernel-Version:s! "
             "Container-Runtime:s!", cluster.node),
    "PersistentVolumeClaim": ("Status:s Volume:s Capacity:s Access_Modes:s StorageClass:s "
                              "VolumeAttributesClass:s Age:s VolumeMode:s!", cluster.claim),
    "Pod": ("Ready:s Status:s Restarts:s Age:s IP:s! Node:s! Nominated_Node:s! Readiness_Gates:s!", pods.pod_cells),
    "ResourceQuota": ("Request:s Limit:s Age:s", cluster.quota),
    "Secret": ("Type:s Data:s Age:s", cluster.secret),
    "ServiceAccount": ("Secrets:s Age:s", cluster.service_account),
    "Service": ("Type:s Cluster-IP:s External-IP:s Port(s):s Age:s Selector:s!", cluster.service),
    "DaemonSet": ("Desired:i Current:i Ready:i Up-to-date:i Available:i Node_Selector:s Age:s "
                  f"{_CONTAINERS} Selector:s!", workloads.daemon_set),
    "Deployment": (f"Ready:s Up-to-date:s Available:s Age:s {_CONTAINERS} Selector:s!", workloads.deployment),
    "ReplicaSet": (f"Desired:i Current:i Ready:i Age:s {_CONTAINERS} Selector:s!", workloads.replica_set),
    "StatefulSet": (f"Ready:s Age:s {_CONTAINERS}", workloads.stateful_set),
    "ControllerRevision": ("Controller:s Revision:s Age:s", cluster.revision),
    "HorizontalPodAutoscaler": ("Reference:s Targets:s MinPods:s MaxPods:s Replicas:s Age:s", workloads.autoscaler),
    "CronJob": ("Schedule:s Timezone:s Suspend:b Active:i Last_Schedule:s Age:s " f"{_CONTAINERS} Selector:s!",
                workloads.cron_job),
    "Job": (f"Status:s Completions:s Duration:s Age:s {_CONTAINERS} Selector:s!", workloads.job),
    "Lease": ("Holder:s Age:s", cluster.lease),
    "EndpointSlice": ("AddressType:s Ports:s Endpoints:s Age:s", cluster.endpoint_slice),
    "Ingress": ("Class:s Hosts:s Address:s Ports:s Age:s", cluster.ingress),
    "NetworkPolicy": ("Pod-Selector:s Age:s", cluster.network_policy),
    "PodDisruptionBudget": ("Min_Available:s Max_Unavailable:s Allowed_Disruptions:i Age:s",
                            workloads.disruption_budget),
    "ClusterRole": ("Created_At:d", cluster.created),
    "Role": ("Created_At:d", cluster.created),
    "ClusterRoleBinding": ("Role:s Age:s Users:s! Groups:s! ServiceAccounts:s!", cluster.binding),
    "RoleBinding": ("Role:s Age:s Users:s! Groups:s! ServiceAccounts:s!", cluster.binding),
}  # fmt: skip


def _default(obj: JSONObject, now: float) -> list[Any]:
    return [obj["metadata"]["name"], age(obj, now)]


def columns(kind: ResourceType) -> list[JSONObject]:
    """The column definitions of a kind."""
    text, _ = _KINDS.get(kind.kind, ("Age:s", _default))
    if kind.kind != "Event":
        text = f"Name:s {text}"
    out: list[JSONObject] = []
    for token in text.split():
        name, _, form = token.rpartition(":")
        name = name.replace("_", " ")
        out.append({
            "name": name, "type": _TYPES[form[0]], "format": "name" if name == "Name" else "",
            "description": f"{name} of the {kind.singular}.", "priority": int(form.endswith("!")),
        })  # fmt: skip
    return out


def table_of(
    kind: ResourceType, objects: Sequence[JSONObject], meta: JSONObject, *, include: str, version: str, now: float
) -> JSONObject:
    """A Table. ``include`` is what each row carries: Metadata, Object or None; ``now`` is for ages."""
    _, cells = _KINDS.get(kind.kind, ("", _default))
    rows: list[JSONObject] = []
    for obj in objects:
        row: JSONObject = {"cells": cells(obj, now)}
        if kind.kind == "Pod" and (conditions := pods.pod_conditions(obj)):
            row["conditions"] = conditions
        if include == "Object":
            row["object"] = obj
        elif include == "Metadata":
            api_version = f"meta.k8s.io/{version}"
            row["object"] = {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}
        else:
            row["object"] = None
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": meta,
        "columnDefinitions": columns(kind),
        "rows": rows,
    }
