"""What the registry does to an object on its way in: metadata, defaults, validation, status separation, generation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from veza_tui.embedded.api import admission, defaults, validation
from veza_tui.embedded.api.allocate import allocate
from veza_tui.embedded.api.errors import ApiError, Cause, conflict, forbidden, invalid, not_found
from veza_tui.embedded.api.meta import clone, dig, generate_name, new_uid, rfc3339
from veza_tui.embedded.api.resources import ResourceType

if TYPE_CHECKING:
    from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]
_SERVER_SET = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
_CONDITIONAL_ONLY = frozenset({"leases.coordination.k8s.io", "poddisruptionbudgets.policy"})
_STATUS_KEPT_ON_CREATE = frozenset({"nodes", "events"})


def prepare_create(store: Store, kind: ResourceType, obj: JSONObject, track: Callable[[], None]) -> None:
    """Make ``obj`` what is stored by a create; ``track`` is called once the defaults are in."""
    obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
    meta = obj.setdefault("metadata", {})
    if str(meta.get("resourceVersion") or "0").strip("0").isdigit():  # what is no number is not looked at
        raise ApiError(500, "", "resourceVersion should not be set on objects to be created")
    if not meta.get("name") and meta.get("generateName"):
        meta["name"] = generate_name(str(meta["generateName"]))
    _check_namespace(store, kind, meta)
    for key in ("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"):
        meta.pop(key, None)
    meta["uid"] = new_uid()
    meta["creationTimestamp"] = rfc3339(store.clock())
    if kind.generation:
        meta["generation"] = 1
    if kind.has_status and kind.key not in _STATUS_KEPT_ON_CREATE:
        obj["status"] = {}
    defaults.apply(kind, obj)
    track()
    admission.on_create(store, kind, obj)
    allocate(store, kind, obj)
    _validate(kind, obj, None, "")


def prepare_update(
    store: Store,
    kind: ResourceType,
    obj: JSONObject,
    old: JSONObject,
    subresource: str,
    track: Callable[[], None],
    *,
    unconditional: bool,
) -> None:
    """Make ``obj`` what is stored by an update of ``old``; ``track`` is called once the defaults are in."""
    obj["apiVersion"], obj["kind"] = kind.api_version, kind.kind
    meta, before = obj.setdefault("metadata", {}), old["metadata"]
    if meta.get("uid") and meta["uid"] != before["uid"]:
        why = f"Precondition failed: UID in precondition: {meta['uid']}, UID in object meta: {before['uid']}"
        raise conflict(kind.plural, kind.group, before["name"], why)
    if unconditional and not subresource and kind.key in _CONDITIONAL_ONLY:
        cause = Cause(
            "FieldValueInvalid", "Invalid value: 0x0: must be specified for an update", "metadata.resourceVersion"
        )
        raise invalid(kind.kind, kind.group, before["name"], [cause])
    if subresource == "status":
        managed = meta.get("managedFields")
        status = obj.get("status") or {}
        obj.clear()
        obj.update(clone(old))
        obj["status"] = status
        meta = obj["metadata"]
        if managed is not None:
            meta["managedFields"] = managed
    elif kind.has_status and not (kind.kind == "Namespace" and subresource == "finalize"):
        obj["status"] = clone(old.get("status") or {})
    for key in _SERVER_SET:
        if key in before:
            meta[key] = before[key]
        else:
            meta.pop(key, None)
    meta["resourceVersion"] = before["resourceVersion"]
    if before.get("generateName") and "generateName" not in meta:
        meta["generateName"] = before["generateName"]
    if subresource == "status":
        track()
        validation.check_status(kind, obj, old)
        return
    if kind.kind == "Namespace" and subresource != "finalize":
        obj.setdefault("spec", {})["finalizers"] = list(dig(old, "spec", "finalizers") or ())
    defaults.apply(kind, obj)
    track()
    allocate(store, kind, obj, old)
    _validate(kind, obj, old, subresource)
    if kind.generation and _desired(obj) != _desired(old):
        meta["generation"] = int(before.get("generation", 0)) + 1


def _desired(obj: JSONObject) -> JSONObject:
    """What counts as the spec: all but metadata and status."""
    return {k: v for k, v in obj.items() if k not in ("metadata", "status", "apiVersion", "kind")}


def _check_namespace(store: Store, kind: ResourceType, meta: JSONObject) -> None:
    if not kind.namespaced:
        meta.pop("namespace", None)
        return
    name = meta.setdefault("namespace", "default")
    namespace = store.find("namespaces", None, name)
    if namespace is None:
        raise not_found("namespaces", "", name)
    if namespace["metadata"].get("deletionTimestamp"):
        message = f"namespace {name} is being terminated"
        why = f"unable to create new content in namespace {name} because it is being terminated"
        cause = Cause("NamespaceTerminating", message, "metadata.namespace")
        raise forbidden(kind.plural, kind.group, meta.get("name", ""), why, (cause,))


def _validate(kind: ResourceType, obj: JSONObject, old: JSONObject | None, subresource: str) -> None:
    causes = validation.check(kind, obj, old, subresource)
    if causes:
        raise invalid(kind.kind, kind.group, obj["metadata"].get("name", ""), causes)


def same(new: JSONObject, old: JSONObject) -> bool:
    """Whether an update changes nothing (times in managedFields and the resourceVersion do not count)."""
    return _comparable(new) == _comparable(old)


def _comparable(obj: JSONObject) -> JSONObject:
    meta = {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}
    managed = meta.get("managedFields")
    if managed:
        meta["managedFields"] = [{k: v for k, v in entry.items() if k != "time"} for entry in managed]
    else:
        meta.pop("managedFields", None)
    return {**obj, "metadata": meta}
