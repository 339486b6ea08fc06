"""ConfigMaps, Secrets, Services, Namespaces, Leases, Events, quotas, roles, Ingresses."""

from __future__ import annotations

import base64
import ipaddress
import json
from typing import Any

from veza_tui.embedded.api.validation.base import IMMUTABLE, Problems, key_problems
from veza_tui.embedded.api.validation.meta import labels, selector

JSONObject = dict[str, Any]
_LIMIT = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"
_PROTOCOLS = ("SCTP", "TCP", "UDP")


def _frozen(problems: Problems, obj: JSONObject, old: JSONObject | None, keys: tuple[str, ...]) -> None:
    if old is None or not old.get("immutable"):
        return
    if not obj.get("immutable"):
        problems.forbidden("immutable", _FROZEN)
    for key in keys:
        if (obj.get(key) or {}) != (old.get(key) or {}):
            problems.forbidden(key, _FROZEN)


def config_map(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """ConfigMap."""
    _frozen(problems, obj, old, ("data", "binaryData"))
    size = 0
    for bag in ("data", "binaryData"):
        for key, value in (obj.get(bag) or {}).items():
            for text in key_problems(key):
                problems.invalid(f"{bag}[{key}]", key, text)
            if bag == "data" and key in (obj.get("binaryData") or {}):
                problems.invalid(f"data[{key}]", key, "duplicate of key present in binaryData")
            size += len(value.encode()) if bag == "data" else len(base64.b64decode(value))
    if size > _LIMIT:
        problems.too_long("[]", _LIMIT)


_NEEDS = {
    "kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson",
    "kubernetes.io/ssh-auth": "ssh-privatekey",
}  # fmt: skip


def secret(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Secret."""
    if old is not None and obj.get("type") != old.get("type"):
        problems.invalid("type", obj.get("type"), IMMUTABLE)
    _frozen(problems, obj, old, ("data",))
    data = obj.get("data") or {}
    for key in data:
        for text in key_problems(key):
            problems.invalid(f"data[{key}]", key, text)
    if sum(len(base64.b64decode(v)) for v in data.values()) > _LIMIT:
        problems.too_long("data", _LIMIT)
    kind = obj.get("type")
    wanted = _NEEDS.get(kind or "")
    if wanted and wanted not in data:
        problems.required(f"data[{wanted}]")
    elif kind in ("kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"):
        try:
            json.loads(base64.b64decode(data[wanted]))
        except ValueError:
            text = "unexpected end of JSON input"
            problems.invalid(f"data[{wanted}]", "<secret contents redacted>", text)
    if kind == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                problems.required(f"data[{key}]")
    if kind == "kubernetes.io/basic-auth" and not {"username", "password"} & set(data):
        problems.required("data[username]")
        problems.required("data[password]")
    annotations = obj["metadata"].get("annotations") or {}
    if kind == "kubernetes.io/service-account-token" and not annotations.get("kubernetes.io/service-account.name"):
        problems.required("metadata.annotations[kubernetes.io/service-account.name]")


def service(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Service."""
    spec = obj["spec"]
    kind, address = spec.get("type"), spec.get("clusterIP")
    if old is not None and "ExternalName" not in (kind, old["spec"].get("type")):
        before = old["spec"].get("clusterIPs")
        if before and spec.get("clusterIPs") != before:
            problems.invalid("spec.clusterIPs[0]", spec.get("clusterIPs"), "may not change once set")
    types = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
    ports = spec.get("ports") or []
    if not ports and address != "None" and kind != "ExternalName":
        problems.required("spec.ports")
    if kind == "ExternalName":
        if not spec.get("externalName"):
            problems.required("spec.externalName")
        else:
            problems.subdomain("spec.externalName", spec["externalName"].rstrip("."))
    names: set[str] = set()
    seen: set[tuple[str, int]] = set()
    for index, port in enumerate(ports):
        _service_port(problems, port, f"spec.ports[{index}]", names, required=len(ports) > 1)
    labels(problems, spec.get("selector"), "spec.selector")
    problems.choice("spec.sessionAffinity", spec.get("sessionAffinity"), ("ClientIP", "None"))
    if address and address != "None":
        try:
            ipaddress.ip_address(address)
        except ValueError:
            text = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
            problems.invalid("spec.clusterIPs[0]", address, text)
    problems.choice("spec.type", kind, types)
    for index, port in enumerate(ports):
        key = (port.get("protocol", ""), port.get("port", 0))
        if key in seen:
            value = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            problems.duplicate(f"spec.ports[{index}]", value)
        seen.add(key)
        if kind == "ClusterIP" and port.get("nodePort"):
            problems.forbidden(f"spec.ports[{index}].nodePort", "may not be used when `type` is 'ClusterIP'")
    policies = ("Cluster", "Local")
    if spec.get("internalTrafficPolicy"):
        problems.choice("spec.internalTrafficPolicy", spec["internalTrafficPolicy"], policies)


def _service_port(problems: Problems, port: JSONObject, path: str, names: set[str], *, required: bool) -> None:
    name = port.get("name")
    if not name:
        if required:
            problems.required(f"{path}.name")
    else:
        problems.label(f"{path}.name", name)
        if name in names:
            problems.duplicate(f"{path}.name", name)
        names.add(name)
    problems.port(f"{path}.port", port.get("port", 0))
    problems.choice(f"{path}.protocol", port.get("protocol"), _PROTOCOLS)
    problems.port_or_name(f"{path}.targetPort", port.get("targetPort"))
    node_port = port.get("nodePort")
    if node_port and not 30000 <= node_port <= 32767:
        text = "provided port is not in the valid range. The range of valid ports is 30000-32767"
        problems.invalid(f"{path}.nodePort", node_port, text)


def lease(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Lease."""
    spec = obj.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        problems.invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")
    problems.nonnegative("spec.leaseTransitions", spec.get("leaseTransitions"))


def event(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Event."""
    about, meta = obj.get("involvedObject") or {}, obj["metadata"]
    if about.get("namespace") and about["namespace"] != meta.get("namespace"):
        problems.invalid("involvedObject.namespace", about["namespace"], "does not match event.namespace")
    if not about.get("namespace") and meta.get("namespace") not in ("default", "kube-system"):
        problems.invalid("involvedObject.namespace", "", "does not match event.namespace")


def endpoint_slice(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """EndpointSlice."""
    problems.choice("addressType", obj.get("addressType"), ("FQDN", "IPv4", "IPv6"))
    if old is not None and obj.get("addressType") != old.get("addressType"):
        problems.invalid("addressType", obj.get("addressType"), IMMUTABLE)
    for index, endpoint in enumerate(obj.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            problems.required(f"endpoints[{index}].addresses", "must contain at least 1 address")


def binding(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """RoleBinding and ClusterRoleBinding."""
    role = obj.get("roleRef") or {}
    kinds = ("ClusterRole",) if obj["kind"] == "ClusterRoleBinding" else ("Role", "ClusterRole")
    if role.get("kind") not in kinds:
        problems.unsupported("roleRef.kind", role.get("kind", ""), kinds)
    if not role.get("name"):
        problems.required("roleRef.name")
    if old is not None and role != old.get("roleRef"):
        problems.invalid("roleRef", role, "cannot change roleRef")


def ingress(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """Ingress."""
    spec = obj.get("spec") or {}
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        problems.invalid("spec", spec or None, "either `defaultBackend` or `rules` must be specified")
    for index, rule in enumerate(spec.get("rules") or ()):
        if rule.get("host"):
            problems.subdomain(f"spec.rules[{index}].host", rule["host"].removeprefix("*."))
        for place, path in enumerate((rule.get("http") or {}).get("paths") or ()):
            where = f"spec.rules[{index}].http.paths[{place}]"
            if not path.get("pathType"):
                problems.required(f"{where}.pathType", "pathType must be specified")


def network_policy(problems: Problems, obj: JSONObject, old: JSONObject | None) -> None:
    """NetworkPolicy."""
    selector(problems, (obj.get("spec") or {}).get("podSelector"), "spec.podSelector")
