"""Who may do what: bearer tokens stand for users, users have one of three roles (rules in RBAC's own form)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from veza_tui.embedded.api.errors import ApiError
from veza_tui.embedded.api.requests import RequestInfo

JSONObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class User:
    """Who stands behind a token; ``role`` is admin, viewer or nobody."""

    name: str
    role: str
    groups: tuple[str, ...] = ()

    @property
    def all_groups(self) -> list[str]:
        """With system:authenticated."""
        return [*self.groups, "system:authenticated"]


def _rule(verbs: list[str], group: str, resources: list[str]) -> JSONObject:
    return {"verbs": verbs, "apiGroups": [group], "resources": resources}


_READ = ["get", "list", "watch"]
_BASIC: list[JSONObject] = [
    _rule(["create"], "authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
    _rule(["create"], "authentication.k8s.io", ["selfsubjectreviews"]),
]
_VIEW: list[JSONObject] = [
    _rule(_READ, "", [
        "configmaps", "endpoints", "events", "limitranges", "namespaces", "namespaces/status", "nodes", "nodes/status",
        "persistentvolumeclaims", "pods", "pods/log", "pods/status", "resourcequotas", "serviceaccounts", "services",
        "services/status",
    ]),
    _rule(["get"], "", ["services/proxy"]),
    _rule(_READ, "apps", [
        "controllerrevisions", "daemonsets", "daemonsets/status", "deployments", "deployments/status", "replicasets",
        "replicasets/status", "statefulsets", "statefulsets/status",
    ]),
    _rule(_READ, "autoscaling", ["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
    _rule(_READ, "batch", ["cronjobs", "cronjobs/status", "jobs", "jobs/status"]),
    _rule(_READ, "coordination.k8s.io", ["leases"]),
    _rule(_READ, "discovery.k8s.io", ["endpointslices"]),
    _rule(_READ, "events.k8s.io", ["events"]),
    _rule(_READ, "networking.k8s.io", ["ingresses", "ingresses/status", "networkpolicies"]),
    _rule(_READ, "policy", ["poddisruptionbudgets", "poddisruptionbudgets/status"]),
    _rule(_READ, "rbac.authorization.k8s.io", ["clusterrolebindings", "clusterroles", "rolebindings", "roles"]),
    _rule(["get", "list"], "metrics.k8s.io", ["nodes", "pods"]),
]  # fmt: skip
_EVERYTHING: list[JSONObject] = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
_DISCOVERY_URLS = [
    "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version",
    "/version/",
]  # fmt: skip
PUBLIC_URLS = frozenset({"/healthz", "/livez", "/readyz", "/version", "/version/"})
"""Answered without a token, as system:public-info-viewer has it."""
ROLES: dict[str, list[JSONObject]] = {"admin": _BASIC + _EVERYTHING, "viewer": _BASIC + _VIEW, "nobody": _BASIC}


def resource_rules(user: User) -> list[JSONObject]:
    """The user's rules about resources."""
    return ROLES.get(user.role, _BASIC)


def url_rules(user: User) -> list[JSONObject]:
    """The user's rules about other URLs."""
    rules: list[JSONObject] = [{"verbs": ["get"], "nonResourceURLs": _DISCOVERY_URLS}]
    if user.role == "admin":
        rules.append({"verbs": ["*"], "nonResourceURLs": ["*"]})
    return rules


def allows(user: User, verb: str, group: str, resource: str, subresource: str = "") -> bool:
    """Whether a rule covers it; ``*`` in the question is covered by ``*`` only."""
    full = f"{resource}/{subresource}" if subresource else resource
    for rule in resource_rules(user):
        if not ({"*", verb} & set(rule["verbs"]) and {"*", group} & set(rule["apiGroups"])):
            continue
        if {"*", full} & set(rule["resources"]):
            return True
    return False


def allows_url(user: User, verb: str, path: str) -> bool:
    """Whether a URL rule covers it."""
    for rule in url_rules(user):
        if not {"*", verb} & set(rule["verbs"]):
            continue
        for pattern in rule["nonResourceURLs"]:
            if pattern in ("*", path) or (pattern.endswith("/*") and path.startswith(pattern[:-1])):
                return True
    return False


def impersonated(user: User, headers: Mapping[str, str], known: Iterable[User]) -> User:
    """Who ``user`` acts as: the Impersonate-User header's, whom only admins may name; raises ApiError 403.

    A name that has no token here has no rights, but for the group system:masters.
    """
    name = headers.get("Impersonate-User", "")
    if not name:
        return user
    if user.role != "admin":
        may_not = f'User "{user.name}" cannot impersonate resource "users" in API group "" at the cluster scope'
        raise ApiError(403, "Forbidden", f'users "{name}" is forbidden: {may_not}')
    groups = tuple(value for key, value in headers.items() if key.lower() == "impersonate-group")
    role = next((other.role for other in known if other.name == name), "nobody")
    return User(name, "admin" if "system:masters" in groups else role, groups)


def authorize(user: User, info: RequestInfo) -> None:
    """Raises ApiError 403 in Kubernetes' own words."""
    if not info.resource:
        if not allows_url(user, info.verb, info.path.rstrip("/") or "/"):
            raise ApiError(403, "Forbidden", f'forbidden: User "{user.name}" cannot {info.verb} path "{info.path}"')
        return
    if allows(user, info.verb, info.group, info.resource, info.subresource):
        return
    full = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    plural = f"{info.resource}.{info.group}" if info.group else info.resource
    what = f'{plural} "{info.name}"' if info.name else plural
    scope = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    message = (
        f'{what} is forbidden: User "{user.name}" cannot {info.verb} resource "{full}" '
        f'in API group "{info.group}" {scope}'
    )
    raise ApiError(403, "Forbidden", message, name=info.name, group=info.group, kind=info.resource)
