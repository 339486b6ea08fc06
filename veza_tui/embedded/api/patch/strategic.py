"""Strategic merge patch: lists merged by key, ``$patch``, ``$retainKeys``, ``$deleteFromPrimitiveList``,
``$setElementOrder`` (source: apimachinery's strategicpatch and the API's patchStrategy tags)."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.errors import ApiError, bad_request
from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.api.schema import ANY, Schema

JSONObject = dict[str, Any]
_ORDER, _DELETE, _RETAIN, _PATCH = "$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys", "$patch"


def strategic_patch(schema: Schema, target: Any, patch: Any) -> JSONObject:
    """``target`` after ``patch``; neither is changed.

    Raises:
        ApiError: 400 for a malformed directive or a list entry without its merge key.
    """
    if not isinstance(patch, dict):
        raise bad_request("a strategic merge patch is an object")
    out: JSONObject = _object(schema, clone(target), clone(patch))
    return out


def go_text(value: Any) -> str:
    """A JSON value as Go's %v prints it."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{go_text(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_text(v) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def _child(schema: Schema, key: str) -> Schema:
    if schema.kind == "struct":
        return schema.fields.get(key, ANY)
    return schema.item or ANY


def _object(schema: Schema, target: JSONObject, patch: JSONObject) -> Any:
    directive = patch.pop(_PATCH, None)
    if directive == "replace":
        return _plain(patch)
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise ApiError(500, "", f"unknown patch type: {directive} in map: {go_text({_PATCH: directive, **patch})}")
    retain = patch.pop(_RETAIN, None)
    if retain is not None:
        target = {k: v for k, v in target.items() if k in retain}
    orders = {k[len(_ORDER) :]: patch.pop(k) for k in list(patch) if k.startswith(_ORDER)}
    deletions = {k[len(_DELETE) :]: patch.pop(k) for k in list(patch) if k.startswith(_DELETE)}
    for key, gone in deletions.items():
        if isinstance(target.get(key), list):
            target[key] = [item for item in target[key] if item not in gone]
    for key, value in patch.items():
        child = _child(schema, key)
        if value is None:
            target.pop(key, None)
        elif isinstance(value, dict):
            before = target.get(key)
            if child.replace or not isinstance(before, dict):
                before = {}
            target[key] = _object(child, before, value)
        elif isinstance(value, list):
            target[key] = _list(child, target.get(key), value, orders.get(key))
        else:
            target[key] = value
    for key, order in orders.items():
        if key not in patch and isinstance(target.get(key), list):
            target[key] = _ordered(_child(schema, key), target[key], order, target[key])
    return target


def _plain(patch: Any) -> Any:
    """A patch's value where nothing is merged: without directives and nulls."""
    if isinstance(patch, dict):
        return {k: _plain(v) for k, v in patch.items() if v is not None and not k.startswith("$")}
    if isinstance(patch, list):
        return [_plain(v) for v in patch if not (isinstance(v, dict) and v.get(_PATCH) == "delete")]
    return patch


def _list(schema: Schema, target: Any, patch: list[Any], order: list[Any] | None) -> list[Any]:
    before = target if isinstance(target, list) else []
    if schema.merge_items:
        result = before + [item for item in patch if item not in before]
        return _ordered(schema, result, order, before)
    key = schema.merge_key
    if not key:
        return [_plain(item) for item in patch]
    if any(isinstance(item, dict) and item.get(_PATCH) == "replace" for item in patch):
        return [_plain(item) for item in patch if not (isinstance(item, dict) and _PATCH in item)]
    result = list(before)
    for item in patch:
        if not isinstance(item, dict) or item.get(key) is None:
            raise ApiError(500, "", f"map: {go_text(item)} does not contain declared merge key: {key}")
        found = [i for i, old in enumerate(result) if isinstance(old, dict) and old.get(key) == item[key]]
        if item.get(_PATCH) == "delete":
            result = [old for i, old in enumerate(result) if i not in found]
        elif found:
            result[found[0]] = _object(schema.item or ANY, result[found[0]], item)
        else:
            result.append(_object(schema.item or ANY, {}, item))
    return _ordered(schema, result, patch if order is None else order, before)


def _ordered(schema: Schema, items: list[Any], order: list[Any] | None, before: list[Any]) -> list[Any]:
    """Entries that the patch orders come in its order; others keep their place relative to their old neighbours."""
    if not order:
        return items
    key = schema.merge_key

    def ident(item: Any) -> Any:
        return item.get(key) if isinstance(item, dict) else item

    wanted = [ident(item) for item in order]
    listed = sorted((i for i in items if ident(i) in wanted), key=lambda i: wanted.index(ident(i)))
    positions = {ident(item): index for index, item in enumerate(before)}
    for other in (i for i in items if ident(i) not in wanted):
        place = positions.get(ident(other), len(before))
        at = next((n for n, i in enumerate(listed) if positions.get(ident(i), -1) > place), len(listed))
        listed.insert(at, other)
    return listed
