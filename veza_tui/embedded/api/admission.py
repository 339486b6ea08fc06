"""What the registry and admission add to a new object (nobody's managedFields show it): phases, QoS, tolerations ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from veza_tui.embedded.api.errors import forbidden
from veza_tui.embedded.api.meta import dig, generate_name
from veza_tui.embedded.api.resources import ResourceType

if TYPE_CHECKING:
    from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]
_SECONDS = 300
_ACCOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"


def on_create(store: Store, kind: ResourceType, obj: JSONObject) -> None:
    """Complete a new object.

    Raises:
        ApiError: 403 for a Pod whose ServiceAccount is missing.
    """
    if kind.kind == "Pod":
        _pod(store, obj)
    elif kind.kind == "Namespace":
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}
    elif kind.kind == "Job":
        _job(obj)
    elif kind.kind == "PersistentVolumeClaim":
        obj["status"] = {"phase": "Pending"}
        obj["spec"].setdefault("storageClassName", "standard")


def _pod(store: Store, obj: JSONObject) -> None:
    meta, spec = obj["metadata"], obj["spec"]
    account = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = account
    found = store.find("serviceaccounts", meta["namespace"], account)
    if found is None:
        missing = f'serviceaccount "{account}" not found'
        why = f"error looking up service account {meta['namespace']}/{account}: {missing}"
        raise forbidden("pods", "", meta["name"], why)
    if spec.get("automountServiceAccountToken", found.get("automountServiceAccountToken", True)) is not False:
        _mount_account(spec)
    spec.setdefault("priority", 0)
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    tolerations = spec.setdefault("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        if not any(t.get("key") in (key, None) and t.get("effect") in ("NoExecute", None) for t in tolerations):
            tolerations.append({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS})
    obj["status"] = {"phase": "Pending", "qosClass": qos_class(spec)}
    if spec.get("schedulingGates"):
        # Source: kubernetes pkg/registry/core/pod/strategy.go, applySchedulingGatedCondition.
        why = "Scheduling is blocked due to non-empty scheduling gates"
        gated = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": why}
        obj["status"]["conditions"] = [gated | {"lastProbeTime": None, "lastTransitionTime": None}]


def _mount_account(spec: JSONObject) -> None:
    """The projected volume of the ServiceAccount (source: plugin/pkg/admission/serviceaccount, TokenVolumeSource)."""
    containers = [c for key in ("initContainers", "containers") for c in spec.get(key) or () if isinstance(c, dict)]
    without = [
        c for c in containers if not any(m.get("mountPath") == _ACCOUNT_PATH for m in c.get("volumeMounts") or ())
    ]
    if not without:
        return
    name = generate_name("kube-api-access-")
    for container in without:
        mount = {"name": name, "readOnly": True, "mountPath": _ACCOUNT_PATH}
        container["volumeMounts"] = [*(container.get("volumeMounts") or ()), mount]
    where = {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}, "path": "namespace"}
    sources: list[JSONObject] = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [where]}},
    ]
    volume = {"name": name, "projected": {"sources": sources, "defaultMode": 0o644}}
    spec["volumes"] = [*(spec.get("volumes") or ()), volume]


def qos_class(spec: JSONObject) -> str:
    """Guaranteed, Burstable or BestEffort."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    resources = [c.get("resources") or {} for c in containers if isinstance(c, dict)]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    for resource in resources:
        limits, requests = resource.get("limits") or {}, resource.get("requests") or {}
        if any(not limits.get(k) or requests.get(k, limits[k]) != limits[k] for k in ("cpu", "memory")):
            return "Burstable"
    return "Guaranteed"


def _job(obj: JSONObject) -> None:
    meta, spec = obj["metadata"], obj["spec"]
    if spec.get("manualSelector"):
        return
    labels = {
        "batch.kubernetes.io/controller-uid": meta["uid"], "batch.kubernetes.io/job-name": meta["name"],
        "controller-uid": meta["uid"], "job-name": meta["name"],
    }  # fmt: skip
    template_meta = spec["template"].setdefault("metadata", {})
    template_meta["labels"] = {**(template_meta.get("labels") or {}), **labels}
    meta["labels"] = {**(meta.get("labels") or {}), **labels}
    uid_key = "batch.kubernetes.io/controller-uid"
    selector = spec.get("selector") or {}
    match = dig(selector, "matchLabels") or {}
    spec["selector"] = {**selector, "matchLabels": {**match, uid_key: meta["uid"]}}
