"""POST, PUT, PATCH and DELETE of objects."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from veza_tui.embedded.api import views
from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.decode import DecodeError, decode, fit, parse
from veza_tui.embedded.api.errors import ApiError, Cause, bad_request, invalid, not_found
from veza_tui.embedded.api.fields.apply import apply
from veza_tui.embedded.api.fields.managed import Tracker, UpdateTracker
from veza_tui.embedded.api.fields.typed import typed
from veza_tui.embedded.api.history import dumps
from veza_tui.embedded.api.meta import clone
from veza_tui.embedded.api.patch.jsonpatch import json_patch
from veza_tui.embedded.api.patch.merge import merge_patch
from veza_tui.embedded.api.patch.strategic import go_text, strategic_patch
from veza_tui.embedded.api.requests import option_error
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.schema import of_kind
from veza_tui.embedded.api.selectors import matcher

JSONObject = dict[str, Any]
APPLY = "application/apply-patch+yaml"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_CREATED_BY_UPDATE = frozenset(
    {"Lease", "Event", "Endpoints", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}
)
_SHOWN_WHEN_DELETED = frozenset({"Pod", "Service", "ServiceAccount", "PersistentVolumeClaim", "ResourceQuota"})


def place(call: Call, obj: JSONObject) -> None:
    """Check the object's namespace and name against the path's and fill them in; raises ApiError 400."""
    meta = obj.setdefault("metadata", {})
    if call.kind.namespaced:
        if meta.get("namespace") and meta["namespace"] != call.info.namespace:
            raise bad_request("the namespace of the provided object does not match the namespace sent on the request")
        meta["namespace"] = call.info.namespace
    if call.info.name and meta.get("name") and meta["name"] != call.info.name:
        names = f"the name of the object ({meta['name']}) does not match the name on the URL ({call.info.name})"
        raise bad_request(names)


async def create(call: Call) -> web.Response:
    """POST."""
    dry_run = call.info.dry_run
    obj = await call.body_object()
    place(call, obj)
    made = call.store.create(views.stored(call.kind, obj), manager=call.manager, dry_run=dry_run)
    return call.respond(made, 201)


async def update(call: Call, subresource: str = "") -> web.Response:
    """PUT."""
    dry_run = call.info.dry_run
    obj = await call.body_object()
    place(call, obj)
    obj["metadata"].setdefault("name", call.info.name)
    kind = call.kind
    old = call.store.find(kind.key, call.namespace, call.info.name)
    if old is None and kind.kind in _CREATED_BY_UPDATE and not obj["metadata"].get("resourceVersion"):
        made = call.store.create(views.stored(kind, obj), manager=call.manager, dry_run=dry_run)
        return call.respond(made, 201)
    new = call.store.update(views.stored(kind, obj), subresource=subresource, manager=call.manager, dry_run=dry_run)
    return call.respond(new)


async def patch(call: Call, subresource: str = "") -> web.Response:
    """PATCH of the object, its status or its ephemeral containers."""
    kind, name = call.kind, call.info.name
    dry_run, _ = call.info.dry_run, call.manager
    if call.media == APPLY:
        return await _apply(call, subresource)
    if call.info.query.get("force"):
        raise option_error("PatchOptions", "force", "Forbidden: may not be specified for non-apply patch")
    body = await patch_body(call)
    old = call.store.get(kind.key, call.namespace, name)
    shown = clone(views.shown(kind, old))
    patched = patch_with(call, kind, shown, body)
    obj = checked_patch(call, kind, patched, body)
    place(call, obj)
    if obj["metadata"].get("uid", old["metadata"]["uid"]) != old["metadata"]["uid"]:
        text = f'Invalid value: "{obj["metadata"]["uid"]}": field is immutable'
        raise invalid(kind.kind, kind.group, name, [Cause("FieldValueInvalid", text, "metadata.uid")])
    tracker: Tracker = UpdateTracker(call.manager)
    stored = views.stored(kind, obj)
    new = call.store.update(stored, subresource=subresource, tracker=tracker, dry_run=dry_run)
    return call.respond(new)


def checked_patch(call: Call, kind: ResourceType, patched: Any, body: Any) -> JSONObject:
    """The patched object, checked; a patch that spoils it is refused with 422 and the offending text."""
    try:
        return call.checked(patched, kind.api_version, kind.kind)
    except ApiError as error:
        _, found, reason = error.message.partition(f"cannot be handled as a {kind.kind}: ")
        if error.code != 400 or not found:
            raise
        shown = go_text(body) if call.media == STRATEGIC_PATCH else dumps(patched).decode()
        text = f"Invalid value: {json.dumps(shown, ensure_ascii=False)}: {reason}"
        refusal = invalid("", "", "", [Cause("FieldValueInvalid", text, "patch")])
        raise refusal from error


async def patch_body(call: Call) -> Any:
    """The patch; raises ApiError 400 or 415."""
    if call.media not in (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH):
        raise ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type")
    try:
        return parse(await call.request.read())
    except DecodeError as error:
        raise bad_request(f"error decoding patch: {error}") from error


def patch_with(call: Call, kind: ResourceType, shown: JSONObject, body: Any) -> Any:
    """The object after the patch of the request's media type."""
    if call.media == JSON_PATCH:
        return json_patch(shown, body)
    if not isinstance(body, dict):
        what = {list: "array", str: "string", bool: "bool"}.get(type(body), "number")
        text = f"json: cannot unmarshal {what} into Go value of type map[string]interface {{}}"
        raise bad_request(f"error decoding patch: {text}")
    if call.media == MERGE_PATCH:
        return merge_patch(shown, body)
    return strategic_patch(of_kind(kind.api_version, kind.kind), shown, body)


async def _apply(call: Call, subresource: str) -> web.Response:
    """Server-side apply."""
    kind, store = call.kind, call.store
    if not call.info.query.get("fieldManager"):
        raise option_error("PatchOptions", "fieldManager", "Required value: is required for apply patch")
    try:
        value = parse(await call.request.read(), yaml=True)
    except DecodeError as error:
        raise bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(value, dict):
        raise bad_request("error decoding YAML: the body is no object")
    if (value.get("apiVersion"), value.get("kind")) != (kind.api_version, kind.kind):
        got = value.get("apiVersion") or "/"
        raise bad_request(f"invalid object type: {got}, Kind={value.get('kind') or ''}")
    if (value.get("metadata") or {}).get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    decoded = typed(value, kind)
    config: JSONObject = views.stored(kind, decoded.value) if views.foreign(kind) else decoded.value
    place(call, config)
    config["metadata"].setdefault("name", call.info.name)
    live = store.find(kind.key, call.namespace, call.info.name)
    if live is None and subresource:
        raise not_found(kind.plural, kind.group, call.info.name)
    given = config["metadata"].get("resourceVersion")
    applied = apply(
        live, config, manager=call.manager, force=call.info.flag("force"), subresource=subresource, now=store.clock()
    )
    applied.object = fit(applied.object, applied.object["apiVersion"], kind.kind).value
    if live is None:
        if config["metadata"].get("uid"):
            raise bad_request("uid mismatch: the provided object specified uid and no existing object was found")
        made = store.create(applied.object, tracker=applied, dry_run=call.info.dry_run)
        return call.respond(made, 201)
    applied.object["metadata"]["resourceVersion"] = given or live["metadata"]["resourceVersion"]
    new = store.update(applied.object, subresource=subresource, tracker=applied, dry_run=call.info.dry_run)
    return call.respond(new)


async def delete(call: Call) -> web.Response:
    """DELETE of one object."""
    options = await delete_options(call)
    kind = call.kind
    gone = remove(call, call.namespace, call.info.name, options)
    left = call.store.find(kind.key, call.namespace, call.info.name)
    if kind.kind in _SHOWN_WHEN_DELETED or left is not None:
        return call.respond(gone)
    details = {"name": call.info.name, "group": kind.group, "kind": kind.plural, "uid": gone["metadata"]["uid"]}
    details = {k: v for k, v in details.items() if v}
    return call.respond({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})


async def delete_options(call: Call) -> JSONObject:
    """From the body and the query; raises ApiError 400 or 422."""
    body = await call.raw_body()
    options: JSONObject = {}
    if body:
        options = decode(body, "v1", "DeleteOptions").value
    query = call.info.query
    if "gracePeriodSeconds" in query:
        options.setdefault("gracePeriodSeconds", call.info.integer("gracePeriodSeconds"))
    if query.get("propagationPolicy"):
        options.setdefault("propagationPolicy", query["propagationPolicy"])
    if "orphanDependents" in query:
        options.setdefault("orphanDependents", call.info.flag("orphanDependents"))
    policy = options.get("propagationPolicy")
    if options.get("orphanDependents") is not None:
        if policy is not None:
            text = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
            raise option_error("DeleteOptions", "propagationPolicy", text)
        options["propagationPolicy"] = "Orphan" if options["orphanDependents"] else "Background"
    elif policy not in (None, "Background", "Foreground", "Orphan"):
        supported = 'supported values: "Foreground", "Background", "Orphan", "nil"'
        raise option_error("DeleteOptions", "propagationPolicy", f'Unsupported value: "{policy}": {supported}')
    options["dry"] = call.info.dry_run or options.get("dryRun") == ["All"]
    return options


def remove(call: Call, namespace: str | None, name: str, options: JSONObject) -> JSONObject:
    """Delete one by its options."""
    return call.store.delete(
        call.kind.key,
        namespace,
        name,
        propagation=options.get("propagationPolicy"),
        grace_period=options.get("gracePeriodSeconds"),
        preconditions=options.get("preconditions"),
        dry_run=bool(options.get("dry")),
    )


async def delete_collection(call: Call) -> web.Response:
    """DELETE of all that the selectors match."""
    options = await delete_options(call)
    kind = call.kind
    matches = matcher(call.info.query.get("labelSelector", ""), call.info.query.get("fieldSelector", ""), kind.key)
    found = [o for o in call.store.list(kind.key, call.info.namespace or None) if matches is None or matches(o)]
    gone = [remove(call, o["metadata"].get("namespace"), o["metadata"]["name"], options) for o in found]
    items = [{k: v for k, v in views.shown(kind, o).items() if k not in ("kind", "apiVersion")} for o in gone]
    meta = views.list_meta(call.store.version)
    return call.respond({"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": items})
