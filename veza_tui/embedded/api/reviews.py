"""Access and identity reviews: what `kubectl auth can-i` and `whoami` ask; the answers are those of ``rbac``."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api import rbac
from veza_tui.embedded.api.call import Call
from veza_tui.embedded.api.errors import Cause, invalid
from veza_tui.embedded.api.rbac import User

JSONObject = dict[str, Any]


def _user_info(user: User) -> JSONObject:
    return {"username": user.name, "groups": user.all_groups}


def _access(user: User | None, spec: JSONObject) -> JSONObject:
    allowed = False
    if user is not None:
        resource, url = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
        if resource is not None:
            names = (resource.get(k) or "" for k in ("verb", "group", "resource", "subresource"))
            allowed = rbac.allows(user, *names)
        elif url is not None:
            allowed = rbac.allows_url(user, url.get("verb") or "", url.get("path") or "")
    status: JSONObject = {"allowed": allowed}
    if allowed and user is not None:
        status["reason"] = f'RBAC: allowed by the role "{user.role}" of the embedded platform'
    return status


async def review(call: Call, tokens: dict[str, User]) -> JSONObject:
    """Answer one; raises ApiError 400 or 422."""
    obj = await call.body_object()
    name, spec = call.kind.kind, obj.get("spec") or {}
    obj.setdefault("metadata", {})
    if name == "SelfSubjectReview":
        obj["status"] = {"userInfo": _user_info(call.user)}
    elif name == "SelfSubjectRulesReview":
        obj["status"] = {
            "resourceRules": rbac.resource_rules(call.user),
            "nonResourceRules": rbac.url_rules(call.user),
            "incomplete": False,
        }
    elif name == "TokenReview":
        user = tokens.get(spec.get("token") or "")
        known = {"authenticated": True, "user": _user_info(user)} if user else {"user": {}}
        obj["status"] = known
    else:
        if bool(spec.get("resourceAttributes")) == bool(spec.get("nonResourceAttributes")):
            text = "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified"
            raise invalid("", call.kind.group, "", [Cause("FieldValueInvalid", text, "spec.resourceAttributes")])
        who: User | None = call.user
        if name != "SelfSubjectAccessReview":
            who = next((u for u in tokens.values() if u.name == spec.get("user")), None)
        obj["status"] = _access(who, spec)
    return obj
