"""What an API server checks beyond fields and types, for the kinds we ship (source: Kubernetes' own validation)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from veza_tui.workspace import checks, kubenames
from veza_tui.workspace.findings import Findings, Look, Path
from veza_tui.workspace.kubepod import check_pod, port_name
from veza_tui.workspace.kubeschema import check_fields, check_kind
from veza_tui.workspace.kubevalues import check_values
from veza_tui.workspace.manifests import CLUSTER_SCOPED, Manifest

_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}\Z")
_MAX_DATA = 1024 * 1024
_MAX_ANNOTATIONS = 256 * 1024


def check_manifests(manifests: list[Manifest], findings: Findings, environment: str) -> list[Manifest]:
    """Check every object by itself and that none is given twice; returns those whose fields can be trusted."""
    sound = []
    seen: dict[tuple[str, str, str], Manifest] = {}
    for manifest in manifests:
        look = Look(manifest, findings, environment)
        known, type_name = check_kind(look)
        if not known or (type_name is not None and not check_fields(look, type_name)):
            continue
        if not isinstance(manifest.object.get("metadata"), dict):
            look.error(("metadata",), "metadata is missing or no mapping", "add metadata with a name")
            continue
        _metadata(look)
        identity = (manifest.kind, manifest.namespace, manifest.name)
        first = seen.setdefault(identity, manifest)
        if first is not manifest and manifest.name:
            where = f"{first.file}:{first.line}"
            look.error((), f"is given twice (first in {where}): the later one wins silently", "remove one of the two")
        if type_name:
            check_values(look, type_name)
        check = _BY_KIND.get(manifest.kind) if type_name else None
        if check is not None:
            check(look)
        sound.append(manifest)
    return sound


def _metadata(look: Look) -> None:
    manifest = look.manifest
    if not manifest.name:
        look.error(("metadata", "name"), "metadata.name is missing", "give the object a name")
    else:
        strict = manifest.kind in ("Namespace", "Service")
        wrong = (checks.dns_label if strict else kubenames.dns_name)(manifest.name)
        if not wrong and manifest.kind == "Service" and manifest.name[0].isdigit():
            wrong = "must begin with a letter"
        if wrong and (manifest.kind != "PodDisruptionBudget" or kubenames.path_segment(manifest.name)):
            # A budget's name is not looked at (measured, 1.34).
            look.error(("metadata", "name"), f"name {wrong}", "rename the object")
    if manifest.namespace and manifest.kind in CLUSTER_SCOPED:
        look.warning(("metadata", "namespace"), f"a {manifest.kind} has no namespace", "remove it")
    elif manifest.namespace and checks.dns_label(manifest.namespace):
        look.error(("metadata", "namespace"), f"namespace {checks.dns_label(manifest.namespace)}", "correct it")
    labels = manifest.metadata.get("labels")
    check_labels(look, labels, ("metadata", "labels"))
    annotations = manifest.metadata.get("annotations")
    for key, text in (annotations if isinstance(annotations, dict) else {}).items():
        if kubenames.qualified(key.lower()):
            look.error(("metadata", "annotations", key), "is not an annotation's name", "use prefix/name")
        elif not isinstance(text, str):
            look.error(("metadata", "annotations", key), "must be a text", "put it in quotes")
    size = (
        sum(len(str(k)) + len(str(v)) for k, v in (annotations or {}).items()) if isinstance(annotations, dict) else 0
    )
    if size > _MAX_ANNOTATIONS:
        look.error(("metadata", "annotations"), "annotations are larger than 256 KiB together", "shorten them")


def check_labels(look: Look, labels: Any, path: Path) -> None:
    """Label names and values (RFC 1123 with an optional prefix; values at most 63 characters)."""
    for key, value in (labels if isinstance(labels, dict) else {}).items():
        if kubenames.qualified(key):
            look.error((*path, key), "is not a label's name", "use letters, digits, - _ . and an optional dns.prefix/")
        elif not isinstance(value, str):
            look.error((*path, key), "must be a text", "put it in quotes")
        elif kubenames.label_value(value):
            look.error((*path, key), "is not a label's value", "use at most 63 letters, digits, - _ .")


def _data(look: Look) -> None:
    """ConfigMap and Secret."""
    size = 0
    names: set[str] = set()
    for part in ("data", "binaryData"):
        items = look.manifest.object.get(part) or {}
        for key, value in items.items():
            size += len(str(value))
            if not _DATA_KEY.match(key) or key in (".", "..") or key.startswith("..") or len(key) > 253:
                look.error((part, key), "is not a valid key", "use letters, digits, - _ and . only")
            if key in names:
                look.error((part, key), "is in data and in binaryData", "keep one of the two")
            names.add(key)
    for key, value in (look.manifest.object.get("stringData") or {}).items():
        size += len(str(value))
        if kubenames.data_key(key):
            look.error(("stringData", key), "is not a valid key", "use letters, digits, - _ and . only")
    if size > _MAX_DATA:
        look.error((), "holds more than 1 MiB of data", "split it")


def _service(look: Look) -> None:
    spec = look.manifest.object.get("spec") or {}
    kind = spec.get("type") or "ClusterIP"
    kinds = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
    if kind not in kinds:
        look.error(("spec", "type"), "is not a Service's type", f"use one of {', '.join(kinds)}")
    ports = spec.get("ports") or []
    if not ports and kind != "ExternalName" and spec.get("clusterIP") != "None":
        look.error(("spec", "ports"), "a Service needs a port", "add ports")
    seen: set[tuple[Any, Any]] = set()
    names: set[str] = set()
    for index, port in enumerate(ports):
        path: Path = ("spec", "ports", index)
        number = port.get("port")
        if isinstance(number, int) and not 1 <= number <= 65535:
            look.error((*path, "port"), f"{number} is outside 1 to 65535", "correct the port")
        check_port_reference(look, port.get("targetPort") or None, (*path, "targetPort"))
        protocol = port.get("protocol") or "TCP"
        if protocol not in ("TCP", "UDP", "SCTP"):
            look.error((*path, "protocol"), "is not TCP, UDP or SCTP", "correct it")
        if (number, protocol) in seen:
            look.error((*path, "port"), f"port {number} is given twice", "remove one")
        seen.add((number, protocol))
        name = port.get("name") or ""
        if len(ports) > 1 and not name:
            look.error((*path, "name"), "a Service with several ports names each", "add a name")
        elif name and (checks.dns_label(name) or name in names):
            look.error((*path, "name"), "is no port name, or given twice", "use a DNS label, once")
        names.add(name)
    check_labels(look, spec.get("selector"), ("spec", "selector"))


def check_port_reference(look: Look, port: Any, path: Path) -> None:
    """A port by number, or by a name of at most 15 lower-case letters, digits and hyphens (RFC 6335)."""
    if isinstance(port, int) and not isinstance(port, bool):
        if not 1 <= port <= 65535:
            look.error(path, f"{port} is outside 1 to 65535", "correct the port")
    elif isinstance(port, str) and not port_name(port):
        look.error(path, "is no port name", "write a number, or a name of at most 15 letters, digits and hyphens")


def _deployment(look: Look) -> None:
    spec = look.manifest.object.get("spec")
    if not isinstance(spec, dict):
        look.error(("spec",), "spec is missing", "add it")
        return
    replicas = spec.get("replicas")
    if isinstance(replicas, int) and replicas < 0:
        look.error(("spec", "replicas"), "must not be negative", "write 0 or more")
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    check_labels(look, labels, ("spec", "template", "metadata", "labels"))
    _selector(look, spec.get("selector"), labels)
    strategy = spec.get("strategy") or {}
    kind = strategy.get("type") or "RollingUpdate"
    if kind not in ("RollingUpdate", "Recreate"):
        look.error(("spec", "strategy", "type"), "is not RollingUpdate or Recreate", "correct it")
    rolling = strategy.get("rollingUpdate")
    if rolling is not None and kind == "Recreate":
        look.error(("spec", "strategy", "rollingUpdate"), "does not go with Recreate", "remove one of the two")
    if rolling and _zero(rolling.get("maxSurge")) and _zero(rolling.get("maxUnavailable")):
        look.error(("spec", "strategy", "rollingUpdate"), "maxSurge and maxUnavailable are both 0", "let one be 1")
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if isinstance(deadline, int) and deadline <= ready:
        look.error(("spec", "progressDeadlineSeconds"), "must be more than minReadySeconds", "raise it")
    restart = (template.get("spec") or {}).get("restartPolicy")
    if restart not in (None, "", "Always"):
        path = ("spec", "template", "spec", "restartPolicy")
        look.error(path, "must be Always in a Deployment", "write Always, or remove it")
    check_pod(look, template.get("spec") or {}, ("spec", "template", "spec"))


def _selector(look: Look, selector: Any, labels: dict[str, Any]) -> None:
    path = ("spec", "selector")
    match = (selector or {}).get("matchLabels") or {}
    expressions = (selector or {}).get("matchExpressions") or []
    if not match and not expressions:
        look.error(path, "an empty selector is refused", "add matchLabels")
    for key, value in match.items():
        if labels.get(key) != value:
            todo = "give the template the same label"
            look.error((*path, "matchLabels", key), "does not match the template's labels", todo)
    for index, one in enumerate(expressions):
        key, operator, values = one.get("key"), one.get("operator"), one.get("values") or []
        has = key in labels
        fits = {
            "In": has and labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": has,
            "DoesNotExist": not has,
        }.get(str(operator))
        if fits is None:
            look.error((*path, "matchExpressions", index, "operator"), "is no operator", "use In, NotIn, Exists")
        elif not fits:
            where: Path = (*path, "matchExpressions", index)
            look.error(where, "does not match the template's labels", "give the template a fitting label")


def _zero(value: Any) -> bool:
    return value in (0, "0", "0%")


def _autoscaler(look: Look) -> None:
    spec = look.manifest.object.get("spec") or {}
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas")
    if isinstance(low, int) and low < 1:
        look.error(("spec", "minReplicas"), "must be 1 or more", "correct it")
    if isinstance(high, int) and high < 1:
        look.error(("spec", "maxReplicas"), "must be 1 or more", "correct it")
    elif isinstance(low, int) and isinstance(high, int) and low > high:
        look.error(("spec", "minReplicas"), f"{low} is more than maxReplicas {high}", "swap or correct them")


def _budget(look: Look) -> None:
    spec = look.manifest.object.get("spec") or {}
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        look.error(("spec", "minAvailable"), "does not go with maxUnavailable", "keep one of the two")
    if not spec.get("selector"):
        look.warning(("spec", "selector"), "selects no pod", "add a selector")


_BY_KIND: dict[str, Callable[[Look], None]] = {
    "ConfigMap": _data,
    "Secret": _data,
    "Service": _service,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
}
