"""Who owns which field: managedFields read as dotted paths (source: Kubernetes, Server-Side Apply, fieldsV1). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from veza_tui.operations.deploy.flatten import escape, scalar

MANAGER = "veza-tui"

# Controllers write what controllers decide; drift is what people (or other tools) decide.
_CONTROLLERS = (
    "kube-controller-manager",
    "kubelet",
    "kube-scheduler",
    "kube-apiserver",
    "horizontal-pod-autoscaler",
    "cluster-autoscaler",
)


def owners(obj: Mapping[str, Any]) -> dict[str, str]:
    """Dotted path (as ``flatten`` writes it) -> manager, for leaf fields; we win where several own one."""
    found: dict[str, str] = {}
    for entry in (obj.get("metadata") or {}).get("managedFields") or []:
        if entry.get("subresource") == "status":
            continue  # `kubectl scale` and autoscalers write by the subresource "scale": that is spec.replicas
        manager = str(entry.get("manager", ""))
        for path in _leaves(entry.get("fieldsV1") or {}, obj, ""):
            if found.get(path) != MANAGER:
                found[path] = manager
    return found


def by_people(manager: str) -> bool:
    """Whether a manager is somebody other than us and than Kubernetes' own controllers."""
    return bool(manager) and manager != MANAGER and manager not in _CONTROLLERS


def _leaves(fields: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    children = {k: v for k, v in fields.items() if k != "."}
    if not children:
        if path and not isinstance(value, (Mapping, list)):
            yield path
        elif path:
            yield from _everything(value, path)
        return
    for token, below in children.items():
        step = _step(token, value)
        if step is not None:
            yield from _leaves(below, step[1], _join(path, step[0]))


def _step(token: str, value: Any) -> tuple[str, Any] | None:
    kind, _, rest = token.partition(":")
    if kind == "f" and isinstance(value, Mapping):
        return (escape(rest), value[rest]) if rest in value else None
    if not isinstance(value, list):
        return None
    try:
        wanted = json.loads(rest)
    except ValueError:
        return None
    for index, item in enumerate(value):
        if kind == "k" and isinstance(item, Mapping) and all(item.get(k) == v for k, v in wanted.items()):
            return f"[{_name(item, index, value)}]", item
        if kind == "v" and item == wanted:
            return f"[{index}]", item
        if kind == "i" and index == wanted:
            return f"[{index}]", item
    return None


def _name(item: Mapping[str, Any], index: int, items: list[Any]) -> str:
    from veza_tui.operations.deploy.flatten import list_key

    key = list_key(items)
    return scalar(item[key]) if key else str(index)


def _join(path: str, step: str) -> str:
    return path + step if not path or step.startswith("[") else f"{path}.{step}"


def _everything(value: Any, path: str) -> Iterator[str]:
    """An atomic map or list is owned whole."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _everything(item, f"{path}.{escape(str(key))}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            name = _name(item, index, value) if isinstance(item, Mapping) else str(index)
            yield from _everything(item, f"{path}[{name}]")
    else:
        yield path
