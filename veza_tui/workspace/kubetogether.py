"""Fields of Kubernetes objects that go together, or do not (source: Kubernetes 1.34's own validation)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from veza_tui.workspace import checks, kubenames
from veza_tui.workspace.findings import Look, Path

Value = dict[str, Any]
_TYPED_SECRETS: dict[str, tuple[str, ...]] = {
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
}
_METRICS = {
    "Resource": "resource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
    "ContainerResource": "containerResource",
}
_DIVISORS = {
    "cpu": ("", "0", "1", "1m"),
    "memory": ("", "0", "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"),
}


def _secret(look: Look, value: Value, path: Path) -> None:
    kind = value.get("type") or "Opaque"
    annotations = (value.get("metadata") or {}).get("annotations") or {}
    filled = {name.partition("/")[2] for name in annotations if name.startswith("fill.veza.com/")}
    keys = {*(value.get("data") or {}), *(value.get("stringData") or {}), *filled}
    for key in _TYPED_SECRETS.get(kind, ()):
        if key not in keys:
            look.error(("data", key), f"a Secret of type {kind} needs it", "add it, or remove the type")
    if kind == "kubernetes.io/basic-auth" and not keys & {"username", "password"}:
        look.error(("data",), f"a Secret of type {kind} needs username or password", "add one, or remove the type")
    if kind == "kubernetes.io/service-account-token" and not annotations.get("kubernetes.io/service-account.name"):
        look.error(("metadata", "annotations"), "a token names its account", "add kubernetes.io/service-account.name")


def _profile(look: Look, value: Value, path: Path) -> None:
    local = value.get("localhostProfile")
    if value.get("type") == "Localhost":
        if not local:
            look.error((*path, "localhostProfile"), "is needed by type Localhost", "name the profile")
        elif kubenames.relative_path(local):
            look.error((*path, "localhostProfile"), kubenames.relative_path(local), "correct it")
    elif local:
        look.error((*path, "localhostProfile"), "goes with type Localhost only", "remove it")


def _security(look: Look, value: Value, path: Path) -> None:
    if value.get("allowPrivilegeEscalation") is False:
        added = (value.get("capabilities") or {}).get("add") or []
        if value.get("privileged") or "CAP_SYS_ADMIN" in added:
            what = "privileged" if value.get("privileged") else "CAP_SYS_ADMIN"
            look.error((*path, "allowPrivilegeEscalation"), f"false does not go with {what}", "remove one of the two")


def _mount(look: Look, value: Value, path: Path) -> None:
    if value.get("subPath") and value.get("subPathExpr"):
        look.error((*path, "subPathExpr"), "does not go with subPath", "keep one of the two")
    if value.get("recursiveReadOnly") in ("Enabled", "IfPossible") and not value.get("readOnly"):
        look.error((*path, "recursiveReadOnly"), "needs readOnly: true", "add it, or remove this")


def _toleration(look: Look, value: Value, path: Path) -> None:
    key, operator = value.get("key") or "", value.get("operator") or "Equal"
    if not key and operator != "Exists":
        look.error((*path, "operator"), "must be Exists where there is no key", "add a key, or operator: Exists")
    elif key and kubenames.qualified(key):
        look.error((*path, "key"), kubenames.qualified(key), "correct it")
    if operator == "Exists" and value.get("value"):
        look.error((*path, "value"), "does not go with operator Exists", "remove one of the two")
    if value.get("tolerationSeconds") is not None and value.get("effect") != "NoExecute":
        look.error((*path, "tolerationSeconds"), "needs effect: NoExecute", "add it, or remove this")


def _spread(look: Look, value: Value, path: Path) -> None:
    if value.get("minDomains") is not None and value.get("whenUnsatisfiable") != "DoNotSchedule":
        look.error((*path, "minDomains"), "needs whenUnsatisfiable: DoNotSchedule", "correct one of the two")


def _volume(look: Look, value: Value, path: Path) -> None:
    sources = [name for name, item in value.items() if name != "name" and item is not None]
    if len(sources) > 1:
        look.error((*path, sources[1]), f"does not go with {sources[0]}", "a volume has one source: keep one")
    for source, field in (("configMap", "name"), ("secret", "secretName"), ("ephemeral", "volumeClaimTemplate")):
        item = value.get(source)
        if item is not None and not item.get(field):
            look.error((*path, source, field), "is required and missing", "add it")


def _projection(look: Look, value: Value, path: Path) -> None:
    for source in ("configMap", "secret"):
        item = value.get(source)
        if item is not None and not item.get("name"):
            look.error((*path, source, "name"), "is required and missing", "add it")


def _env_from(look: Look, value: Value, path: Path) -> None:
    if not value.get("name"):
        look.error((*path, "name"), "is required and missing", "add it")


def _exec(look: Look, value: Value, path: Path) -> None:
    if not value.get("command"):
        look.error((*path, "command"), "is required and missing", "add a command")


def _divisor(look: Look, value: Value, path: Path) -> None:
    unit = str(value.get("resource")).rpartition(".")[2]
    divisor = str(value.get("divisor") or "")
    if divisor not in _DIVISORS["cpu" if unit == "cpu" else "memory"]:
        look.error((*path, "divisor"), f"{divisor[:20]!r} is no unit", "write 1, 1m (cpu), 1Mi or 1Gi")


def _pod(look: Look, value: Value, path: Path) -> None:
    dns = value.get("dnsConfig") or {}
    if value.get("dnsPolicy") == "None" and not dns.get("nameservers"):
        look.error((*path, "dnsConfig"), "is needed by dnsPolicy None", "add nameservers")
    if len(dns.get("nameservers") or []) > 3:
        look.error((*path, "dnsConfig", "nameservers"), "more than 3", "keep three")
    for index, option in enumerate(dns.get("options") or []):
        if not option.get("name"):
            look.error((*path, "dnsConfig", "options", index, "name"), "is required and missing", "add it")
    for index, text in enumerate(dns.get("searches") or []):
        if kubenames.dns_name(text.replace("_", "-").removesuffix(".")):
            look.error((*path, "dnsConfig", "searches", index), "is no DNS name", "correct it")
    for key, text in (value.get("nodeSelector") or {}).items():
        if kubenames.qualified(key) or kubenames.label_value(text):
            look.error((*path, "nodeSelector", key), "is no label", "correct it")
    if value.get("activeDeadlineSeconds") is not None:
        look.error((*path, "activeDeadlineSeconds"), "is refused in a Deployment", "remove it")
    if value.get("ephemeralContainers"):
        look.error((*path, "ephemeralContainers"), "are refused in a template", "remove them")
    grace = value.get("terminationGracePeriodSeconds")
    for index, container in enumerate(value.get("containers") or []):
        here: Path = (*path, "containers", index)
        for hook in ("preStop", "postStart"):
            sleep = ((container.get("lifecycle") or {}).get(hook) or {}).get("sleep")
            seconds = sleep.get("seconds") if sleep else None
            if isinstance(seconds, int) and not 0 <= seconds <= (30 if grace is None else grace):
                where: Path = (*here, "lifecycle", hook, "sleep", "seconds")
                look.error(where, f"{seconds} is not within terminationGracePeriodSeconds", "shorten the sleep")
    for index, container in enumerate(value.get("initContainers") or []):
        for name in ("livenessProbe", "readinessProbe", "startupProbe", "lifecycle"):
            if container.get(name) is not None and container.get("restartPolicy") != "Always":
                where = (*path, "initContainers", index, name)
                look.error(where, "needs restartPolicy: Always in an init container", "remove it, or add that")


def _container(look: Look, value: Value, path: Path) -> None:
    grace = (value.get("readinessProbe") or {}).get("terminationGracePeriodSeconds")
    if grace is not None:
        look.error((*path, "readinessProbe", "terminationGracePeriodSeconds"), "is refused here", "remove it")
    privileged = (value.get("securityContext") or {}).get("privileged")
    for index, mount in enumerate(value.get("volumeMounts") or []):
        if mount.get("mountPropagation") == "Bidirectional" and not privileged:
            where: Path = (*path, "volumeMounts", index, "mountPropagation")
            look.error(where, "Bidirectional is for privileged containers", "remove it")
    seen: set[tuple[Any, ...]] = set()
    for index, port in enumerate(value.get("ports") or []):
        one = (port.get("protocol") or "TCP", port.get("hostIP") or "", port.get("hostPort"))
        if port.get("hostPort") and one in seen:
            look.error((*path, "ports", index, "hostPort"), "is given twice", "remove one")
        seen.add(one)


def _service(look: Look, value: Value, path: Path) -> None:
    kind = value.get("type") or "ClusterIP"
    if kind == "ExternalName" and not value.get("externalName"):
        look.error((*path, "externalName"), "is required and missing", "add it")
    seconds = ((value.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds")
    if value.get("sessionAffinity") == "ClientIP" and isinstance(seconds, int) and not 1 <= seconds <= 86400:
        here: Path = (*path, "sessionAffinityConfig", "clientIP", "timeoutSeconds")
        look.error(here, f"{seconds} is outside 1 to 86400", "correct it")
    families = value.get("ipFamilies") or []
    if len(set(families)) < len(families):
        look.error((*path, "ipFamilies"), "one is given twice", "remove one")
    cluster_ip = value.get("clusterIP")
    if cluster_ip and cluster_ip != "None" and kubenames.address(cluster_ip):
        look.error((*path, "clusterIP"), kubenames.address(cluster_ip), "remove it: the server chooses one")
    if kind != "LoadBalancer":
        for name in ("loadBalancerSourceRanges", "allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if value.get(name) is not None and value.get(name) != []:
                look.error((*path, name), f"does not go with type {kind}", "remove it")
        if value.get("healthCheckNodePort"):
            look.error((*path, "healthCheckNodePort"), f"does not go with type {kind}", "remove it")
    outside = kind in ("NodePort", "LoadBalancer") or value.get("externalIPs")
    policy = value.get("externalTrafficPolicy")
    if policy and (not outside or policy not in ("Cluster", "Local")):
        look.error((*path, "externalTrafficPolicy"), f"{policy[:20]!r} does not go with type {kind}", "remove it")
    for index, port in enumerate(value.get("ports") or []):
        if port.get("nodePort") and kind not in ("NodePort", "LoadBalancer"):
            look.error((*path, "ports", index, "nodePort"), f"does not go with type {kind}", "remove it")


def _reference(look: Look, value: Value, path: Path) -> None:
    version = value.get("apiVersion") or ""
    if version.count("/") > 1:
        look.error((*path, "apiVersion"), "is no group/version", "write apps/v1")
    elif "/" not in version and path[-1] == "scaleTargetRef" and value.get("kind") != "ReplicationController":
        look.error((*path, "apiVersion"), f"a {value.get('kind')} needs its group", "write apiVersion: apps/v1")


def _metric(look: Look, value: Value, path: Path) -> None:
    wanted = _METRICS.get(str(value.get("type")))
    if wanted is None:
        return
    if not value.get(wanted):
        look.error((*path, wanted), f"is needed by type {value['type']}", "add it")
    for name in _METRICS.values():
        if name != wanted and value.get(name) is not None:
            look.error((*path, name), f"does not go with type {value['type']}", "remove it")
    for name in ("resource", "containerResource"):
        target = (value.get(name) or {}).get("target") or {}
        here: Path = (*path, name, "target")
        used, raw = target.get("averageUtilization"), target.get("averageValue")
        if target and used is None and raw is None:
            look.error(here, "has neither averageUtilization nor averageValue", "add one")
        elif used is not None and raw is not None:
            look.error((*here, "averageValue"), "does not go with averageUtilization", "keep one of the two")


def _target(look: Look, value: Value, path: Path) -> None:
    for name in ("value", "averageValue"):
        text = value.get(name)
        number = checks.quantity_value(str(text).strip()) if text is not None else None
        if number is not None and number <= 0:
            look.error((*path, name), "must be more than 0", "correct it")


def _scaling(look: Look, value: Value, path: Path) -> None:
    if value.get("policies") == []:
        look.error((*path, "policies"), "is empty", "add a policy, or remove the list")


def _node_selector(look: Look, value: Value, path: Path) -> None:
    if not value.get("nodeSelectorTerms"):
        look.error((*path, "nodeSelectorTerms"), "is required and missing", "add a term")


TOGETHER: dict[str, Callable[[Look, Value, Path], None]] = {
    "V1Secret": _secret,
    "V1SeccompProfile": _profile,
    "V1AppArmorProfile": _profile,
    "V1SecurityContext": _security,
    "V1VolumeMount": _mount,
    "V1Toleration": _toleration,
    "V1TopologySpreadConstraint": _spread,
    "V1Volume": _volume,
    "V1VolumeProjection": _projection,
    "V1ConfigMapEnvSource": _env_from,
    "V1SecretEnvSource": _env_from,
    "V1ConfigMapKeySelector": _env_from,
    "V1SecretKeySelector": _env_from,
    "V1ExecAction": _exec,
    "V1ResourceFieldSelector": _divisor,
    "V1PodSpec": _pod,
    "V1Container": _container,
    "V1ServiceSpec": _service,
    "V2CrossVersionObjectReference": _reference,
    "V2MetricSpec": _metric,
    "V2MetricTarget": _target,
    "V2HPAScalingRules": _scaling,
    "V1NodeSelector": _node_selector,
}
