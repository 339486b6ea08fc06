"""Where pods and claims may go: node selectors, affinity, devices, storage (source: Kubernetes 1.34's validation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from veza_tui.workspace import checks, kubenames
from veza_tui.workspace.findings import Look, Path

Value = dict[str, Any]
_WINDOWS_USER = set('"/\\:;|=,+*?<>@[]')


def _node_term(look: Look, value: Value, path: Path) -> None:
    for index, one in enumerate(value.get("matchExpressions") or []):
        _node_expression(look, one, (*path, "matchExpressions", index))
    for index, one in enumerate(value.get("matchFields") or []):
        here: Path = (*path, "matchFields", index)
        if one.get("key") != "metadata.name":
            look.error((*here, "key"), "only metadata.name can be matched", "use matchExpressions")
        if one.get("operator") not in ("In", "NotIn"):
            look.error((*here, "operator"), "is no operator of matchFields", "use In or NotIn")
        elif len(one.get("values") or []) != 1 or kubenames.dns_name(str(one["values"][0])):
            look.error((*here, "values"), "must hold one node's name", "correct it")


def _node_expression(look: Look, value: Value, path: Path) -> None:
    operator, values = value.get("operator"), value.get("values") or []
    wrong = kubenames.qualified(str(value.get("key") or ""))
    if wrong:
        look.error((*path, "key"), f"is not a label's name: {wrong}", "correct it")
    if operator in ("In", "NotIn") and not values:
        look.error((*path, "values"), f"{operator} needs values", "add values")
    elif operator in ("Exists", "DoesNotExist") and values:
        look.error((*path, "values"), f"{operator} takes no values", "remove them")
    elif operator in ("Gt", "Lt") and len(values) != 1:
        look.error((*path, "values"), f"{operator} takes one number", "correct it")


def _affinity_term(look: Look, value: Value, path: Path) -> None:
    for name in ("matchLabelKeys", "mismatchLabelKeys"):
        if value.get(name) and value.get("labelSelector") is None:
            look.error((*path, name), "needs a labelSelector", "add one, or remove this")
    for index, name in enumerate(value.get("namespaces") or []):
        if checks.dns_label(str(name)):
            look.error((*path, "namespaces", index), f"a namespace {checks.dns_label(str(name))}", "correct it")


def _claim_of_pod(look: Look, value: Value, path: Path) -> None:
    if checks.dns_label(str(value.get("name") or "")):
        look.error((*path, "name"), "is no name of a claim", "use a DNS label")
    names = [name for name in ("resourceClaimName", "resourceClaimTemplateName") if value.get(name) is not None]
    if len(names) != 1:
        look.error(path, "names no claim, or two", "give resourceClaimName or resourceClaimTemplateName")
    for name in names:
        if kubenames.dns_name(str(value[name])):
            look.error((*path, name), kubenames.dns_name(str(value[name])), "correct it")


def _devices(look: Look, value: Value, path: Path) -> None:
    """Block devices of a pod's containers: each a volume that is a claim."""
    volumes = {v.get("name"): v for v in value.get("volumes") or []}
    for part in ("initContainers", "containers"):
        for index, container in enumerate(value.get(part) or []):
            seen: set[Any] = {m.get("name") for m in container.get("volumeMounts") or []}
            for number, device in enumerate(container.get("volumeDevices") or []):
                here: Path = (*path, part, index, "volumeDevices", number)
                name = device.get("name")
                volume = volumes.get(name) or {}
                if name in seen:
                    look.error((*here, "name"), "is used twice", "remove one")
                elif volume.get("persistentVolumeClaim") is None and volume.get("ephemeral") is None:
                    look.error((*here, "name"), "names no claim of the pod", "add the volume, or remove the device")
                seen.add(name)
    if (value.get("resources") or {}).get("claims") is not None:
        look.error((*path, "resources", "claims"), "are refused for the whole pod", "give them to a container")


def _windows(look: Look, value: Value, path: Path) -> None:
    user, spec = value.get("runAsUserName"), value.get("gmsaCredentialSpecName")
    if user is not None and (not user or _WINDOWS_USER & set(str(user).rpartition("\\")[2])):
        look.error((*path, "runAsUserName"), "is no user of Windows", "write USER or DOMAIN\\USER")
    if spec is not None and kubenames.dns_name(str(spec)):
        look.error((*path, "gmsaCredentialSpecName"), kubenames.dns_name(str(spec)), "correct it")


def _storage(look: Look, value: Value, path: Path) -> None:
    requests = (value.get("resources") or {}).get("requests") or {}
    size = checks.quantity_value(str(requests.get("storage") or ""))
    if size is None or size <= 0:
        look.error((*path, "resources", "requests", "storage"), "is required: how much", "write storage: 1Gi")
    for name in ("storageClassName", "volumeAttributesClassName"):
        if value.get(name) and kubenames.dns_name(str(value[name])):
            look.error((*path, name), kubenames.dns_name(str(value[name])), "correct it")
    if not value.get("accessModes"):
        look.error((*path, "accessModes"), "is required and missing", "write [ReadWriteOnce]")


PLACING: dict[str, Callable[[Look, Value, Path], None]] = {
    "V1NodeSelectorTerm": _node_term,
    "V1PodAffinityTerm": _affinity_term,
    "V1PodResourceClaim": _claim_of_pod,
    "V1PodSpec": _devices,
    "V1WindowsSecurityContextOptions": _windows,
    "V1PersistentVolumeClaimSpec": _storage,
}
