"""Containers of a pod (source: pkg/apis/core/validation)."""

from __future__ import annotations

import re
from typing import Any

from veza_tui.embedded.api.quantity import parse
from veza_tui.embedded.api.validation.base import Problems, key_problems, port_name_problems, qualified_name_problems

JSONObject = dict[str, Any]
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_POLICIES = ("Always", "IfNotPresent", "Never")
_STANDARD_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage", "storage"})
_SOURCES = "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def containers(problems: Problems, items: Any, path: str, volumes: set[str], names: set[str], *, init: bool) -> None:
    """All containers of a list; ``names`` gathers the names of all lists."""
    for index, item in enumerate(items or ()):
        where = f"{path}[{index}]"
        name = item.get("name", "")
        if not name:
            problems.required(f"{where}.name")
        else:
            problems.label(f"{where}.name", name)
        if name in names and name:
            problems.duplicate(f"{where}.name", name)
        names.add(name)
        _container(problems, item, where, volumes)
        if init:
            _init(problems, item, where)


def _init(problems: Problems, item: JSONObject, path: str) -> None:
    sidecar = item.get("restartPolicy") == "Always"
    for key in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
        if item.get(key) is not None and not sidecar:
            problems.forbidden(f"{path}.{key}", "may not be set for init containers without restartPolicy=Always")


def _container(problems: Problems, item: JSONObject, path: str, volumes: set[str]) -> None:
    image = item.get("image", "")
    if not image:
        problems.required(f"{path}.image")
    elif image != image.strip() and not path.startswith("spec.template"):
        problems.invalid(f"{path}.image", image, "must not have leading or trailing whitespace")
    if item.get("terminationMessagePolicy"):
        problems.choice(f"{path}.terminationMessagePolicy", item["terminationMessagePolicy"],
                        ("FallbackToLogsOnError", "File"))  # fmt: skip
    _ports(problems, item.get("ports") or (), f"{path}.ports")
    _env(problems, item.get("env") or (), f"{path}.env")
    _env_from(problems, item.get("envFrom") or (), f"{path}.envFrom")
    _mounts(problems, item.get("volumeMounts") or (), f"{path}.volumeMounts", volumes)
    problems.choice(f"{path}.imagePullPolicy", item.get("imagePullPolicy", "Always"), _POLICIES)
    resources(problems, item.get("resources") or {}, f"{path}.resources")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if item.get(name) is not None:
            _probe(problems, item[name], f"{path}.{name}", once=name != "readinessProbe")
    for name, hook in (item.get("lifecycle") or {}).items():
        if isinstance(hook, dict):
            _handler(problems, hook, f"{path}.lifecycle.{name}")


def _ports(problems: Problems, items: Any, path: str) -> None:
    names: set[str] = set()
    for index, port in enumerate(items):
        where, name = f"{path}[{index}]", port.get("name")
        if name:
            texts = port_name_problems(name)
            for text in texts:
                problems.invalid(f"{where}.name", name, text)
            if not texts and name in names:
                problems.duplicate(f"{where}.name", name)
            names.add(name)
        if not port.get("containerPort"):
            problems.required(f"{where}.containerPort")
        else:
            problems.port(f"{where}.containerPort", port["containerPort"])
        if port.get("hostPort"):
            problems.port(f"{where}.hostPort", port["hostPort"])
        problems.choice(f"{where}.protocol", port.get("protocol"), _PROTOCOLS)


def _env(problems: Problems, items: Any, path: str) -> None:
    for index, entry in enumerate(items):
        where, name = f"{path}[{index}]", entry.get("name", "")
        if not name:
            problems.required(f"{where}.name")
        elif not re.fullmatch(r"[\x20-\x3c\x3e-\x7e]+", name):
            text = "a valid environment variable name must consist only of printable ASCII characters other than '='"
            problems.invalid(f"{where}.name", name, text)
        source = entry.get("valueFrom")
        if source is None:
            continue
        where += ".valueFrom"
        if not source:
            problems.invalid(where, "", f"must specify one of: {_SOURCES}")
        elif entry.get("value"):
            problems.invalid(where, "", "may not be specified when `value` is not empty")
        elif len(source) > 1:
            problems.invalid(where, "", "may not have more than one field specified at a time")
        for kind in ("configMapKeyRef", "secretKeyRef"):
            reference = source.get(kind)
            if reference is None:
                continue
            for text in [] if reference.get("name") else ["name"]:
                problems.required(f"{where}.{kind}.{text}")
            if not reference.get("key"):
                problems.required(f"{where}.{kind}.key")
            else:
                for text in key_problems(reference["key"]):
                    problems.invalid(f"{where}.{kind}.key", reference["key"], text)
        if source.get("fieldRef") is not None and not source["fieldRef"].get("fieldPath"):
            problems.required(f"{where}.fieldRef.fieldPath")


def _env_from(problems: Problems, items: Any, path: str) -> None:
    for index, entry in enumerate(items):
        where = f"{path}[{index}]"
        kinds = [k for k in ("configMapRef", "secretRef") if entry.get(k) is not None]
        for kind in kinds:
            if not entry[kind].get("name"):
                problems.required(f"{where}.{kind}.name")
        if not kinds:
            problems.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif len(kinds) > 1:
            problems.invalid(path, "", "may not have more than one field specified at a time")


def _mounts(problems: Problems, items: Any, path: str, volumes: set[str]) -> None:
    seen: set[str] = set()
    for index, mount in enumerate(items):
        where, name, target = f"{path}[{index}]", mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            problems.required(f"{where}.name")
        if name not in volumes:
            problems.missing(f"{where}.name", name)
        if not target:
            problems.required(f"{where}.mountPath")
        if target in seen:
            problems.invalid(f"{where}.mountPath", target, "must be unique")
        seen.add(target)


def resources(problems: Problems, value: JSONObject, path: str) -> None:
    """Requests and limits."""
    limits, requests = value.get("limits") or {}, value.get("requests") or {}
    for label, items in (("limits", limits), ("requests", requests)):
        for name, quantity in items.items():
            where = f"{path}.{label}[{name}]"
            _resource_name(problems, name, where)
            if parse(quantity) < 0:
                problems.invalid(where, quantity, "must be greater than or equal to 0")
            if label == "requests" and name in limits and parse(quantity) > parse(limits[name]):
                text = f"must be less than or equal to {name} limit of {limits[name]}"
                problems.invalid(f"{path}.requests", quantity, text)


def _resource_name(problems: Problems, name: str, path: str) -> None:
    for text in qualified_name_problems(name):
        problems.invalid(path, name, text)
    if "/" not in name and name not in _STANDARD_RESOURCES and not name.startswith("hugepages-"):
        problems.invalid(path, name, "must be a standard resource type or fully qualified")
        problems.invalid(path, name, "must be a standard resource for containers")


def _probe(problems: Problems, probe: JSONObject, path: str, *, once: bool) -> None:
    _handler(problems, probe, path)
    for key in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        problems.nonnegative(f"{path}.{key}", probe.get(key))
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        problems.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0")
    if once and probe.get("successThreshold", 1) != 1:
        problems.invalid(f"{path}.successThreshold", probe["successThreshold"], "must be 1")
    if not once and grace is not None:
        problems.invalid(f"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes")


def _handler(problems: Problems, value: JSONObject, path: str) -> None:
    kinds = [k for k in _HANDLERS if value.get(k) is not None]
    if not kinds:
        problems.required(path, "must specify a handler type")
        return
    kind, action = kinds[0], value[kinds[0]]
    where = f"{path}.{kind}"
    if kind == "exec" and not action.get("command"):
        problems.required(f"{where}.command")
    if kind == "httpGet":
        if not action.get("path"):
            problems.required(f"{where}.path")
        problems.port_or_name(f"{where}.port", action.get("port"))
        problems.choice(f"{where}.scheme", action.get("scheme"), ("HTTP", "HTTPS"))
    if kind in ("tcpSocket", "grpc"):
        problems.port_or_name(f"{where}.port", action.get("port"))
    for other in kinds[1:]:
        problems.forbidden(f"{path}.{other}", "may not specify more than 1 handler type")
