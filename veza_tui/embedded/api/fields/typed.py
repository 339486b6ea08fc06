"""An applied configuration as a typed value: no unknown fields, no list with two entries of one key."""

from __future__ import annotations

import json
from typing import Any

from veza_tui.embedded.api.decode import Decoded, DecodeError, fit
from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.fields.paths import Path, children, descends, dotted, list_element
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.schema import Schema, of_kind

JSONObject = dict[str, Any]


def typed(value: JSONObject, kind: ResourceType) -> Decoded:
    """The configuration, checked.

    Raises:
        ApiError: 500 as the real server has it ("failed to create typed patch object").
    """
    try:
        decoded = fit(value, kind.api_version, kind.kind, keep_empty=True)
    except DecodeError as error:
        place = "".join(f".{name}" for name in error.path)
        raise _failed(value, kind, f"{place}: {_expected(error)}" if error.schema else str(error)) from error
    if decoded.complaints:
        fields = sorted(json.loads(c.partition(" field ")[2]) for c in decoded.complaints)
        raise _failed(value, kind, f".{fields[0]}: field not declared in schema")
    twice = _duplicate(of_kind(kind.api_version, kind.kind), decoded.value, ())
    if twice:
        raise _failed(value, kind, twice)
    return decoded


def _failed(value: JSONObject, kind: ResourceType, text: str) -> ApiError:
    meta = value.get("metadata") or {}
    version = f"{kind.group}/{kind.version}"
    what = f"{meta.get('namespace', '')}/{meta.get('name', '')}; {version}, Kind={kind.kind}"
    return ApiError(500, "", f"failed to create typed patch object ({what}): {text}")


def _expected(error: DecodeError) -> str:
    schema, value = error.schema, error.value
    assert schema is not None
    wanted = {"int32": "numeric (int or float)", "int64": "numeric (int or float)", "bool": "boolean"}.get(
        schema.kind, "map" if schema.kind in ("struct", "map") else schema.kind
    )
    if isinstance(value, (dict, list)):
        got = f"&value.valueUnstructured{{Value:{_go_syntax(value)}}}"
    else:
        got = "string" if isinstance(value, str) else "boolean" if isinstance(value, bool) else "int"
        if wanted == "string":
            got = f"&value.valueUnstructured{{Value:{json.dumps(value)}}}"
    return f"expected {wanted}, got {got}"


def _go_syntax(value: Any) -> str:
    if isinstance(value, dict):
        return (
            "map[string]interface {}{" + ", ".join(f"{json.dumps(k)}:{_go_syntax(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(_go_syntax(v) for v in value) + "}"
    return json.dumps(value)


def _duplicate(schema: Schema, value: Any, path: Path) -> str:
    """The first list with two entries of one key, or empty."""
    if not descends(schema, value):
        return ""
    if isinstance(value, list):
        seen: set[str] = set()
        for entry in value:
            element = list_element(schema, entry)
            if element in seen:
                return f"{dotted(path)}: duplicate entries for key {dotted((element,))}"
            seen.add(element)
    for element, child, item in children(schema, value):
        found = _duplicate(child, item, (*path, element))
        if found:
            return found
    return ""
