"""URL paths of resources. Names are quoted: nothing in a name can leave its place in the path."""

from __future__ import annotations

from urllib.parse import quote

from veza_tui.ports import cluster
from veza_tui.ports.cluster import ClusterError, Resource

KNOWN: dict[tuple[str, str], Resource] = {
    (resource.api_version, resource.kind): resource
    for resource in (
        *(value for value in vars(cluster).values() if isinstance(value, Resource)),
        Resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim"),
        Resource("", "v1", "limitranges", "LimitRange"),
        Resource("", "v1", "resourcequotas", "ResourceQuota"),
        Resource("apps", "v1", "statefulsets", "StatefulSet"),
        Resource("apps", "v1", "daemonsets", "DaemonSet"),
        Resource("batch", "v1", "cronjobs", "CronJob"),
        Resource("networking.k8s.io", "v1", "ingresses", "Ingress"),
        Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy"),
        Resource("rbac.authorization.k8s.io", "v1", "roles", "Role"),
        Resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding"),
        Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False),
        Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
    )
    if resource.group != "metrics.k8s.io"
}
"""(apiVersion, kind) -> resource, for what needs no discovery."""


def path(resource: Resource, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
    """``/apis/apps/v1/namespaces/NS/deployments/NAME/SUB``; without a namespace, all namespaces."""
    parts = ["", "apis", resource.group, resource.version] if resource.group else ["", "api", resource.version]
    if resource.namespaced and namespace is not None:
        parts += ["namespaces", segment(namespace)]
    parts.append(resource.plural)
    if name:
        parts.append(segment(name))
    if subresource:
        parts += [segment(part) for part in subresource.split("/")]
    return "/".join(parts)


def segment(text: str) -> str:
    """One path segment; ``.`` and ``..``, which a proxy might resolve, are quoted too."""
    return {".": "%2E", "..": "%2E%2E"}.get(text) or quote(text, safe=":")


def named(name: str) -> str:
    """``name``, which must not be empty.

    Raises:
        ClusterError: it is empty.
    """
    # An empty name would turn a request for one object into one for all of them.
    if not name:
        raise ClusterError("an object without a name", status=400)
    return name


def given(**wanted: str | int | bool | None) -> dict[str, str]:
    """Query parameters: what is None or False is left out."""
    return {
        key: "true" if value is True else str(value)
        for key, value in wanted.items()
        if value is not None and value is not False
    }
