"""/openapi/v3: schemas with patch and list-map extensions, paths that advertise fieldValidation; a small /openapi/v2.

Made from the same field schemas that decoding uses; descriptions are left out.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from veza_tui.embedded.api.history import dumps
from veza_tui.embedded.api.resources import RESOURCES, ResourceType
from veza_tui.embedded.api.schema import Schema, of_kind, type_named

JSONObject = dict[str, Any]
_SCALARS: dict[str, JSONObject] = {
    "string": {"type": "string"}, "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"}, "float64": {"type": "number", "format": "double"},
    "bool": {"type": "boolean"}, "bytes": {"type": "string", "format": "byte"}, "any": {"type": "object"},
    "time": {"type": "string", "format": "date-time"}, "microtime": {"type": "string", "format": "date-time"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "intstr": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}  # fmt: skip


def _path(kind: ResourceType) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def index() -> JSONObject:
    """/openapi/v3."""
    paths: JSONObject = {}
    for kind in RESOURCES:
        path = _path(kind)
        if path not in paths:
            digest = hashlib.sha256(document(path)).hexdigest().upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


@cache
def document(path: str) -> bytes:
    """/openapi/v3/PATH as JSON; raises KeyError for a path that is none."""
    kinds = [k for k in RESOURCES if _path(k) == path]
    if not kinds:
        raise KeyError(path)
    components: JSONObject = {}
    paths: JSONObject = {}
    for kind in kinds:
        name = _component(kind.kind, kind)
        schema = of_kind(kind.api_version, kind.kind)
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        components[name] = {**_struct(schema, components), "x-kubernetes-group-version-kind": [gvk]}
        paths.update(_operations(kind, name, gvk))
    return dumps({
        "openapi": "3.0.0", "info": {"title": "Kubernetes (veza-tui embedded)", "version": "v1.34.0"}, "paths": paths,
        "components": {"schemas": components},
    })  # fmt: skip


def _component(name: str, kind: ResourceType | None = None) -> str:
    if kind is not None:
        group = (kind.group or "core").removesuffix(".k8s.io").split(".")[0]
        return f"io.k8s.api.{group}.{kind.version}.{kind.kind}"
    return f"io.k8s.api.{name}"


def _struct(schema: Schema, components: JSONObject) -> JSONObject:
    properties = {key: _property(field, components) for key, field in schema.fields.items()}
    out: JSONObject = {"type": "object", "properties": properties}
    if schema.atomic:
        out["x-kubernetes-map-type"] = "atomic"
    return out


def _property(schema: Schema, components: JSONObject) -> JSONObject:
    if schema.kind == "struct":
        name = _component(schema.name)
        if name not in components:
            components[name] = {}
            components[name] = _struct(type_named(schema.name), components)
        out: JSONObject = {"allOf": [{"$ref": f"#/components/schemas/{name}"}], "default": {}}
        if schema.retain_keys or schema.replace:
            out["x-kubernetes-patch-strategy"] = "retainKeys" if schema.retain_keys else "replace"
        return out
    if schema.kind == "map":
        assert schema.item is not None
        out = {"type": "object", "additionalProperties": _property(schema.item, components)}
        if schema.atomic:
            out["x-kubernetes-map-type"] = "atomic"
        return out
    if schema.kind == "list":
        return _list(schema, components)
    return dict(_SCALARS[schema.kind])


def _list(schema: Schema, components: JSONObject) -> JSONObject:
    assert schema.item is not None
    out: JSONObject = {"type": "array", "items": _property(schema.item, components)}
    out["x-kubernetes-list-type"] = "map" if schema.keys else "set" if schema.is_set else "atomic"
    if schema.keys:
        out["x-kubernetes-list-map-keys"] = list(schema.keys)
    if schema.merge_key:
        out["x-kubernetes-patch-merge-key"] = schema.merge_key
    if schema.merge_key or schema.merge_items:
        out["x-kubernetes-patch-strategy"] = "merge,retainKeys" if schema.retain_keys else "merge"
    return out


def _operations(kind: ResourceType, component: str, gvk: JSONObject) -> JSONObject:
    root = f"/{_path(kind)}" + ("/namespaces/{namespace}" if kind.namespaced else "") + f"/{kind.plural}"
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{component}"}}}
    options = [
        {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
        for name in ("dryRun", "fieldManager", "fieldValidation")
    ]
    patches = ("application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json",
               "application/strategic-merge-patch+json")  # fmt: skip
    names = {"create": "post", "get": "get", "update": "put", "patch": "patch", "delete": "delete", "list": "get"}
    out: JSONObject = {}
    for verb, method in names.items():
        if verb not in kind.verbs:
            continue
        path = root if verb in ("create", "list") else root + "/{name}"
        operation: JSONObject = {
            "operationId": f"{verb}{kind.group.partition('.')[0].title()}{kind.version.title()}{kind.kind}",
            "responses": {"200": {"description": "OK", "content": content}},
            "x-kubernetes-action": method if verb != "list" else "list", "x-kubernetes-group-version-kind": gvk,
        }  # fmt: skip
        if verb in ("create", "update"):
            operation["requestBody"] = {"content": {"*/*": content["application/json"]}, "required": True}
        if verb == "patch":
            operation["requestBody"] = {"content": {p: {"schema": {"type": "object"}} for p in patches}}
        if verb in ("create", "update", "patch"):
            operation["parameters"] = options
        elif verb == "delete":
            operation["parameters"] = options[:1]
        out.setdefault(path, {})[method] = operation
    return out


def swagger() -> JSONObject:
    """/openapi/v2: for clients that look before they ask for v3."""
    return {
        "swagger": "2.0", "info": {"title": "Kubernetes (veza-tui embedded)", "version": "v1.34.0"}, "paths": {},
        "definitions": {},
    }  # fmt: skip
