"""Protobuf bodies: kubectl's typed clients post new objects in that form and do not fall back to JSON.

The decoder is driven by the field schemas (their ``#n``). Answers are JSON, which every client accepts.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from veza_tui.embedded.api.errors import ApiError, bad_request
from veza_tui.embedded.api.meta import rfc3339, rfc3339_micro
from veza_tui.embedded.api.resources import BY_KIND
from veza_tui.embedded.api.schema import ANY, Schema, of_kind, type_named

JSONObject = dict[str, Any]
PROTOBUF = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_NO_RESOURCE = frozenset({"DeleteOptions", "Eviction", "Binding", "Scale", "TokenRequest"})


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _walk(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield number, value
        elif wire == 2:
            size, at = _varint(data, at)
            if at + size > len(data):
                raise IndexError("truncated")
            yield number, data[at : at + size]
            at += size
        else:
            at += {1: 8, 5: 4}[wire]


def _signed(raw: int) -> int:
    return raw - (1 << 64) if raw >= 1 << 63 else raw


def _value(schema: Schema, raw: Any) -> Any:
    kind = schema.kind
    if kind == "struct":
        return _message(schema, raw)
    if kind == "string":
        return raw.decode()
    if kind in ("int32", "int64"):
        return _signed(raw)
    if kind == "bool":
        return bool(raw)
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    inner = dict(_walk(raw)) if isinstance(raw, bytes) else {}
    if kind == "quantity":
        return inner.get(1, b"0").decode()
    if kind == "intstr":
        return inner.get(3, b"").decode() if inner.get(1) else _signed(inner.get(2, 0))
    if kind == "time":
        return rfc3339(_signed(inner.get(1, 0))) if inner else None
    if kind == "microtime":
        return rfc3339_micro(_signed(inner.get(1, 0)) + inner.get(2, 0) / 1e9) if inner else None
    return None


def _message(schema: Schema, data: bytes, prefix: tuple[int, ...] = (), out: JSONObject | None = None) -> JSONObject:
    out = {} if out is None else out
    embedded = {path[: len(prefix) + 1] for path in schema.numbers if len(path) > len(prefix) + 1}
    for number, raw in _walk(data):
        path = (*prefix, number)
        name = schema.numbers.get(path)
        if name is None:
            if path in embedded:
                _message(schema, raw, path, out)
            continue
        field = schema.fields[name]
        item = field.item or ANY
        if field.kind == "map":
            entry = dict(_walk(raw))
            empty: Any = b"" if item.kind in ("string", "bytes") or not item.scalar else 0
            out.setdefault(name, {})[entry.get(1, b"").decode()] = _value(item, entry.get(2, empty))
        elif field.kind == "list":
            out.setdefault(name, []).append(_value(item, raw))
        else:
            value = _value(field, raw)
            if value is not None:
                out[name] = value
    return out


def from_protobuf(body: bytes) -> JSONObject:
    """The object in a ``runtime.Unknown`` envelope.

    Raises:
        ApiError: 400 malformed, 415 for a kind that is not known here.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(_walk(body[len(_MAGIC) :]))
        type_meta = {number: value.decode() for number, value in _walk(envelope[1])}
        api_version, kind = type_meta.get(1, ""), type_meta.get(2, "")
        if kind == "DeleteOptions":
            schema = type_named(kind)
        elif (api_version, kind) in BY_KIND or kind in _NO_RESOURCE:
            schema = of_kind(api_version, kind)
        else:
            message = f"{kind} is not understood as {PROTOBUF} here - accepted media types include: application/json"
            raise ApiError(415, "UnsupportedMediaType", message)
        return {"apiVersion": api_version, "kind": kind, **_message(schema, envelope.get(2, b""))}
    except (KeyError, IndexError, AttributeError, TypeError, UnicodeDecodeError) as error:
        raise bad_request("the protobuf body is malformed") from error
