"""Fields and types of the kinds we ship, as an API server with strict validation reads them.

Source: Kubernetes' OpenAPI, by way of the Python client's models (tests/tools/kube_fields.py writes kube_fields.json).
"""

from __future__ import annotations

import base64
import binascii
import difflib
import functools
import json
import re
from importlib.resources import files
from typing import Any

from veza_tui.workspace.checks import quantity_value
from veza_tui.workspace.findings import Look, Path
from veza_tui.workspace.reader import MAX_UNKNOWN

EMPTY_IS_FINE = frozenset((("V1HTTPHeader", "value"), ("V1Sysctl", "value")))
_INT_OR_STRING = frozenset(("port", "targetPort", "maxSurge", "maxUnavailable", "minAvailable"))
_QUANTITIES = frozenset(("sizeLimit", "divisor", "averageValue"))
_QUANTITY_MAPS = frozenset(("limits", "requests", "capacity"))
PLACEHOLDER = re.compile(r"\s*<[^<>]{1,80}>\s*\Z")
_KIND_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,62}\Z")


@functools.cache
def fields() -> dict[str, Any]:
    """The table."""
    table: dict[str, Any] = json.loads(files("veza_tui.workspace").joinpath("kube_fields.json").read_text("utf-8"))
    return table


def check_kind(look: Look) -> tuple[bool, str | None]:
    """Whether some API server serves the kind, and its type in the table (None when its fields are not known here)."""
    manifest = look.manifest
    if not manifest.api_version:
        look.error(("apiVersion",), "apiVersion is missing", "add it, for example apiVersion: v1")
    if not manifest.kind:
        look.error(("kind",), "kind is missing", "add it, for example kind: ConfigMap")
    if not manifest.api_version or not manifest.kind:
        return False, None
    full = f"{manifest.api_version}/{manifest.kind}"
    table = fields()
    if full in table["kinds"]:
        return True, str(table["kinds"][full])
    if full in table["known"]:
        return True, None
    ours = [k.rpartition("/")[0] for k in table["kinds"] if k.rpartition("/")[2] == manifest.kind]
    same_kind = ours + [k.rpartition("/")[0] for k in table["known"] if k.rpartition("/")[2] == manifest.kind]
    group = manifest.api_version.partition("/")[0] if "/" in manifest.api_version else ""
    if same_kind:
        todo = f"write apiVersion: {same_kind[0]}"
        look.error(("apiVersion",), f"no API server serves {manifest.kind} as {manifest.api_version}", todo)
    elif "." in group and not group.endswith(".k8s.io") and _KIND_NAME.match(manifest.kind):
        return True, None  # A custom resource: only its API server knows.
    else:
        kinds = {k.rpartition("/")[2] for k in table["known"]}
        near = difflib.get_close_matches(manifest.kind, kinds, n=1)
        todo = f"did you mean `{near[0]}`?" if near else "correct kind and apiVersion"
        look.error(("kind",), f"{full} is no kind that Kubernetes knows", todo)
    return False, None


def check_fields(look: Look, type_name: str) -> bool:
    """Whether every field has a known name and the right type; says what is wrong."""
    before = len(look.findings.found)
    _object(look, look.manifest.object, type_name, ())
    return len(look.findings.found) == before


def _object(look: Look, value: Any, type_name: str, path: Path) -> None:
    if not isinstance(value, dict):
        look.error(path, f"must be a mapping, not {_kind(value)}", "write its fields below it")
        return
    known: dict[str, list[Any]] = fields()["types"][type_name]
    unknown = 0
    for name, item in value.items():
        entry = known.get(name)
        if entry is None and unknown == MAX_UNKNOWN:
            look.error((*path, name), "and more unknown fields", "remove them")
            break
        if entry is None:
            unknown += 1
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            todo = f"did you mean `{near[0]}`?" if near else f"known fields: {', '.join(known)}"
            look.error((*path, name), "is an unknown field: the API server refuses it", todo)
        elif item is not None:
            _value(look, item, entry[0], (*path, name), type_name)
    for name, (_, required) in known.items():
        if required and value.get(name) is None and path != ("status",) and (type_name, name) not in EMPTY_IS_FINE:
            look.error((*path, name), "is required and missing", "add it")


def _value(look: Look, value: Any, kind: str, path: Path, owner: str) -> None:
    name = path[-1]
    if kind.startswith("List["):
        if not isinstance(value, list):
            look.error(path, f"must be a list, not {_kind(value)}", "write `- item` lines below it")
            return
        for index, item in enumerate(value):
            _value(look, item, kind[5:-1], (*path, index), owner)
    elif kind.startswith("Dict["):
        _map(look, value, kind, path)
    elif kind in fields()["types"]:
        _object(look, value, kind, path)
    elif kind == "str" and (name in _QUANTITIES or (owner == "V2MetricTarget" and name == "value")):
        _quantity(look, value, path)
    elif kind == "str" and not isinstance(value, str):
        look.error(path, f"must be a text, not {_kind(value)}", "put it in quotes")
    elif kind == "int" and (isinstance(value, bool) or not isinstance(value, int)):
        look.error(path, f"must be a whole number, not {_kind(value)}", "write plain digits without quotes")
    elif kind == "bool" and not isinstance(value, bool):
        look.error(path, f"must be true or false, not {_kind(value)}", "write true or false without quotes")
    elif kind == "object" and name in _INT_OR_STRING and (isinstance(value, bool) or not isinstance(value, int | str)):
        look.error(
            path, f"must be a number or a name, not {_kind(value)}", "write a number, a percentage or a port's name"
        )


def _map(look: Look, value: Any, kind: str, path: Path) -> None:
    if not isinstance(value, dict):
        look.error(path, f"must be a mapping, not {_kind(value)}", "write `key: value` lines below it")
        return
    inner = kind.partition(", ")[2][:-1]
    for key, item in value.items():
        here = (*path, key)
        if item is None:
            look.warning(here, "is null: it is read as empty", "write a value, or remove it")
            continue
        if inner == "str" and path[-1] in _QUANTITY_MAPS:
            _quantity(look, item, here)
        elif inner == "str" and not isinstance(item, str):
            _not_text(look, item, here)
        elif inner == "bytes":
            _base64(look, item, here)
        elif inner.startswith("V"):
            _object(look, item, inner, here)


def _not_text(look: Look, item: Any, path: Path) -> None:
    if look.manifest.kind == "ConfigMap" and isinstance(item, dict | list):
        what = "nested" if isinstance(item, dict) else "a list"
        look.error(
            path,
            f"is {what}: an API server refuses ConfigMap data that is not flat text",
            "flatten it into keys of their own, for example DB_HOST, or write one block of text with `|`",
        )
    else:
        look.error(path, f"must be a text, not {_kind(item)}", "put it in quotes")


def _base64(look: Look, item: Any, path: Path) -> None:
    if not isinstance(item, str):
        look.error(path, f"must be base64 text, not {_kind(item)}", "encode it, or use stringData")
        return
    if PLACEHOLDER.match(item):
        look.error(
            path,
            "is a placeholder, not base64: the API server refuses it",
            f'remove it and add the annotation fill.veza.com/{path[-1]}: "${{{str(path[-1]).upper()}}}"',
        )
        return
    try:
        # Go's decoder skips line breaks and nothing else.
        base64.b64decode(item.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        look.error(path, "is not base64: the API server refuses it", "encode it with base64, or use stringData")


def _quantity(look: Look, value: Any, path: Path) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number and (not isinstance(value, str) or quantity_value(value.strip()) is None):
        look.error(path, "is not a Kubernetes quantity", "write for example 500m, 128Mi or 1Gi")


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "nothing" if value is None else "a text"
