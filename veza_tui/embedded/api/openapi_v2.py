"""/openapi/v2 as protobuf: what kubectl checks a ``kind: List`` by (it asks for no other form).

Field numbers are those of gnostic's openapiv2/OpenAPIv2.proto; the schemas are those of /openapi/v3.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from veza_tui.embedded.api import openapi

JSONObject = dict[str, Any]
ASKED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
MEDIA = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""Clients ask with an @, which is no media type; the answer has none."""
_V3, _V2 = "#/components/schemas/", "#/definitions/"


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes((*out, value))


def _field(number: int, value: str | bytes) -> bytes:
    body = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _schema(schema: JSONObject) -> bytes:
    if refs := schema.get("allOf"):
        schema = {k: v for k, v in schema.items() if k not in ("allOf", "default")} | refs[0]
    out = b""
    if ref := schema.get("$ref"):
        out += _field(1, ref.replace(_V3, _V2))
    if form := schema.get("format"):
        out += _field(2, form)
    if more := schema.get("additionalProperties"):
        out += _field(21, _field(1, _schema(more)))
    if kind := schema.get("type") or ("string" if "oneOf" in schema else ""):
        out += _field(22, _field(1, kind))
    if items := schema.get("items"):
        out += _field(23, _field(1, _schema(items)))
    if properties := schema.get("properties"):
        out += _field(25, b"".join(_field(1, _named(name, _schema(inner))) for name, inner in properties.items()))
    for name, value in schema.items():
        if name.startswith("x-"):
            out += _field(31, _named(name, _field(2, json.dumps(value))))
    return out


def _named(name: str, value: bytes) -> bytes:
    return _field(1, name) + _field(2, value)


@cache
def document() -> bytes:
    """The whole document; made once, when first asked for."""
    schemas: JSONObject = {}
    for path in openapi.index()["paths"]:
        schemas.update(json.loads(openapi.document(path))["components"]["schemas"])
    info = _field(1, "Kubernetes (veza-tui embedded)") + _field(2, "v1.34.0")
    definitions = b"".join(_field(1, _named(name, _schema(schema))) for name, schema in sorted(schemas.items()))
    return _field(1, "2.0") + _field(2, info) + _field(8, b"") + _field(9, definitions)
