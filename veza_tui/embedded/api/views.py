"""How a stored object looks through a resource (events.k8s.io, autoscaling/v1); lists; partial objects; tables."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api import autoscaling_v1
from veza_tui.embedded.api.history import Record, dumps
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.respond import Accept
from veza_tui.embedded.api.table import table_of

JSONObject = dict[str, Any]
_NEW_TO_OLD = {
    "regarding": "involvedObject", "note": "message", "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp", "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count", "reportingController": "reportingComponent",
}  # fmt: skip
_OLD_TO_NEW = {old: new for new, old in _NEW_TO_OLD.items()}


def foreign(kind: ResourceType) -> bool:
    """Whether what is stored is of another version."""
    return kind.group == "events.k8s.io" or kind.api_version == "autoscaling/v1"


def tabled(kind: ResourceType, obj: JSONObject) -> JSONObject:
    """The object as its table's columns are made from it: tables print what is stored, but for events."""
    return obj if kind.group == "autoscaling" else shown(kind, obj)


def shown(kind: ResourceType, obj: JSONObject) -> JSONObject:
    """The stored object as this resource serves it."""
    if not foreign(kind):
        return obj
    if kind.group == "autoscaling":
        return autoscaling_v1.shown(obj)
    out = {_OLD_TO_NEW.get(key, key): value for key, value in obj.items()}
    out["apiVersion"] = kind.api_version
    return out


def stored(kind: ResourceType, obj: JSONObject) -> JSONObject:
    """What a client sent, as it is stored."""
    if not foreign(kind):
        return obj
    if kind.group == "autoscaling":
        return autoscaling_v1.stored(obj)
    out = {_NEW_TO_OLD.get(key, key): value for key, value in obj.items()}
    out["apiVersion"] = "v1"
    return out


def encoded(kind: ResourceType, record: Record) -> bytes:
    """The object as JSON, from the cache where it can be."""
    return dumps(shown(kind, record.object)) if foreign(kind) else record.encoded


def item(kind: ResourceType, record: Record) -> bytes:
    """The object as a list shows it: without kind and apiVersion."""
    whole = encoded(kind, record)
    prefix = f'{{"kind":"{kind.kind}","apiVersion":"{kind.api_version}",'.encode()
    if whole.startswith(prefix):
        return b"{" + whole[len(prefix) :]
    return dumps({k: v for k, v in shown(kind, record.object).items() if k not in ("kind", "apiVersion")})


def list_meta(version: int, token: str = "", remaining: int | None = None) -> JSONObject:
    """ListMeta."""
    meta: JSONObject = {"resourceVersion": str(version)}
    if token:
        meta["continue"] = token
    if remaining is not None:
        meta["remainingItemCount"] = remaining
    return meta


def partial(obj: JSONObject, version: str = "v1") -> JSONObject:
    """PartialObjectMetadata."""
    api_version = f"meta.k8s.io/{version}"
    return {"kind": "PartialObjectMetadata", "apiVersion": api_version, "metadata": obj["metadata"]}


def list_body(
    kind: ResourceType, records: list[Record], meta: JSONObject, accept: Accept, include: str, now: float
) -> bytes:
    """A list in the form asked for."""
    if accept.form == "Table":
        objects = [tabled(kind, record.object) for record in records]
        return dumps(table_of(kind, objects, meta, include=include, version=accept.version, now=now))
    if accept.form.startswith("PartialObjectMetadata"):
        items = [partial(record.object, accept.version) for record in records]
        api_version = f"meta.k8s.io/{accept.version}"
        head = {"kind": "PartialObjectMetadataList", "apiVersion": api_version}
        return dumps({**head, "metadata": meta, "items": items})
    head_bytes = dumps({"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta})
    return head_bytes[:-1] + b',"items":[' + b",".join(item(kind, record) for record in records) + b"]}"


def object_body(kind: ResourceType, obj: JSONObject, accept: Accept, include: str, now: float) -> JSONObject:
    """One object in the form asked for."""
    if accept.form == "Table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table_of(kind, [tabled(kind, obj)], meta, include=include, version=accept.version, now=now)
    if accept.form == "PartialObjectMetadata":
        return partial(obj, accept.version)
    return shown(kind, obj)
