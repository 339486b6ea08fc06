"""What there is: /version, /api, /apis in both forms, resource lists, health."""

from __future__ import annotations

from functools import cache
from typing import Any

from veza_tui.embedded.api.resources import RESOURCES, ResourceType

JSONObject = dict[str, Any]
VERSION = "v1.34.0+veza-embedded"
"""The behaviour is that of 1.34; the suffix says who really answers."""
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_SUB_KINDS = {
    "scale": ("autoscaling", "v1", "Scale"), "eviction": ("policy", "v1", "Eviction"), "binding": ("", "v1", "Binding"),
    "attach": ("", "v1", "PodAttachOptions"), "token": ("authentication.k8s.io", "v1", "TokenRequest"),
    "exec": ("", "v1", "PodExecOptions"), "portforward": ("", "v1", "PodPortForwardOptions"),
}  # fmt: skip
_SUB_VERBS = {
    "status": ["get", "patch", "update"], "scale": ["get", "patch", "update"], "finalize": ["update"],
    "ephemeralcontainers": ["get", "patch", "update"], "binding": ["create"], "eviction": ["create"], "log": ["get"],
    "attach": ["create", "get"], "token": ["create"], "exec": ["create", "get"], "portforward": ["create", "get"],
    "proxy": ["create", "delete", "get", "patch", "update"],
}  # fmt: skip


def version() -> JSONObject:
    """/version."""
    return {
        "major": "1", "minor": "34", "emulationMajor": "1", "emulationMinor": "34", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "33", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "",
        "goVersion": "", "compiler": "", "platform": "veza-tui/embedded",
    }  # fmt: skip


@cache
def groups() -> dict[str, list[str]]:
    """group -> versions, in the order of the table; "" is the core group."""
    out: dict[str, list[str]] = {}
    for kind in RESOURCES:
        versions = out.setdefault(kind.group, [])
        if kind.version not in versions:
            versions.append(kind.version)
    return out


def api_versions(address: str) -> JSONObject:
    """/api."""
    addresses = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses}


def api_group(name: str) -> JSONObject:
    """/apis/GROUP."""
    versions = [{"groupVersion": f"{name}/{v}", "version": v} for v in groups()[name]]
    return {
        "kind": "APIGroup",
        "apiVersion": "v1",
        "name": name,
        "versions": versions,
        "preferredVersion": versions[0],
    }


def group_list() -> JSONObject:
    """/apis."""
    items = [{k: v for k, v in api_group(n).items() if k not in ("kind", "apiVersion")} for n in groups() if n]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": items}


def _of(group: str, version: str) -> list[ResourceType]:
    return sorted((k for k in RESOURCES if (k.group, k.version) == (group, version)), key=lambda k: k.plural)


def resource_list(group: str, version: str) -> JSONObject:
    """/api/v1 and /apis/GROUP/VERSION."""
    out: list[JSONObject] = []
    for kind in _of(group, version):
        entry: JSONObject = {
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind,
            "verbs": list(kind.verbs),
        }  # fmt: skip
        if kind.short:
            entry["shortNames"] = list(kind.short)
        if kind.categories:
            entry["categories"] = list(kind.categories)
        out.append(entry)
        for sub in kind.subresources:
            line: JSONObject = {"name": f"{kind.plural}/{sub}", "singularName": "", "namespaced": kind.namespaced}
            if sub in _SUB_KINDS and _SUB_KINDS[sub][0]:
                line["group"], line["version"] = _SUB_KINDS[sub][:2]
            line["kind"] = _sub_kind(kind, sub)[2]
            line["verbs"] = _SUB_VERBS[sub]
            out.append(line)
    group_version = f"{group}/{version}" if group else version
    head: JSONObject = {"kind": "APIResourceList"}
    if group:
        head["apiVersion"] = "v1"
    return {**head, "groupVersion": group_version, "resources": out}


def _sub_kind(kind: ResourceType, sub: str) -> tuple[str, str, str]:
    if sub == "proxy":
        return "", "v1", f"{kind.kind}ProxyOptions"
    return _SUB_KINDS.get(sub, ("", "", kind.kind))


def aggregated(core: bool) -> JSONObject:
    """/api or /apis as APIGroupDiscoveryList."""
    items: list[JSONObject] = []
    for group, versions in groups().items():
        if (group == "") is not core:
            continue
        lists = [
            {"version": v, "resources": [_discovered(k) for k in _of(group, v)], "freshness": "Current"}
            for v in versions
        ]
        items.append({"metadata": {"name": group} if group else {}, "versions": lists})
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _discovered(kind: ResourceType) -> JSONObject:
    out: JSONObject = {
        "resource": kind.plural, "responseKind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "scope": "Namespaced" if kind.namespaced else "Cluster", "singularResource": kind.singular,
        "verbs": list(kind.verbs),
    }  # fmt: skip
    if kind.short:
        out["shortNames"] = list(kind.short)
    if kind.categories:
        out["categories"] = list(kind.categories)
    subs: list[JSONObject] = []
    for sub in kind.subresources:
        group, version, name = _sub_kind(kind, sub)
        response = {"group": group or kind.group, "version": version or kind.version, "kind": name}
        subs.append({"subresource": sub, "responseKind": response, "verbs": _SUB_VERBS[sub]})
    if subs:
        out["subresources"] = subs
    return out
