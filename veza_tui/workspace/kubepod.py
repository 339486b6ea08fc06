"""What an API server checks of a pod template."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from veza_tui.workspace import checks
from veza_tui.workspace.findings import Look, Path

_ENV_NAME = re.compile(r"[^=\x00-\x1f\x7f-\uffff]+\Z")
_IMAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@-]*\Z")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
BROKEN = "manifest-broken"
"""Rule of what an API server takes and no node can run."""
_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def check_pod(look: Look, spec: dict[str, Any], path: Path) -> None:
    """Containers, volumes, probes, ports, resources."""
    containers = spec.get("containers") or []
    if not containers:
        look.error((*path, "containers"), "a pod needs a container", "add one")
    volumes = _volumes(look, spec, path)
    names: set[str] = set()
    for part in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(part) or []):
            here: Path = (*path, part, index)
            name = container.get("name") or ""
            if checks.dns_label(name):
                look.error((*here, "name"), f"container name {checks.dns_label(name)}", "rename it")
            elif name in names:
                look.error((*here, "name"), f"container {name} is given twice", "rename one")
            names.add(name)
            _container(look, container, here, volumes)


def _volumes(look: Look, spec: dict[str, Any], path: Path) -> set[str]:
    names: set[str] = set()
    for index, volume in enumerate(spec.get("volumes") or []):
        name = volume.get("name") or ""
        if checks.dns_label(name) or name in names:
            look.error((*path, "volumes", index, "name"), "is no volume name, or given twice", "use a DNS label, once")
        names.add(name)
    return names


def _container(look: Look, container: dict[str, Any], path: Path, volumes: set[str]) -> None:
    image = container.get("image")
    if not image:
        look.error((*path, "image"), "the image is missing", "name an image with a version tag")
    elif image != image.strip() or not _IMAGE.match(image):
        look.error((*path, "image"), "is not an image reference: no node can pull it", "write name:tag", BROKEN)
    _ports(look, container, path)
    _variables(look, container, path)
    _resources(look, container.get("resources") or {}, (*path, "resources"))
    for name in _PROBES:
        if container.get(name) is not None:
            _probe(look, container, name, path)
    mounted: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or []):
        here: Path = (*path, "volumeMounts", index)
        if mount.get("name") not in volumes:
            look.error((*here, "name"), "names no volume of the pod", "add the volume, or remove the mount")
        if mount.get("mountPath") in mounted:
            look.error((*here, "mountPath"), "is mounted twice", "remove one")
        mounted.add(mount.get("mountPath"))


def _ports(look: Look, container: dict[str, Any], path: Path) -> None:
    seen: set[tuple[Any, Any]] = set()
    names: set[str] = set()
    for index, port in enumerate(container.get("ports") or []):
        here: Path = (*path, "ports", index)
        number = port.get("containerPort")
        if isinstance(number, int) and not 1 <= number <= 65535:
            look.error((*here, "containerPort"), f"{number} is outside 1 to 65535", "correct the port")
        if (number, port.get("protocol")) in seen:
            look.warning((*here, "containerPort"), f"port {number} is given twice", "remove one")
        seen.add((number, port.get("protocol")))
        name = port.get("name")
        if name and (not port_name(name) or name in names):
            todo = "use at most 15 lower-case letters, digits and hyphens, once"
            look.error((*here, "name"), "is no port name, or given twice", todo)
        names.add(name)


def port_name(text: str) -> bool:
    """RFC 6335 service name in lower case."""
    return bool(re.match(r"(?=.*[a-z])(?!.*--)[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?\Z", text))


def _variables(look: Look, container: dict[str, Any], path: Path) -> None:
    names: set[str] = set()
    for index, variable in enumerate(container.get("env") or []):
        here: Path = (*path, "env", index)
        name = variable.get("name") or ""
        if not _ENV_NAME.match(name):
            look.error((*here, "name"), "is not a variable's name", "correct it")
        if name in names:
            look.warning((*here, "name"), f"{name} is given twice: the last one counts", "remove one")
        names.add(name)
        source = variable.get("valueFrom")
        if source is not None and variable.get("value"):
            look.error((*here, "valueFrom"), "does not go with value", "keep one of the two")
        if source is not None and len([k for k, v in source.items() if v is not None]) != 1:
            look.error((*here, "valueFrom"), "must name exactly one source", "keep one")


def _resources(look: Look, resources: dict[str, Any], path: Path) -> None:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for part, items in (("limits", limits), ("requests", requests)):
        for name, text in items.items():
            number = checks.quantity_value(str(text))
            if name in ("cpu", "memory", "ephemeral-storage"):
                if number is not None and number < 0:
                    look.error((*path, part, name), "must not be negative", "correct it")
            elif "/" in name:
                _extended(look, number, (*path, part, name), limits)
            elif not name.startswith("hugepages-"):
                todo = "did you mean cpu or memory?"
                look.error((*path, part, name), "is no resource that Kubernetes knows", todo)
    for name, text in requests.items():
        request, limit = checks.quantity_value(str(text)), _limit(limits, name)
        if request is not None and limit is not None and request > limit:
            look.error((*path, "requests", name), f"{text} is more than the limit {limits[name]}", "lower it")


def _extended(look: Look, number: Decimal | None, path: Path, limits: dict[str, Any]) -> None:
    """A device: whole, with a limit, the request its equal."""
    limit = _limit(limits, str(path[-1]))
    if number is not None and number % 1:
        look.error(path, "must be a whole number", "correct it")
    elif limit is None:
        look.error(path, "needs a limit", "give the same number under limits")
    elif number != limit:
        look.error(path, "must be equal to its limit", "correct one of the two")


def _limit(limits: dict[str, Any], name: str) -> Decimal | None:
    return checks.quantity_value(str(limits[name])) if name in limits else None


def _probe(look: Look, container: dict[str, Any], name: str, path: Path) -> None:
    probe = container[name]
    here: Path = (*path, name)
    handlers = [h for h in _HANDLERS if probe.get(h) is not None]
    if len(handlers) != 1:
        what = "has no handler" if not handlers else f"has {len(handlers)} handlers"
        look.error(here, what, f"keep exactly one of {', '.join(_HANDLERS)}")
    for key, low in (
        ("periodSeconds", 0),
        ("timeoutSeconds", 0),
        ("failureThreshold", 0),
        ("successThreshold", 0),
        ("initialDelaySeconds", 0),
    ):
        number = probe.get(key)
        if isinstance(number, int) and number < low:
            look.error((*here, key), f"must be {low} or more", "correct it")
    if name != "readinessProbe" and probe.get("successThreshold") not in (None, 0, 1):
        look.error((*here, "successThreshold"), f"must be 1 in a {name}", "correct it")
    for kind in ("httpGet", "tcpSocket"):
        handler = probe.get(kind)
        port = handler.get("port") if isinstance(handler, dict) else None
        if isinstance(port, str) and port not in {p.get("name") for p in container.get("ports") or []}:
            todo = "name a port of the container, or write its number"
            look.error(
                (*here, kind, "port"), f"{port[:40]!r} is no port of this container: it always fails", todo, BROKEN
            )
