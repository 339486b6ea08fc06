"""Writes veza_tui/workspace/kube_fields.json: the fields of the kinds we ship, from the Kubernetes client's own models.

The workspace may not import the client (0.8 s), so `validate` reads this table. `python -m tests.tools.kube_fields`
renews it; a test says when it is out of date.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

KINDS = {
    "v1/Namespace": "V1Namespace",
    "v1/ServiceAccount": "V1ServiceAccount",
    "v1/ConfigMap": "V1ConfigMap",
    "v1/Secret": "V1Secret",
    "v1/Service": "V1Service",
    "v1/PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "apps/v1/Deployment": "V1Deployment",
    "autoscaling/v2/HorizontalPodAutoscaler": "V2HorizontalPodAutoscaler",
    "policy/v1/PodDisruptionBudget": "V1PodDisruptionBudget",
}
PATH = Path(__file__).parents[2] / "veza_tui" / "workspace" / "kube_fields.json"


def table() -> dict[str, Any]:
    """{"kinds": {apiVersion/kind: type}, "types": {type: {field: [type, required]}}}."""
    from kubernetes import client

    types: dict[str, dict[str, list[Any]]] = {}
    waiting = sorted(set(KINDS.values()))
    while waiting:
        name = waiting.pop()
        if name in types:
            continue
        model = getattr(client, name)
        fields: dict[str, list[Any]] = {}
        by_alias = {f.serialization_alias or key: f for key, f in model.model_fields.items()}
        for attribute, kind in model.openapi_types.items():
            alias = model.attribute_map[attribute]
            fields[alias] = [kind, by_alias[alias].is_required()]
            waiting += [word for word in re.findall(r"\w+", kind) if re.match(r"V\d", word)]
        types[name] = dict(sorted(fields.items()))
    return {"kinds": KINDS, "types": dict(sorted(types.items()))}


def known_kinds() -> list[str]:
    """Every apiVersion/kind the API serves, from the client's API classes (create_* and their paths)."""
    from kubernetes import client

    found: set[str] = set()
    for name in dir(client):
        api = re.fullmatch(r"(?P<group>\w*?)(?P<version>V\d(?:alpha\d|beta\d)?)Api", name)
        if api is None:
            continue
        cls = getattr(client, name)
        group = group_of(cls)
        if group is None:
            continue
        version = api["version"].lower()
        for method in dir(cls):
            kind = re.fullmatch(r"create_(?:namespaced_)?(?P<kind>[a-z0-9_]+)", method)
            if kind and not method.endswith(("_with_http_info", "_without_preload_content", "_serialize")):
                word = model_name(kind["kind"], api["version"], client)
                if word:
                    found.add(f"{group}/{version}/{word}".removeprefix("/"))
    return sorted(found)


def group_of(cls: type) -> str | None:
    """The API group of an API class, "" for the core group."""
    import inspect

    source = inspect.getsource(cls)
    path = re.search(r"['\"]/(?:api|apis/(?P<group>[a-z0-9.]+))/v\d\w*/", source)
    return None if path is None else (path["group"] or "")


def model_name(snake: str, version: str, client: Any) -> str:
    """``horizontal_pod_autoscaler`` -> ``HorizontalPodAutoscaler`` as the models spell it, "" when it is no kind."""
    flat = snake.replace("_", "")
    for name in dir(client):
        match = re.fullmatch(r"V\d(?:alpha\d|beta\d)?(\w+)", name)
        fields = getattr(getattr(client, name), "openapi_types", {})
        if match and match[1].lower() == flat and "api_version" in fields:
            return match[1]
    return {"event": "Event", "endpointslice": "EndpointSlice", "subjectaccessreview": ""}.get(flat, "")


if __name__ == "__main__":
    PATH.write_text(json.dumps({**table(), "known": known_kinds()}, indent=0, separators=(",", ":")) + "\n")
