"""Rows of what is not a workload: services, configuration, events, nodes, roles."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.meta import dig
from veza_tui.embedded.api.selectors import selector_text
from veza_tui.embedded.api.table.common import NONE, UNKNOWN, UNSET, age, labels_text, since, with_more

JSONObject = dict[str, Any]


def service(obj: JSONObject, now: float) -> list[Any]:
    """Service."""
    spec = obj["spec"]
    ports = [
        f"{p['port']}:{p['nodePort']}/{p.get('protocol', 'TCP')}" if p.get("nodePort")
        else f"{p['port']}/{p.get('protocol', 'TCP')}" for p in spec.get("ports") or ()
    ]  # fmt: skip
    return [
        obj["metadata"]["name"], spec.get("type", ""), (spec.get("clusterIPs") or [NONE])[0], _external(obj),
        ",".join(ports) or NONE, age(obj, now), labels_text(spec.get("selector")),
    ]  # fmt: skip


def _external(obj: JSONObject) -> str:
    spec = obj["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    addresses = [i.get("ip") or i.get("hostname") or "" for i in dig(obj, "status", "loadBalancer", "ingress") or ()]
    addresses = [*(addresses if spec.get("type") == "LoadBalancer" else []), *(spec.get("externalIPs") or ())]
    return ",".join(addresses) or ("<pending>" if spec.get("type") == "LoadBalancer" else NONE)


def config_map(obj: JSONObject, now: float) -> list[Any]:
    """ConfigMap."""
    size = len(obj.get("data") or ()) + len(obj.get("binaryData") or ())
    return [obj["metadata"]["name"], str(size), age(obj, now)]


def secret(obj: JSONObject, now: float) -> list[Any]:
    """Secret."""
    return [obj["metadata"]["name"], obj.get("type", ""), str(len(obj.get("data") or ())), age(obj, now)]


def service_account(obj: JSONObject, now: float) -> list[Any]:
    """ServiceAccount."""
    return [obj["metadata"]["name"], str(len(obj.get("secrets") or ())), age(obj, now)]


def namespace(obj: JSONObject, now: float) -> list[Any]:
    """Namespace."""
    return [obj["metadata"]["name"], dig(obj, "status", "phase") or "", age(obj, now)]


def event(obj: JSONObject, now: float) -> list[Any]:
    """Event, of either version."""
    first_time = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last_time = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first_time
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    series = obj.get("series")
    if series:
        last_time, count = series.get("lastObservedTime"), series.get("count", 1)
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    target = str(about.get("kind", "")).lower()
    if about.get("name"):
        target += f"/{about['name']}"
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    host = source.get("host") or obj.get("reportingInstance") or ""
    message = (obj.get("message") or obj.get("note") or "").strip()
    return [
        since(last_time, now), obj.get("type", ""), obj.get("reason", ""), target, about.get("fieldPath", ""),
        f"{component}, {host}" if host else component, message, since(first_time, now), str(count),
        obj["metadata"]["name"],
    ]  # fmt: skip


def node(obj: JSONObject, now: float) -> list[Any]:
    """Node."""
    status = obj.get("status") or {}
    ready = next((c for c in status.get("conditions") or () if c.get("type") == "Ready"), None)
    words = ["Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"]
    if obj.get("spec", {}).get("unschedulable"):
        words.append("SchedulingDisabled")
    prefix = "node-role.kubernetes.io/"
    roles = sorted(k[len(prefix) :] for k in obj["metadata"].get("labels") or {} if k.startswith(prefix))
    addresses = {a.get("type"): a.get("address") for a in reversed(status.get("addresses") or [])}
    info = status.get("nodeInfo") or {}
    return [
        obj["metadata"]["name"], ",".join(words), ",".join(roles) or NONE, age(obj, now),
        info.get("kubeletVersion", ""), addresses.get("InternalIP", NONE), addresses.get("ExternalIP", NONE),
        info.get("osImage") or UNKNOWN, info.get("kernelVersion") or UNKNOWN,
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]  # fmt: skip


def endpoint_slice(obj: JSONObject, now: float) -> list[Any]:
    """EndpointSlice."""
    ports = [str(p["port"]) if p.get("port") else p.get("name") or "*" for p in obj.get("ports") or ()]
    addresses = [a for e in obj.get("endpoints") or () for a in e.get("addresses") or ()]
    return [obj["metadata"]["name"], obj.get("addressType", ""), with_more(ports), with_more(addresses), age(obj, now)]


def endpoints(obj: JSONObject, now: float) -> list[Any]:
    """Endpoints."""
    texts: list[str] = []
    for subset in obj.get("subsets") or ():
        hosts = [a.get("ip", "") for a in subset.get("addresses") or ()]
        ports = subset.get("ports") or ()
        texts += [f"{host}:{port['port']}" for port in ports for host in hosts] if ports else hosts
    return [obj["metadata"]["name"], with_more(texts) if texts else NONE, age(obj, now)]


def lease(obj: JSONObject, now: float) -> list[Any]:
    """Lease."""
    return [obj["metadata"]["name"], dig(obj, "spec", "holderIdentity") or "", age(obj, now)]


def ingress(obj: JSONObject, now: float) -> list[Any]:
    """Ingress."""
    spec = obj["spec"]
    hosts = [r["host"] for r in spec.get("rules") or () if r.get("host")]
    addresses = [i.get("ip") or i.get("hostname") or "" for i in dig(obj, "status", "loadBalancer", "ingress") or ()]
    ports = "80, 443" if spec.get("tls") else "80"
    hosts_text = with_more(hosts) if hosts else "*"
    class_name = spec.get("ingressClassName") or NONE
    return [obj["metadata"]["name"], class_name, hosts_text, ",".join(addresses), ports, age(obj, now)]


def network_policy(obj: JSONObject, now: float) -> list[Any]:
    """NetworkPolicy."""
    return [obj["metadata"]["name"], selector_text(obj["spec"].get("podSelector")), age(obj, now)]


def created(obj: JSONObject, now: float) -> list[Any]:
    """Kinds that show their creation time only."""
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp")]


def binding(obj: JSONObject, now: float) -> list[Any]:
    """RoleBinding and ClusterRoleBinding."""
    role, subjects = obj.get("roleRef") or {}, obj.get("subjects") or ()
    by_kind = [", ".join(s.get("name", "") for s in subjects if s.get("kind") == kind) for kind in ("User", "Group")]
    accounts = [f"{s.get('namespace', '')}/{s['name']}" for s in subjects if s.get("kind") == "ServiceAccount"]
    return [
        obj["metadata"]["name"], f"{role.get('kind', '')}/{role.get('name', '')}", age(obj, now), *by_kind,
        ", ".join(accounts),
    ]  # fmt: skip


def claim(obj: JSONObject, now: float) -> list[Any]:
    """PersistentVolumeClaim."""
    spec, status = obj["spec"], obj.get("status") or {}
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    bound = bool(spec.get("volumeName"))
    modes = ",".join(short.get(m, m) for m in status.get("accessModes") or ()) if bound else ""
    capacity = (status.get("capacity") or {}).get("storage", "0") if bound else ""
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    return [
        obj["metadata"]["name"], phase, spec.get("volumeName", ""), capacity, modes, spec.get("storageClassName") or "",
        spec.get("volumeAttributesClassName") or UNSET, age(obj, now), spec.get("volumeMode") or UNSET,
    ]  # fmt: skip


def quota(obj: JSONObject, now: float) -> list[Any]:
    """ResourceQuota."""
    status = obj.get("status") or {}
    hard, used = status.get("hard") or {}, status.get("used") or {}
    requests = [f"{k}: {used.get(k, '0')}/{v}" for k, v in sorted(hard.items()) if not k.startswith("limits")]
    limits = [f"{k}: {used.get(k, '0')}/{v}" for k, v in sorted(hard.items()) if k.startswith("limits")]
    return [obj["metadata"]["name"], ", ".join(requests), ", ".join(limits), age(obj, now)]


def revision(obj: JSONObject, now: float) -> list[Any]:
    """ControllerRevision."""
    owner = next((r for r in obj["metadata"].get("ownerReferences") or () if r.get("controller")), None)
    text = NONE if owner is None else f"{owner['kind'].lower()}.apps/{owner['name']}"
    return [obj["metadata"]["name"], text, str(obj.get("revision", 0)), age(obj, now)]
