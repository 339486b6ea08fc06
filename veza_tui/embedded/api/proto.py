"""The little protobuf that kubectl sends: typed clients post Namespaces and access reviews in that form.

Field numbers are those of the API's ``generated.proto`` files. Only the kinds below are understood; any other body gets
415, at which clients that can fall back to JSON do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from veza_tui.embedded.api.errors import ApiError, bad_request

JSONObject = dict[str, Any]
PROTOBUF = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_Fields = dict[int, tuple[str, Any]]
"""number -> (JSON name, type): str, bool, int, dict (map of strings), a list of a type, or nested fields."""
_META: _Fields = {
    1: ("name", str), 2: ("generateName", str), 3: ("namespace", str), 5: ("uid", str), 6: ("resourceVersion", str),
    11: ("labels", dict), 12: ("annotations", dict), 14: ("finalizers", [str]),
}  # fmt: skip
_RESOURCE: _Fields = {
    1: ("namespace", str), 2: ("verb", str), 3: ("group", str), 4: ("version", str), 5: ("resource", str),
    6: ("subresource", str), 7: ("name", str),
}  # fmt: skip
_URL: _Fields = {1: ("path", str), 2: ("verb", str)}
_ACCESS: _Fields = {1: ("resourceAttributes", _RESOURCE), 2: ("nonResourceAttributes", _URL)}
_OPTIONS: _Fields = {
    1: ("gracePeriodSeconds", int), 2: ("preconditions", {1: ("uid", str), 2: ("resourceVersion", str)}),
    3: ("orphanDependents", bool), 4: ("propagationPolicy", str), 5: ("dryRun", [str]),
}  # fmt: skip
_SUBJECT: _Fields = {**_ACCESS, 3: ("user", str), 4: ("groups", [str]), 6: ("uid", str)}
_TOP: dict[str, _Fields] = {
    "Namespace": {1: ("metadata", _META), 2: ("spec", {1: ("finalizers", [str])})},
    "SelfSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _ACCESS)},
    "SelfSubjectRulesReview": {1: ("metadata", _META), 2: ("spec", {1: ("namespace", str)})},
    "SelfSubjectReview": {1: ("metadata", _META)},
    "SubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _SUBJECT)},
    "LocalSubjectAccessReview": {1: ("metadata", _META), 2: ("spec", _SUBJECT)},
    "ConfigMap": {1: ("metadata", _META), 2: ("data", dict), 4: ("immutable", bool)},
    "ServiceAccount": {1: ("metadata", _META), 4: ("automountServiceAccountToken", bool)},
    "DeleteOptions": _OPTIONS,
    "Eviction": {1: ("metadata", _META), 2: ("deleteOptions", _OPTIONS)},
}


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


def _value(kind: Any, raw: Any) -> Any:
    if kind is str:
        return raw.decode()
    if kind is bool:
        return bool(raw)
    if kind is int:
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    return _message(kind, raw)


def _message(fields: _Fields, data: bytes) -> JSONObject:
    out: JSONObject = {}
    for number, raw in _walk(data):
        if number not in fields:
            continue
        name, kind = fields[number]
        if kind is dict:
            entry = {k: v.decode() for k, v in _walk(raw)}
            out.setdefault(name, {})[entry.get(1, "")] = entry.get(2, "")
        elif isinstance(kind, list):
            out.setdefault(name, []).append(_value(kind[0], raw))
        else:
            value = _value(kind, raw)
            if value != "":
                out[name] = value
    return out


def from_protobuf(body: bytes) -> JSONObject:
    """The object in a ``runtime.Unknown`` envelope.

    Raises:
        ApiError: 400 malformed, 415 for a kind that is not understood in this form.
    """
    if not body.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    try:
        envelope = dict(_walk(body[len(_MAGIC) :]))
        type_meta = {number: value.decode() for number, value in _walk(envelope[1])}
        api_version, kind = type_meta.get(1, ""), type_meta.get(2, "")
        if kind not in _TOP:
            message = f"{kind} is not understood as {PROTOBUF} here - accepted media types include: application/json"
            raise ApiError(415, "UnsupportedMediaType", message)
        return {"apiVersion": api_version, "kind": kind, **_message(_TOP[kind], envelope.get(2, b""))}
    except (KeyError, IndexError, UnicodeDecodeError) as error:
        raise bad_request("the protobuf body is malformed") from error
