"""Field schemas of the shipped kinds, parsed from the compact notation in ``schemas/``.

Notation: ``Type: field:TYPE …``; a line that begins with blanks continues. ``+Other`` takes in another type's fields.
TYPE is ``s`` string, ``i`` int32, ``l`` int64, ``f`` float, ``b`` bool, ``q`` quantity, ``is`` int or string, ``t``
time, ``mt`` time with microseconds, ``by`` base64 bytes, ``*`` anything, ``Name`` another type, ``{T}`` a map, ``[T]``
a list. After a list: ``=set``, ``@key,key`` (listType=map for server-side apply, and the merge key of strategic
patches), ``~key`` (merge key of strategic patches where it differs, ``~-`` none, ``~`` merged as a set of strings).
``%``: atomic for server-side apply. ``^``: retainKeys and ``!``: replace, as the patch strategy. Facts are those of the
API's Go types (json, patchStrategy and listType tags). ``#n`` is the field's protobuf number, ``#n.m`` that of a field
in a message which JSON does not show (an embedded Go struct); ``+Other#n`` is such a message as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from veza_tui.embedded.api.schemas import core, meta, pod, workloads

SCALARS = {
    "s": "string", "i": "int32", "l": "int64", "f": "float64", "b": "bool", "q": "quantity", "is": "intstr",
    "t": "time", "mt": "microtime", "by": "bytes", "*": "any",
}  # fmt: skip
_LIST = re.compile(r"^\[(?P<item>.+)\](?P<set>=set)?(?:@(?P<keys>[\w,]+))?(?:~(?P<merge>[\w-]*))?(?P<retain>\^)?$")


@dataclass(slots=True)
class Schema:
    """One type: ``kind`` is a scalar's name, ``struct``, ``map`` or ``list``; ``atomic`` for server-side apply."""

    kind: str
    name: str = ""
    fields: dict[str, Schema] = field(default_factory=dict)
    numbers: dict[tuple[int, ...], str] = field(default_factory=dict)
    """Protobuf number, or path of numbers, to field name."""
    item: Schema | None = None
    keys: tuple[str, ...] = ()
    """listType=map keys."""
    is_set: bool = False
    merge_items: bool = False
    """A list of strings whose strategic patch adds to it."""
    merge_key: str = ""
    """patchMergeKey."""
    atomic: bool = False
    retain_keys: bool = False
    replace: bool = False

    @property
    def scalar(self) -> bool:
        """Whether it is a leaf."""
        return self.kind not in ("struct", "map", "list")

    @property
    def associative(self) -> bool:
        """Whether it is a list whose entries are owned one by one."""
        return self.kind == "list" and (self.is_set or bool(self.keys))

    @property
    def go(self) -> str:
        """The Go type, as decoding errors name it."""
        if self.kind == "struct":
            package = "v2" if "HPA" in self.name or "Metric" in self.name else "v1"
            return f"{package}.{self.name.rpartition('.')[2]}"
        if self.kind == "map" and self.item:
            return "map[string]" + self.item.go
        if self.kind == "list" and self.item:
            return "[]" + self.item.go
        names = {"bytes": "[]uint8", "quantity": "resource.Quantity", "time": "v1.Time", "microtime": "v1.MicroTime",
                 "intstr": "intstr.IntOrString", "any": "runtime.RawExtension"}  # fmt: skip
        return names.get(self.kind, self.kind)


ANY = Schema("any")
_DEFAULTS = {"ContainerPort.protocol": "TCP", "ServicePort.protocol": "TCP"}
"""Defaults of list map keys: an entry without the key is the entry with this value."""


@cache
def _lines() -> dict[str, str]:
    out: dict[str, str] = {}
    current = ""
    for line in "\n".join((meta.TYPES, pod.TYPES, core.TYPES, workloads.TYPES)).splitlines():
        if line.startswith(" "):
            out[current] += line
        elif line:
            current, _, rest = line.partition(":")
            out[current] = rest
    return out


_TYPES: dict[str, Schema] = {}


def type_named(name: str) -> Schema:
    """The struct type of that name.

    Raises:
        KeyError: there is none.
    """
    found = _TYPES.get(name)
    if found is not None:
        return found
    lines = _lines()
    atomic = f"{name}%" in lines
    body = lines[f"{name}%" if atomic else name]
    found = _TYPES[name] = Schema("struct", name, atomic=atomic)
    for token in body.split():
        token, _, number = token.partition("#")
        path = tuple(map(int, number.split("."))) if number else ()
        if token.startswith("+"):
            other = type_named(token[1:])
            found.fields.update(other.fields)
            found.numbers.update({path + inner: key for inner, key in other.numbers.items()})
            continue
        key, _, text = token.partition(":")
        found.fields[key] = _parse(text)
        if path:
            found.numbers[path] = key
    return found


def _parse(text: str) -> Schema:
    if text in SCALARS:
        return Schema(SCALARS[text])
    match = _LIST.match(text)
    if match:
        keys = tuple(match["keys"].split(",")) if match["keys"] else ()
        merge = (match["merge"] or (keys[0] if keys else "")).strip("-")
        return Schema(
            "list",
            item=_parse(match["item"]),
            keys=keys,
            is_set=bool(match["set"]),
            merge_items=match["merge"] == "",
            merge_key=merge,
            retain_keys=bool(match["retain"]),
        )
    if text.startswith("{"):
        return Schema("map", item=_parse(text.rstrip("%")[1:-1]), atomic=text.endswith("%"))
    base = text.rstrip("^!%")
    named = type_named(base)
    if base == text:
        return named
    return Schema(
        "struct", base, named.fields, named.numbers, atomic=named.atomic, retain_keys="^" in text, replace="!" in text
    )


@cache
def of_kind(api_version: str, kind: str) -> Schema:
    """The whole object of a kind, with apiVersion, kind and metadata."""
    group = api_version.partition("/")[0] if "/" in api_version else ""
    name = {("events.k8s.io", "Event"): "events.Event"}.get((group, kind), kind)
    if (api_version, kind) == ("autoscaling/v1", "HorizontalPodAutoscaler"):
        name = "autoscaling.v1.HorizontalPodAutoscaler"
    named = type_named(name)
    fields = {"apiVersion": Schema("string"), "kind": Schema("string"), "metadata": type_named("ObjectMeta")}
    return Schema("struct", kind, {**fields, **named.fields}, {(1,): "metadata", **named.numbers})


def key_default(item: Schema, key: str) -> str | None:
    """The default of a list map key, for entries that leave it out."""
    return _DEFAULTS.get(f"{item.name}.{key}")
