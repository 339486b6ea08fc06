"""Subresources: status, scale, finalize, binding, eviction, ephemeralcontainers."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from veza_tui.embedded.api import accounts, write
from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import (
    ApiError,
    Cause,
    bad_request,
    conflict,
    invalid,
    method_not_supported,
    path_not_found,
    too_many_requests,
)
from veza_tui.embedded.api.fields.managed import UpdateTracker
from veza_tui.embedded.api.meta import clone, dig, rfc3339
from veza_tui.embedded.api.resources import ResourceType
from veza_tui.embedded.api.respond import answer_object
from veza_tui.embedded.api.selectors import selector_matches, selector_text
from veza_tui.embedded.api.table.common import age

JSONObject = dict[str, Any]


async def serve(call: Call) -> web.StreamResponse:
    """One request to a subresource; raises ApiError."""
    sub, method = call.info.subresource, call.info.method
    if sub not in call.kind.subresources:
        raise path_not_found()
    if sub == "scale":
        return await _scale(call)
    if sub in ("status", "ephemeralcontainers"):
        if method in ("GET", "HEAD"):
            return call.respond(call.store.get(call.kind.key, call.namespace, call.info.name))
        if method == "PUT":
            return await write.update(call, sub)
        if method == "PATCH":
            return await write.patch(call, sub)
    elif sub == "finalize" and method == "PUT":
        return await write.update(call, "finalize")
    elif sub == "token" and method == "POST":
        return answer_object(await accounts.request_token(call), call.accept, 201)
    elif sub == "binding" and method == "POST":
        return await _bind(call)
    elif sub == "eviction" and method == "POST":
        return await _evict(call)
    raise method_not_supported()


def scale_of(kind: ResourceType, obj: JSONObject) -> JSONObject:
    """The Scale of a workload."""
    meta = {k: obj["metadata"][k] for k in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    selector = selector_text(obj["spec"].get("selector"))
    status = {"replicas": dig(obj, "status", "replicas") or 0, "selector": "" if selector == "<none>" else selector}
    replicas = obj["spec"].get("replicas", 0)
    spec = {"replicas": replicas} if replicas else {}  # omitempty: zero is left out
    return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, "status": status}


async def _scale(call: Call) -> web.Response:
    kind, method = call.kind, call.info.method
    obj = call.store.get(kind.key, call.namespace, call.info.name)
    current = scale_of(kind, obj)
    if method in ("GET", "HEAD"):
        if call.accept.form == "Table":
            return answer_object(_scale_table(call, obj, current))
        return call.respond(current)
    if method == "PUT":
        wanted = await call.body_object("autoscaling/v1", "Scale")
    elif method == "PATCH":
        body = await write.patch_body(call)
        scale_kind = ResourceType("autoscaling", "v1", "Scale", "scales")
        patched = write.patch_with(call, scale_kind, clone(current), body)
        wanted = write.checked_patch(call, scale_kind, patched, body)
    else:
        raise method_not_supported()
    meta, before = wanted.get("metadata") or {}, obj["metadata"]
    if meta.get("name") not in (None, call.info.name):
        raise bad_request(f"the name of the object ({meta['name']}) does not match the name on the URL")
    for key in ("uid", "resourceVersion"):
        if meta.get(key) and meta[key] != before[key]:
            raise conflict(kind.plural, kind.group, call.info.name)
    replicas = (wanted.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        text = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid("Scale", "autoscaling", call.info.name, [Cause("FieldValueInvalid", text, "spec.replicas")])
    new = clone(obj)
    new["spec"]["replicas"] = replicas
    tracker = UpdateTracker(call.manager, as_subresource="scale")
    stored = call.store.update(new, tracker=tracker, dry_run=call.info.dry_run, owned=True)
    return answer_object(scale_of(kind, stored), call.accept)


def _scale_table(call: Call, obj: JSONObject, scale: JSONObject) -> JSONObject:
    """`kubectl get --subresource=scale` (source: printers/internalversion, printScale)."""
    columns = [
        {"name": n, "type": t, "format": "name" if n == "Name" else "", "description": "", "priority": 0}
        for n, t in (("Name", "string"), ("Desired", "integer"), ("Available", "integer"), ("Age", "string"))
    ]
    meta = scale["metadata"]
    cells = [meta["name"], scale["spec"].get("replicas", 0), scale["status"]["replicas"], age(obj, call.store.clock())]
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": meta["resourceVersion"]}}
    return {**head, "columnDefinitions": columns, "rows": [{"cells": cells, "object": partial}]}


async def _bind(call: Call) -> web.Response:
    """The scheduler's POST."""
    body = await call.body_object("v1", "Binding")
    node = dig(body, "target", "name")
    if not node:
        text = "Required value"
        raise invalid("Binding", "", call.info.name, [Cause("FieldValueRequired", text, "target.name")])
    pod = call.store.get("pods", call.namespace, call.info.name)
    if pod["spec"].get("nodeName"):
        why = f'pod {call.info.name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise conflict("pods/binding", "", call.info.name, why)
    if not call.info.dry_run:
        call.store.bind(call.info.namespace, call.info.name, node)
    return _success(201)


def _success(code: int) -> web.Response:
    return answer_object(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": code}, None, code
    )


def _budgets(call: Call, pod: JSONObject) -> list[JSONObject]:
    labels = pod["metadata"].get("labels") or {}
    budgets = call.store.list("poddisruptionbudgets.policy", call.info.namespace)
    return [b for b in budgets if selector_matches(b["spec"].get("selector"), labels)]


async def _evict(call: Call) -> web.Response:
    """Delete a pod unless a PodDisruptionBudget says no (source: registry/core/pod/rest/eviction.go)."""
    body = await call.body_object("policy/v1", "Eviction")
    options = body.get("deleteOptions") or {}
    dry_run = call.info.dry_run or options.get("dryRun") == ["All"]
    pod = call.store.get("pods", call.namespace, call.info.name)
    phase = dig(pod, "status", "phase")
    waiting = phase in ("Succeeded", "Failed", "Pending") or pod["metadata"].get("deletionTimestamp")
    if not waiting:
        budgets = _budgets(call, pod)
        if len(budgets) > 1:
            text = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
            raise ApiError(500, "InternalError", text)
        if budgets:
            _spend(call, pod, budgets[0], dry_run)
    call.store.delete(
        "pods", call.namespace, call.info.name, grace_period=options.get("gracePeriodSeconds"),
        preconditions=options.get("preconditions"), dry_run=dry_run,
    )  # fmt: skip
    return _success(201)


def _spend(call: Call, pod: JSONObject, budget: JSONObject, dry_run: bool) -> None:
    """Take one disruption from the budget; raises ApiError 429 when there is none."""
    name, status = budget["metadata"]["name"], budget.get("status") or {}
    ready = any(c.get("type") == "Ready" and c.get("status") == "True" for c in dig(pod, "status", "conditions") or ())
    policy = budget["spec"].get("unhealthyPodEvictionPolicy") or "IfHealthyBudget"
    healthy = status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0
    if not ready and (policy == "AlwaysAllow" or healthy):
        return
    refused = "Cannot evict pod as it would violate the pod's disruption budget."
    if status.get("observedGeneration", 0) < budget["metadata"].get("generation", 0):
        text = f"The disruption budget {name} is still being processed by the server."
        raise too_many_requests(refused, retry_after=10, causes=(Cause("DisruptionBudget", text),))
    if status.get("disruptionsAllowed", 0) <= 0:
        text = (
            f"The disruption budget {name} needs {status.get('desiredHealthy', 0)} healthy pods and has "
            f"{status.get('currentHealthy', 0)} currently"
        )
        raise too_many_requests(refused, retry_after=0, causes=(Cause("DisruptionBudget", text),))
    if dry_run:
        return

    def change(obj: JSONObject) -> None:
        obj["status"]["disruptionsAllowed"] -= 1
        obj["status"].setdefault("disruptedPods", {})[pod["metadata"]["name"]] = rfc3339(call.store.clock())

    call.store.mutate("poddisruptionbudgets.policy", call.info.namespace, name, change, subresource="status")
