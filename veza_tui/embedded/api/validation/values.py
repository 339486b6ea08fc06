"""What the other rules let pass: the value checks of ``validate``, so that both judge alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from veza_tui.embedded.api.validation.base import Problems
from veza_tui.workspace.findings import Look, Path
from veza_tui.workspace.kubeschema import EMPTY_IS_FINE, fields
from veza_tui.workspace.kubevalues import check_values

JSONObject = dict[str, Any]
_POD_ALONE = ("activeDeadlineSeconds", "ephemeralContainers")
"""Refused in a template only."""
_ZERO_IS_FINE = EMPTY_IS_FINE | {("V1SleepAction", "seconds"), ("V1PreferredSchedulingTerm", "preference")}
_TEMPLATED = ("ReplicaSet", "StatefulSet", "DaemonSet")


@dataclass(slots=True)
class _Collector:
    """Stands for a ``Look``: what is found goes to the refusal."""

    manifest: Any
    found: list[tuple[Path, str]] = field(default_factory=list)

    def error(self, path: Path, message: str, todo: str, rule: str = "") -> None:
        """One refusal."""
        self.found.append((path, message))

    def warning(self, path: Path, message: str, todo: str, rule: str = "") -> None:
        """Refuses nothing."""


def values(problems: Problems, kind: str, obj: JSONObject) -> None:
    """Every value of the kinds that are shipped, and every pod and template."""
    judged, api_version, as_kind = obj, str(obj.get("apiVersion")), kind
    if kind in ("Pod", *_TEMPLATED):
        # Their templates and specs are those of a Deployment.
        template = obj if kind == "Pod" else obj["spec"].get("template") or {}
        judged = {"spec": {"template": {"spec": template.get("spec") or {}}}}
        api_version, as_kind = "apps/v1", "Deployment"
    type_name = fields()["kinds"].get(f"{api_version}/{as_kind}")
    if type_name is None:
        return
    look = _Collector(SimpleNamespace(kind=as_kind, object=judged))
    _required(look, judged, type_name, ())
    check_values(cast(Look, look), type_name)
    for path, message in look.found:
        if kind == "Pod":
            if path[-1] in _POD_ALONE:
                continue
            path = ("spec", *path[3:])
        problems.invalid(_text(path), _value(obj, path), message)


def _required(look: _Collector, value: JSONObject, type_name: str, path: Path) -> None:
    """Not of restartPolicyRules: their gate is closed in 1.34."""
    known = fields()["types"][type_name]
    for name, (kind, required) in known.items():
        item = value.get(name)
        if name in ("metadata", "status", "restartPolicyRules") or (path == () and name != "spec"):
            continue
        if item is None:
            if required and path[3:] and (type_name, name) not in _ZERO_IS_FINE:
                look.error((*path, name), "required value", "")
            continue
        inner = kind[5:-1] if kind.startswith("List[") else kind
        if inner in fields()["types"]:
            listed = kind.startswith("List[")
            for index, one in enumerate(item if listed else [item]):
                _required(look, one, inner, (*path, name, index) if listed else (*path, name))


def _text(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) or not str(part).isidentifier() else f".{part}"
    return text.lstrip(".")


def _value(obj: Any, path: Path) -> Any:
    for part in path:
        try:
            obj = obj[part]
        except (KeyError, IndexError, TypeError):
            return ""
    return obj
