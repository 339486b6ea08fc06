"""Sets of field paths and their JSON form ``fieldsV1`` (source: structured-merge-diff's fieldpath serialisation).

A path is a tuple of elements as fieldsV1 writes them: ``f:name``, ``k:{"name":"app"}``, ``v:"x"``. A set of fields is a
Python set of paths.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from veza_tui.embedded.api.schema import ANY, Schema, key_default

JSONObject = dict[str, Any]
Path = tuple[str, ...]
PathSet = set[Path]


def to_fields(paths: Iterable[Path]) -> JSONObject:
    """fieldsV1 of a set."""
    root: JSONObject = {}
    for path in sorted(paths):
        node = root
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    _tidy(root)
    return root


def _tidy(node: JSONObject) -> None:
    """A member without children is ``{}``, not ``{".": {}}``."""
    for child in node.values():
        if len(child) == 1 and "." in child:
            child.clear()
        else:
            for key, sub in child.items():
                if key != ".":
                    _tidy({key: sub})


def from_fields(fields: JSONObject, prefix: Path = ()) -> PathSet:
    """The set that fieldsV1 describes."""
    out: PathSet = set()
    for element, children in fields.items():
        if element == ".":
            out.add(prefix)
            continue
        path = (*prefix, element)
        if children:
            out |= from_fields(children, path)
        else:
            out.add(path)
    out.discard(())
    return out


def child_schema(schema: Schema, key: str) -> Schema:
    """The type of a field or map entry."""
    if schema.kind == "struct":
        return schema.fields.get(key, ANY)
    return schema.item or ANY


def list_element(schema: Schema, item: Any) -> str:
    """The path element of an entry of an associative list."""
    if not schema.keys:
        return "v:" + json.dumps(item, separators=(",", ":"))
    assert schema.item is not None
    keys: JSONObject = {}
    for key in sorted(schema.keys):
        value = item.get(key) if isinstance(item, dict) else None
        if value is None:
            value = key_default(schema.item, key)
        if value is not None:
            keys[key] = value
    return "k:" + json.dumps(keys, separators=(",", ":"))


def descends(schema: Schema, value: Any) -> bool:
    """Whether the fields inside are owned one by one."""
    if isinstance(value, dict):
        return not schema.atomic and schema.kind in ("struct", "map")
    return isinstance(value, list) and schema.associative


def children(schema: Schema, value: Any) -> list[tuple[str, Schema, Any]]:
    """(path element, type, value) of what is inside."""
    if isinstance(value, dict):
        return [(f"f:{key}", child_schema(schema, key), item) for key, item in value.items()]
    return [(list_element(schema, item), schema.item or ANY, item) for item in value]


def applied_set(schema: Schema, value: Any, prefix: Path = ()) -> PathSet:
    """The fields of an applied configuration (typed.ToFieldSet): leaves, list entries, map keys, empty structs."""
    out: PathSet = set()
    if not descends(schema, value):
        out.add(prefix)
        return out
    for element, child, item in children(schema, value):
        path = (*prefix, element)
        out |= applied_set(child, item, path)
        if element[0] != "f" or item is None or item == {} or schema.kind == "map":
            out.add(path)
    return out


def every_set(schema: Schema, value: Any, prefix: Path) -> PathSet:
    """Every node of a value, the inner ones too: what an added value counts as."""
    out: PathSet = {prefix}
    if descends(schema, value):
        for element, child, item in children(schema, value):
            out |= every_set(child, item, (*prefix, element))
    return out


def compare(schema: Schema, old: Any, new: Any, prefix: Path = ()) -> tuple[PathSet, PathSet]:
    """(added or modified, removed) fields."""
    changed: PathSet = set()
    removed: PathSet = set()
    if not descends(schema, new) or not descends(schema, old) or type(old) is not type(new):
        if old != new:
            changed.add(prefix)
        return changed, removed
    before = {element: item for element, _, item in children(schema, old)}
    for element, child, item in children(schema, new):
        path = (*prefix, element)
        if element not in before:
            changed |= every_set(child, item, path)
            continue
        was = before.pop(element)
        if was is item:
            continue
        more, less = compare(child, was, item, path)
        changed |= more
        removed |= less
    for element, item in before.items():
        child = next((c for e, c, _ in children(schema, old) if e == element), ANY)
        removed |= every_set(child, item, (*prefix, element))
    return changed, removed


_STRIPPED = {("f:apiVersion",), ("f:kind",), ("f:metadata",)} | {
    ("f:metadata", f"f:{name}")
    for name in (
        "name", "namespace", "creationTimestamp", "selfLink", "uid", "clusterName", "generation", "managedFields",
        "resourceVersion",
    )
}  # fmt: skip


def strip_meta(paths: PathSet) -> PathSet:
    """Without what nobody owns."""
    return {p for p in paths if p not in _STRIPPED and p[:2] != ("f:metadata", "f:managedFields")}


def dotted(path: Path) -> str:
    """As conflicts print it: ``.spec.template.spec.containers[name="app"].image``."""
    out = ""
    for element in path:
        if element.startswith("f:"):
            out += "." + element[2:]
        elif element.startswith("k:"):
            keys = json.loads(element[2:])
            out += "[" + ",".join(f"{k}={json.dumps(v)}" for k, v in keys.items()) + "]"
        else:
            out += "[=" + element[2:] + "]"
    return out
