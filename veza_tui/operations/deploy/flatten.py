"""An object as dotted paths and values, so that two objects can be compared field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# Which key tells list items apart, tried in this order (source: Kubernetes API, x-kubernetes-list-map-keys).
_LIST_KEYS = ("name", "containerPort", "port", "mountPath", "type", "key", "ip", "topologyKey")

# Written by the server or by controllers: never a decision of a person.
_SERVER_METADATA = frozenset(
    ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink", "finalizers",
     "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences")
)  # fmt: skip
_SERVER_ANNOTATIONS = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")


def flatten(obj: Mapping[str, Any]) -> dict[str, str]:
    """Dotted path -> value as text, without what only the server writes."""
    body = {k: v for k, v in obj.items() if k not in ("status", "apiVersion", "kind")}
    metadata = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in _SERVER_METADATA}
    annotations = metadata.get("annotations")
    if annotations:
        metadata["annotations"] = {k: v for k, v in annotations.items() if k not in _SERVER_ANNOTATIONS}
    body["metadata"] = {k: v for k, v in metadata.items() if k not in ("name", "namespace")}
    return dict(_walk(body, ""))


def _walk(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _walk(item, f"{path}.{escape(str(key))}" if path else escape(str(key)))
    elif isinstance(value, list):
        key = list_key(value)
        for index, item in enumerate(value):
            name = str(item[key]) if key else str(index)
            yield from _walk(item, f"{path}[{name}]")
    elif value is not None:
        yield path, scalar(value)


def escape(key: str) -> str:
    """A map key in a dotted path: keys with dots are quoted, as in ``annotations["a.b/c"]``."""
    return f'"{key}"' if "." in key else key


def scalar(value: Any) -> str:
    """A leaf as text: strings as they are, everything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def list_key(items: list[Any]) -> str | None:
    """The field that tells the items apart, None for plain lists."""
    if not items or not all(isinstance(item, Mapping) for item in items):
        return None
    for key in _LIST_KEYS:
        values = [item.get(key) for item in items]
        if all(v is not None for v in values) and len({str(v) for v in values}) == len(values):
            return key
    return None
