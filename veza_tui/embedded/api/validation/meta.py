"""metadata, label selectors and owner references (source: apimachinery's api/validation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from veza_tui.embedded.api.validation.base import (
    IMMUTABLE,
    Problems,
    dns1035_problems,
    label_problems,
    label_value_problems,
    path_segment_problems,
    qualified_name_problems,
    subdomain_problems,
)

JSONObject = dict[str, Any]
_NAMES: dict[str, Callable[[str], list[str]]] = {
    "Namespace": label_problems, "Service": dns1035_problems, "Role": path_segment_problems,
    "ClusterRole": path_segment_problems, "RoleBinding": path_segment_problems,
    "ClusterRoleBinding": path_segment_problems, "PodDisruptionBudget": path_segment_problems,
}  # fmt: skip
_FINALIZERS = ("foregroundDeletion", "orphan", "kubernetes")
_ANNOTATIONS_LIMIT = 256 * 1024


def metadata(problems: Problems, kind: str, meta: JSONObject) -> None:
    """Name, generateName, labels, annotations, owners, finalizers."""
    name_problems = _NAMES.get(kind, subdomain_problems)
    name = meta.get("name", "")
    if meta.get("generateName"):
        for text in name_problems(meta["generateName"].rstrip("-") or "-"):
            problems.invalid("metadata.generateName", meta["generateName"], text)
    if not name:
        problems.required("metadata.name", "name or generateName is required")
    else:
        for text in name_problems(name):
            problems.invalid("metadata.name", name, text)
    labels(problems, meta.get("labels"), "metadata.labels")
    annotations = meta.get("annotations") or {}
    for key in annotations:
        for text in qualified_name_problems(key.lower()):
            problems.invalid("metadata.annotations", key, text)
    if sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items()) > _ANNOTATIONS_LIMIT:
        problems.too_long("metadata.annotations", _ANNOTATIONS_LIMIT)
    _owners(problems, meta.get("ownerReferences") or ())
    for index, finalizer in enumerate(meta.get("finalizers") or ()):
        for text in qualified_name_problems(finalizer):
            problems.invalid("metadata.finalizers", finalizer, text)
        # Measured on 1.34: of a budget's finalizers only the form is looked at.
        if kind != "PodDisruptionBudget" and "/" not in finalizer and finalizer not in _FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            problems.invalid(f"metadata.finalizers[{index}]", finalizer, text)


def labels(problems: Problems, items: JSONObject | None, path: str) -> None:
    """A map of labels."""
    for key, value in (items or {}).items():
        for text in qualified_name_problems(key):
            problems.invalid(path, key, text)
        for text in label_value_problems(value):
            problems.invalid(path, value, text)


def _owners(problems: Problems, references: Any) -> None:
    controllers = []
    path = "metadata.ownerReferences"
    for reference in references:
        for key, text in (
            ("apiVersion", "version must not be empty"), ("kind", "must not be empty"), ("name", "must not be empty"),
            ("uid", "must not be empty"),
        ):  # fmt: skip
            if not reference.get(key):
                problems.invalid(f"{path}.{key}", reference.get(key, ""), text)
        if reference.get("controller"):
            controllers.append(reference.get("name"))
    if len(controllers) > 1:
        text = (
            'Only one reference can have Controller set to true. Found "true" in references for '
            f"{controllers[0]} and {controllers[1]}"
        )
        problems.invalid("metadata.ownerReferences", list(references), text)


def metadata_update(problems: Problems, meta: JSONObject, old: JSONObject) -> None:
    """What may not change."""
    for key in ("name", "namespace", "uid", "creationTimestamp"):
        if meta.get(key) != old.get(key):
            problems.invalid(f"metadata.{key}", meta.get(key, ""), IMMUTABLE)
    if old.get("deletionTimestamp"):
        added = [f for f in meta.get("finalizers") or () if f not in (old.get("finalizers") or ())]
        if added:
            text = f"no new finalizers can be added if the object is being deleted, found new finalizers {added}"
            problems.forbidden("metadata.finalizers", text.replace("'", '"'))


def selector(problems: Problems, value: JSONObject | None, path: str) -> None:
    """A LabelSelector."""
    if value is None:
        return
    labels(problems, value.get("matchLabels"), f"{path}.matchLabels")
    for index, expression in enumerate(value.get("matchExpressions") or ()):
        where = f"{path}.matchExpressions[{index}]"
        operator, values = expression.get("operator"), expression.get("values") or ()
        if operator in ("In", "NotIn"):
            if not values:
                problems.required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                problems.forbidden(f"{where}.values", text)
        else:
            problems.invalid(f"{where}.operator", operator or "", "not a valid selector operator")
        for text in qualified_name_problems(expression.get("key", "")):
            problems.invalid(f"{where}.key", expression.get("key", ""), text)
