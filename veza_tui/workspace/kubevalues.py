"""Values that an API server refuses although their type is right: choices, ranges, names, and fields that go together.

Source: Kubernetes 1.34, pkg/apis/{core,apps,autoscaling,policy}/validation; measured against a real server.
Runs only over objects whose fields and types are right.
"""

from __future__ import annotations

import re
from typing import Any

from veza_tui.workspace import kubenames
from veza_tui.workspace.findings import Look, Path
from veza_tui.workspace.kubechoices import CHOICES, INT64, NAMES, ONE_OF, RANGES
from veza_tui.workspace.kubeplacing import PLACING
from veza_tui.workspace.kubeschema import fields
from veza_tui.workspace.kubetogether import TOGETHER

_PERCENT = re.compile(r"[0-9]+%\Z")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)\Z")
_FINALIZERS = ("orphan", "foregroundDeletion", "kubernetes")
_SELECTORS = ("In", "NotIn", "Exists", "DoesNotExist")


def check_values(look: Look, type_name: str) -> None:
    """Say what is wrong with the values of the whole object."""
    _object(look, look.manifest.object, type_name, ())


def _object(look: Look, value: dict[str, Any], type_name: str, path: Path) -> None:
    known: dict[str, list[Any]] = fields()["types"][type_name]
    if path == ("status",):
        return  # The server writes it; what a manifest says there is dropped.
    for name, item in value.items():
        if item is None or name not in known:
            continue
        here: Path = (*path, name)
        _one(look, type_name, name, item, here)
        kind = known[name][0]
        if kind == "datetime" and not (isinstance(item, str) and _TIME.match(item)):
            look.error(here, "is no time", "remove it: the server sets it")
        many = item if kind.startswith("List[") else [item]
        inner = kind[5:-1] if kind.startswith("List[") else kind
        if inner in fields()["types"]:
            for index, one in enumerate(many):
                _object(look, one, inner, (*here, index) if many is item else here)
    sources = ONE_OF.get(type_name)
    if sources:
        _one_of(look, value, sources, path)
    for together in (TOGETHER.get(type_name), PLACING.get(type_name)):
        if together:
            together(look, value, path)
    if type_name == "V1LabelSelector":
        _labels(look, value.get("matchLabels"), (*path, "matchLabels"))
    elif type_name == "V1LabelSelectorRequirement":
        _requirement(look, value, path)
    elif type_name in ("V1RollingUpdateDeployment", "V1PodDisruptionBudgetSpec"):
        for name in ("maxSurge", "maxUnavailable", "minAvailable"):
            _share(look, value.get(name), (*path, name), limited=name != "maxSurge")
    elif type_name == "V1ObjectMeta" and path == ("metadata",) and look.manifest.kind != "PodDisruptionBudget":
        _finalizers(look, value, path)
    elif type_name == "V1ObjectMeta" and path != ("metadata",):
        for key in value.get("annotations") or {}:
            if kubenames.qualified(key.lower()):
                look.error((*path, "annotations", key), "is not an annotation's name", "use prefix/name")


def _one(look: Look, type_name: str, name: str, item: Any, path: Path) -> None:
    """A choice, a range or a name."""
    key = (type_name, name)
    items = item if isinstance(item, list) else [item]
    choices = CHOICES.get(key)
    if choices and any(one not in choices for one in items):
        said = ", ".join(c for c in choices if c)
        look.error(path, f"{str(item)[:40]!r} is not one of {said}", "choose one of them")
    for one in items:
        if isinstance(one, bool) or not isinstance(one, int):
            continue
        low, high = RANGES.get(key, (None, None))
        if high is None and name not in INT64:
            high = 2**31 - 1
        if low is not None and one < low:
            look.error(path, f"{one} is less than {low}", "correct it")
        elif high is not None and one > high:
            look.error(path, f"{one} is more than {high}", "correct it")
    check = NAMES.get(key)
    for one in items if check else ():
        wrong = check(str(one)) if check else ""
        if wrong:
            look.error(path, f"{str(one)[:60]!r} {wrong}", "correct it")


def _one_of(look: Look, value: dict[str, Any], sources: tuple[str, ...], path: Path) -> None:
    given = [name for name, item in value.items() if item is not None and name in sources]
    if len(given) > 1:
        look.error((*path, given[1]), f"does not go with {given[0]}", "keep one of the two")
    elif not given and sources != ONE_OF["V1VolumeProjection"]:
        look.error(path, "names no source", f"give one of {', '.join(sources[:6])}")


def _share(look: Look, value: Any, path: Path, *, limited: bool) -> None:
    """A count from 0, or a percentage (up to 100 % where pods go away)."""
    if isinstance(value, str):
        if not _PERCENT.match(value):
            look.error(path, f"{value[:20]!r} is neither a number nor a percentage", "write 1 or 25%")
        elif limited and int(value[:-1][:6]) > 100:
            look.error(path, f"{value} is more than 100%", "write 100% or less")
    elif isinstance(value, int) and value < 0:
        look.error(path, f"{value} is less than 0", "correct it")


def _requirement(look: Look, value: dict[str, Any], path: Path) -> None:
    operator, values = value.get("operator"), value.get("values") or []
    wrong = kubenames.qualified(str(value.get("key")))
    if wrong:
        look.error((*path, "key"), f"is not a label's name: {wrong}", "correct it")
    if operator not in _SELECTORS:
        look.error((*path, "operator"), "is no operator", f"use {', '.join(_SELECTORS)}")
    elif operator in ("In", "NotIn") and not values:
        look.error((*path, "values"), f"{operator} needs values", "add values")
    elif operator in ("Exists", "DoesNotExist") and values:
        look.error((*path, "values"), f"{operator} takes no values", "remove them")


def _labels(look: Look, labels: dict[str, str] | None, path: Path) -> None:
    for key, text in (labels or {}).items():
        wrong = kubenames.qualified(key) or kubenames.label_value(text)
        if wrong:
            look.error((*path, key), f"is not a label: {wrong}", "correct it")


def _finalizers(look: Look, value: dict[str, Any], path: Path) -> None:
    for index, name in enumerate(value.get("finalizers") or []):
        if name not in _FINALIZERS and ("/" not in name or kubenames.qualified(name)):
            look.error((*path, "finalizers", index), "is no finalizer's name", "write domain/name, or remove it")
