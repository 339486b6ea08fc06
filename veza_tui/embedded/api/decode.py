"""From bytes to an object of a kind: JSON or YAML, Go's decoding errors, unknown and duplicate fields."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any

from veza_tui.embedded.api.errors import ApiError, bad_request
from veza_tui.embedded.api.meta import parse_time
from veza_tui.embedded.api.quantity import QuantityError, canonical
from veza_tui.embedded.api.schema import Schema, of_kind

JSONObject = dict[str, Any]
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_LAYOUTS = {"time": "2006-01-02T15:04:05Z07:00", "microtime": "2006-01-02T15:04:05.000000Z07:00"}
_RANGES = {"int32": 2**31, "int64": 2**63}


class DecodeError(Exception):
    """The value does not fit its Go type; ``path`` and ``schema`` say where and what was wanted, if that is known."""

    def __init__(
        self, message: str, *, path: tuple[str, ...] = (), schema: Schema | None = None, value: Any = None
    ) -> None:
        super().__init__(message)
        self.path, self.schema, self.value = path, schema, value


class _Duplicated(dict[str, Any]):
    """An object in which a key stood twice."""

    __slots__ = ("twice",)
    twice: list[str]


@dataclass(slots=True)
class Decoded:
    """``complaints`` are unknown and duplicate fields, for strict validation or Warning headers."""

    value: Any
    complaints: list[str] = field(default_factory=list)
    keep_empty: bool = False


def _pairs(pairs: list[tuple[str, Any]]) -> JSONObject:
    out = dict(pairs)
    if len(out) == len(pairs):
        return out
    marked = _Duplicated(out)
    seen: set[str] = set()
    marked.twice = [k for k, _ in pairs if k in seen or seen.add(k)]  # type: ignore[func-returns-value]
    return marked


def parse(body: bytes, *, yaml: bool = False) -> Any:
    """JSON, or YAML with JSON's types.

    Raises:
        DecodeError: neither.
    """
    try:
        return json.loads(body, object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        if not yaml:
            raise DecodeError(_json_error(body, error)) from error
    return _parse_yaml(body)


def _json_error(body: bytes, error: Exception) -> str:
    text = body.decode("utf-8", "replace")
    if isinstance(error, json.JSONDecodeError) and error.pos < len(text.rstrip()):
        return f"invalid character {text[error.pos]!r} looking for beginning of value"
    return "unexpected end of JSON input"


def _parse_yaml(body: bytes) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """No timestamps: dates stay strings; keys become strings."""

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in rules if tag != "tag:yaml.org,2002:timestamp"]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def mapping(loader: Any, node: Any) -> JSONObject:
        return _pairs([
            (_key(loader.construct_object(k, deep=True)), loader.construct_object(v, deep=True)) for k, v in node.value
        ])  # fmt: skip

    Loader.add_constructor("tag:yaml.org,2002:map", mapping)
    try:
        return yaml.load(body, Loader=Loader)  # noqa: S506 - derived from SafeLoader
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or "malformed"
        line = f"line {mark.line + 1}: " if mark is not None else ""
        raise DecodeError(f"error converting YAML to JSON: yaml: {line}{problem}") from error


def _key(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def fit(value: Any, api_version: str, kind: str, *, keep_empty: bool = False) -> Decoded:
    """Check a parsed object against its kind's fields, drop unknown ones, bring quantities into canonical form.

    ``keep_empty`` keeps empty strings, maps and lists, which Go's omitempty would drop.

    Raises:
        DecodeError: a field has another type.
    """
    out = Decoded(None, keep_empty=keep_empty)
    if not isinstance(value, dict):
        raise DecodeError(f"json: cannot unmarshal {_go_kind(value)} into Go value of type v1.{kind}")
    out.value = _coerce(of_kind(api_version, kind), value, (), kind, (), out)
    return out


def decode(value: Any, api_version: str, kind: str) -> Decoded:
    """``fit``, with the refusal of a request's body.

    Raises:
        ApiError: 400 with Go's own words.
    """
    try:
        return fit(value, api_version, kind)
    except DecodeError as error:
        version = api_version.rpartition("/")[2]
        message = f'{kind} in version "{version}" cannot be handled as a {kind}: {error}'
        raise bad_request(message) from error


def strict_error(api_version: str, kind: str, complaints: list[str]) -> ApiError:
    """400 under fieldValidation=Strict."""
    version = api_version.rpartition("/")[2]
    text = ", ".join(complaints)
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {text}')


def _go_kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _mismatch(schema: Schema, value: Any, struct: str, names: tuple[str, ...], go: str = "") -> DecodeError:
    what = _go_kind(value)
    if what == "number" and schema.kind in _RANGES:
        what = f"number {json.dumps(value)}"
    where = f"Go struct field {struct}.{'.'.join(names)}" if names else "Go value"
    message = f"json: cannot unmarshal {what} into {where} of type {go or schema.go}"
    return DecodeError(message, path=names, schema=schema, value=value)


def _coerce(
    schema: Schema, value: Any, names: tuple[str, ...], struct: str, path: tuple[str, ...], out: Decoded
) -> Any:
    """``names`` are the field names for errors, ``path`` the same with indexes for unknown fields."""
    kind = schema.kind
    if kind == "any":
        return value
    if kind == "struct":
        return _struct(schema, value, names, struct, path, out)
    if kind == "map":
        if not isinstance(value, dict):
            raise _mismatch(schema, value, struct, names)
        _duplicates(value, path, out)
        assert schema.item is not None
        # Go decodes null into the item's zero value.
        empty = {"string": "", "bytes": "", "quantity": "0"}.get(schema.item.kind)
        return {
            k: empty if v is None else _coerce(schema.item, v, names, struct, (*path, f".{k}"), out)
            for k, v in value.items()
        }
    if kind == "list":
        if not isinstance(value, list):
            raise _mismatch(schema, value, struct, names)
        assert schema.item is not None
        return [
            _coerce(schema.item, v, names, struct, (*path, f"[{i}]"), out) for i, v in enumerate(value) if v is not None
        ]
    return _scalar(schema, value, names, struct)


def _struct(
    schema: Schema, value: Any, names: tuple[str, ...], struct: str, path: tuple[str, ...], out: Decoded
) -> Any:
    if not isinstance(value, dict):
        raise _mismatch(schema, value, struct, names)
    _duplicates(value, path, out)
    fields: JSONObject = {}
    name = schema.name.rpartition(".")[2]
    for key, item in value.items():
        known = schema.fields.get(key)
        if known is None:
            out.complaints.append(f'unknown field "{"".join((*path, "." + key)).lstrip(".")}"')
            continue
        if item is None or (not out.keep_empty and item in ("", {}, [], 0, False) and _omitted(known, key, item)):
            continue
        fields[key] = _coerce(known, item, (*names, key), name, (*path, f".{key}"), out)
    return fields


_KEPT_EMPTY = frozenset({"storageClassName", "serviceName", "service", "apiGroup", "holderIdentity"})


_ZERO_OMITTED = frozenset({
    "minReadySeconds", "hostPort", "nodePort", "initialDelaySeconds", "timeoutSeconds", "periodSeconds",
    "successThreshold", "failureThreshold", "healthCheckNodePort", "generation", "hostNetwork", "hostPID", "hostIPC",
    "stdin", "stdinOnce", "tty", "readOnly", "paused", "publishNotReadyAddresses", "unschedulable",
})  # fmt: skip
"""Numbers and booleans that are no pointers in Go: zero means left out."""


def _omitted(schema: Schema, key: str, value: Any) -> bool:
    """Whether Go's omitempty drops the empty value: all strings, maps and lists but pointers."""
    if value is False or value == 0:
        return key in _ZERO_OMITTED
    if value == "":
        return schema.kind in _LAYOUTS or (schema.kind == "string" and key not in _KEPT_EMPTY)
    return schema.kind in ("map", "list") and isinstance(value, dict if schema.kind == "map" else list)


def _duplicates(value: Any, path: tuple[str, ...], out: Decoded) -> None:
    out.complaints += [
        f'duplicate field "{"".join((*path, "." + k)).lstrip(".")}"' for k in getattr(value, "twice", ())
    ]


def _scalar(schema: Schema, value: Any, names: tuple[str, ...], struct: str) -> Any:
    kind = schema.kind
    if kind == "string":
        if not isinstance(value, str):
            raise _mismatch(schema, value, struct, names)
    elif kind in _RANGES:
        limit = _RANGES[kind]
        if isinstance(value, bool) or not isinstance(value, int) or not -limit <= value < limit:
            raise _mismatch(schema, value, struct, names)
    elif kind == "bool":
        if not isinstance(value, bool):
            raise _mismatch(schema, value, struct, names)
    elif kind == "intstr":
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise _mismatch(schema, value, struct, names, "int32")
    elif kind == "quantity":
        return _quantity(value)
    elif kind in _LAYOUTS:
        return _time(schema, value, names, struct)
    elif kind == "bytes":
        return _bytes(schema, value, names, struct)
    return value


def _quantity(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise DecodeError(str(QuantityError()))
    try:
        return canonical(value.strip() if isinstance(value, str) else json.dumps(value))
    except QuantityError as error:
        raise DecodeError(str(error)) from error


def _time(schema: Schema, value: Any, names: tuple[str, ...], struct: str) -> str:
    if not isinstance(value, str):
        raise _mismatch(schema, value, struct, names)
    if not re.match(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d", value) or parse_time(value) is None:
        layout = _LAYOUTS[schema.kind]
        raise DecodeError(f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"')
    return value


def _bytes(schema: Schema, value: Any, names: tuple[str, ...], struct: str) -> str:
    if not isinstance(value, str):
        raise _mismatch(schema, value, struct, names)
    text = value.replace("\n", "").replace("\r", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        stripped = text.rstrip("=")
        at = next((i for i, c in enumerate(stripped) if c not in _BASE64), len(stripped) // 4 * 4)
        raise DecodeError(f"illegal base64 data at input byte {at}") from error
    return text
