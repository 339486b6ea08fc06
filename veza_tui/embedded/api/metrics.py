"""metrics.k8s.io: what `kubectl top` reads, asked of the nodes each time."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from veza_tui.embedded.api import views
from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import method_not_supported, not_found
from veza_tui.embedded.api.respond import answer_object
from veza_tui.embedded.api.runtime import NodeRuntime
from veza_tui.embedded.api.selectors import labels_match, parse_labels

JSONObject = dict[str, Any]


def serve(call: Call, runtime: NodeRuntime) -> web.Response:
    """GET of one or of a list; raises ApiError."""
    kind, info = call.kind, call.info
    if info.verb not in kind.verbs:
        raise method_not_supported()
    items = runtime.pod_metrics(info.namespace or None) if kind.namespaced else runtime.node_metrics()
    head: JSONObject = {"kind": kind.kind, "apiVersion": kind.api_version}
    if info.name:
        for item in items:
            if item["metadata"]["name"] == info.name:
                return answer_object({**item, **head}, call.accept)
        raise not_found(kind.plural, kind.group, info.name)
    wanted = parse_labels(info.query.get("labelSelector", ""))
    items = [item for item in items if labels_match(wanted, item["metadata"].get("labels") or {})]
    head["kind"] += "List"
    return answer_object({**head, "metadata": views.list_meta(call.store.version), "items": items}, call.accept)
