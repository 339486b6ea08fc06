"""GET: one object, lists with pages and resourceVersions."""

from __future__ import annotations

import base64
import binascii
import json

from aiohttp import web

from veza_tui.embedded.api import views
from veza_tui.embedded.api.errors import ApiError, Cause, bad_request, expired, not_found
from veza_tui.embedded.api.history import Record
from veza_tui.embedded.api.requests import RequestInfo, option_error
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.respond import Accept, answer, answer_object
from veza_tui.embedded.api.selectors import matcher
from veza_tui.embedded.api.store import Store

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


def get_object(store: Store, kind: ResourceType, info: RequestInfo, accept: Accept) -> web.Response:
    """GET by name."""
    record = store.record(kind.key, info.namespace if kind.namespaced else None, info.name)
    if record is None:
        raise not_found(kind.plural, kind.group, info.name)
    _check_version(store, info)
    if not accept.form and not accept.yaml:
        return answer(views.encoded(kind, record))
    include = info.query.get("includeObject", "Metadata")
    return answer_object(views.object_body(kind, record.object, accept, include, store.clock()), accept)


def _check_version(store: Store, info: RequestInfo) -> int | None:
    """The resourceVersion asked for, or None; raises ApiError 400 or 504."""
    text = info.query.get("resourceVersion", "")
    if not text:
        return None
    if not text.isdigit():
        reason = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise bad_request(f"invalid resource version: {reason}")
    version = int(text)
    if version > store.version:
        cause = Cause("ResourceVersionTooLarge", "Too large resource version")
        message = f"Timeout: Too large resource version: {version}, current: {store.version}"
        raise ApiError(504, "Timeout", message, causes=(cause,), retry_after=1)
    return version


def _check_options(info: RequestInfo) -> None:
    match = info.query.get("resourceVersionMatch", "")
    version, token = info.query.get("resourceVersion", ""), info.query.get("continue", "")

    def refuse(text: str) -> ApiError:
        return option_error("ListOptions", "resourceVersionMatch", text)

    if info.query.get("sendInitialEvents"):
        text = "Forbidden: sendInitialEvents is forbidden for list"
        raise option_error("ListOptions", "sendInitialEvents", text)
    if token and version not in ("", "0"):
        raise bad_request("specifying resource version is not allowed when using continue")
    if not match:
        return
    if token:
        raise refuse("Forbidden: resourceVersionMatch is forbidden when continue is provided")
    if not version:
        raise refuse("Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided")
    if match not in ("Exact", "NotOlderThan"):
        supported = 'supported values: "Exact", "NotOlderThan", ""'
        raise refuse(f'Unsupported value: "{match}": {supported}')
    if match == "Exact" and version == "0":
        raise refuse('Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"')


def list_objects(store: Store, kind: ResourceType, info: RequestInfo, accept: Accept) -> web.Response:
    """GET of a collection."""
    _check_options(info)
    matches = matcher(info.query.get("labelSelector", ""), info.query.get("fieldSelector", ""), kind.key)
    namespace = info.namespace or None
    limit = info.integer("limit") or 0
    token = info.query.get("continue", "")
    start: tuple[str, str] | None = None
    wanted = _check_version(store, info)
    version = store.version
    if token:
        version, start = _read_token(store, kind, token)
    elif wanted is not None and info.query.get("resourceVersionMatch") == "Exact":
        if wanted < store.history.floor(kind.key):
            raise expired("The resourceVersion for the provided list is too old.")
        version = wanted
    records = _records_at(store, kind, namespace, version)
    if matches is not None:
        records = [record for record in records if matches(record.object)]
    if start is not None:
        records = [record for record in records if _place(record) > start]
    next_token, remaining = "", None
    if limit and len(records) > limit:
        remaining = len(records) - limit if matches is None else None
        records = records[:limit]
        next_token = _write_token(version, _place(records[-1]))
    meta = views.list_meta(version, next_token, remaining)
    body = views.list_body(kind, records, meta, accept, info.query.get("includeObject", "Metadata"), store.clock())
    if accept.yaml:
        return answer_object(json.loads(body), accept)
    return answer(body)


def _place(record: Record) -> tuple[str, str]:
    meta = record.object["metadata"]
    return meta.get("namespace", ""), meta["name"]


def _records_at(store: Store, kind: ResourceType, namespace: str | None, version: int) -> list[Record]:
    """The collection as it was at ``version``: what happened since is taken back."""
    records = store.records(kind.key, namespace)
    if version >= store.version:
        return records
    events = list(store.history.since(kind.key, version))
    if not events:
        return records
    state = {_place(record): record for record in records}
    for event in reversed(events):
        place = _place(event.record)
        if namespace is not None and place[0] != namespace:
            continue
        if event.previous is None:
            state.pop(place, None)
        else:
            state[place] = event.previous
    return [state[place] for place in sorted(state)]


def _write_token(version: int, start: tuple[str, str]) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "start": "/".join(start) + "\u0000"})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(store: Store, kind: ResourceType, token: str) -> tuple[int, tuple[str, str]]:
    """(version, last place); raises ApiError 400 or 410 with a token that continues inconsistently."""
    try:
        data = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        version, start = int(data["rv"]), str(data["start"]).rstrip("\u0000")
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        message = "invalid continue token: continue key is not valid: illegal base64 data at input byte 0"
        raise bad_request(message) from error
    namespace, _, name = start.partition("/")
    if version < 0:
        return store.version, (namespace, name)
    if version < store.history.floor(kind.key):
        refusal = expired(_TOO_OLD)
        refusal.continue_token = _write_token(-1, (namespace, name))
        raise refusal
    return version, (namespace, name)
