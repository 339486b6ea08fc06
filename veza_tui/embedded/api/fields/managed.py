"""managedFields: who owns which field, for ordinary writes (operation Update)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from veza_tui.embedded.api.fields.paths import PathSet, compare, from_fields, strip_meta, to_fields
from veza_tui.embedded.api.meta import rfc3339
from veza_tui.embedded.api.schema import Schema, of_kind

JSONObject = dict[str, Any]
_POD: JSONObject = {"metadata": {}, "spec": {"containers": []}}
_ALWAYS_THERE: JSONObject = {
    "metadata": {}, "spec": {"template": _POD, "strategy": {}, "updateStrategy": {}, "containers": [], "resources": {},
                             "jobTemplate": {"metadata": {}, "spec": {"template": _POD}}, "scaleTargetRef": {},
                             "podSelector": {}, "serviceName": ""},
    "status": {"loadBalancer": {}}, "involvedObject": {}, "source": {}, "eventTime": None, "firstTimestamp": None,
    "lastTimestamp": None, "reportingComponent": "", "reportingInstance": "",
}  # fmt: skip
"""Structs that are no pointers in Go: they exist in an empty object, so a create does not own them."""


class Tracker(Protocol):
    """Writes ``new["metadata"]["managedFields"]``; ``old`` is None on create, ``now`` unix seconds."""

    def __call__(self, old: JSONObject | None, new: JSONObject, *, subresource: str, now: float) -> None:
        """Track one write."""
        ...


@dataclass(slots=True)
class Owner:
    """One entry."""

    manager: str
    operation: str
    api_version: str
    subresource: str
    paths: PathSet = field(default_factory=set)
    time: str = ""

    @property
    def key(self) -> str:
        """Identity, as structured-merge-diff sorts managers."""
        out: JSONObject = {"manager": self.manager, "operation": self.operation}
        if self.operation != "Apply":
            out["apiVersion"] = self.api_version
        if self.subresource:
            out["subresource"] = self.subresource
        return json.dumps(out, separators=(",", ":"))

    def describe(self) -> str:
        """As a conflict names it."""
        text = json.dumps(self.manager)
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == "Update":
            text += f" using {self.api_version}"
        return text


def read_owners(obj: JSONObject | None) -> dict[str, Owner]:
    """The owners by key."""
    out: dict[str, Owner] = {}
    for entry in ((obj or {}).get("metadata") or {}).get("managedFields") or ():
        owner = Owner(
            entry.get("manager", ""), entry.get("operation", ""), entry.get("apiVersion", ""),
            entry.get("subresource", ""), from_fields(entry.get("fieldsV1") or {}), entry.get("time", ""),
        )  # fmt: skip
        out[owner.key] = owner
    return out


def write_owners(obj: JSONObject, owners: dict[str, Owner]) -> None:
    """Put them into the object, in the server's order; owners of nothing are left out."""
    entries: list[JSONObject] = []
    order = sorted(
        (o for o in owners.values() if o.paths),
        key=lambda o: (o.operation, o.time, o.manager, o.api_version, o.subresource),
    )
    for owner in order:
        entry: JSONObject = {
            "manager": owner.manager,
            "operation": owner.operation,
            "apiVersion": owner.api_version,
            "time": owner.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields(owner.paths),
        }
        if owner.subresource:
            entry["subresource"] = owner.subresource
        entries.append(entry)
    if entries:
        obj["metadata"]["managedFields"] = entries
    else:
        obj["metadata"].pop("managedFields", None)


def skeleton(schema: Schema, template: JSONObject | None = None) -> JSONObject:
    """The empty object of a kind."""
    template = _ALWAYS_THERE if template is None else template
    return {
        key: skeleton(schema.fields[key], inner) if isinstance(inner, dict) else inner
        for key, inner in template.items()
        if key in schema.fields
    }


def without_meta(obj: JSONObject) -> JSONObject:
    """The object without what is never owned and would only be compared in vain."""
    meta = {k: v for k, v in (obj.get("metadata") or {}).items() if k not in ("managedFields", "resourceVersion")}
    return {**obj, "metadata": meta}


def reset_paths(paths: PathSet, obj: JSONObject, schema: Schema, subresource: str) -> PathSet:
    """Without the fields that this endpoint cannot write: status, or for the status endpoint the spec."""
    if subresource == "status":
        return {p for p in paths if p[0] != "f:spec"}
    if subresource == "" and "status" in schema.fields:
        return {p for p in paths if p[0] != "f:status"}
    return paths


@dataclass(frozen=True, slots=True)
class UpdateTracker:
    """For create, update and patch by ``manager``: it owns what it changed, others lose that."""

    manager: str
    as_subresource: str = ""
    """Recorded instead of the subresource of the write (scale writes the object itself)."""

    def __call__(self, old: JSONObject | None, new: JSONObject, *, subresource: str, now: float) -> None:
        schema = of_kind(new["apiVersion"], new["kind"])
        if old is not None and not old["metadata"].get("managedFields"):
            new["metadata"].pop("managedFields", None)
            return  # as the real server: what was not tracked from its creation is not tracked
        given = new["metadata"].get("managedFields")
        if given is not None and old is not None and all(entry == {} for entry in given):
            new["metadata"].pop("managedFields", None)
            return
        owners = read_owners(new if given is not None and old is not None else old)
        before = skeleton(schema) if old is None else without_meta(old)
        changed, removed = compare(schema, before, without_meta(new))
        changed = reset_paths(strip_meta(changed), new, schema, subresource)
        me = Owner(self.manager, "Update", new["apiVersion"], self.as_subresource or subresource)
        for owner in owners.values():
            if owner.key != me.key:
                owner.paths = owner.paths - changed - removed
        mine = owners.setdefault(me.key, me)
        paths = (mine.paths - removed) | changed
        if self.as_subresource == "scale" and not new["spec"].get("replicas"):
            paths = paths - changed  # a Scale of zero leaves the field out, so nobody owns it
        if paths != mine.paths or not mine.time:
            mine.time = rfc3339(now)
        mine.paths = paths
        write_owners(new, owners)
