"""Defaults of pods and pod templates (source: pkg/apis/core/v1/defaults.go)."""

from __future__ import annotations

from typing import Any

JSONObject = dict[str, Any]
_MODE = 0o644


def pull_policy(image: str) -> str:
    """Always for ``:latest`` and untagged images, else IfNotPresent."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    if digest and not tag:
        return "IfNotPresent"
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def pod_spec(spec: JSONObject, *, pod: bool) -> None:
    """Fill in a PodSpec; ``pod`` for a Pod itself rather than a template."""
    if not spec.get("restartPolicy"):
        spec["restartPolicy"] = "Always"
    spec.setdefault("terminationGracePeriodSeconds", 30)
    if not spec.get("dnsPolicy"):
        spec["dnsPolicy"] = "ClusterFirst"
    spec.setdefault("securityContext", {})
    if not spec.get("schedulerName"):
        spec["schedulerName"] = "default-scheduler"
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    if pod:
        spec.setdefault("enableServiceLinks", True)
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for container in _objects(spec.get(name)):
            _container(container, spec, pod=pod)
    for volume in _objects(spec.get("volumes")):
        _volume(volume)


def _objects(items: Any) -> list[JSONObject]:
    return [item for item in items or () if isinstance(item, dict)]


def _container(container: JSONObject, spec: JSONObject, *, pod: bool) -> None:
    if container.get("image") and not container.get("imagePullPolicy"):
        container["imagePullPolicy"] = pull_policy(container["image"])
    container.setdefault("resources", {})
    if not container.get("terminationMessagePath"):
        container["terminationMessagePath"] = "/dev/termination-log"
    if not container.get("terminationMessagePolicy"):
        container["terminationMessagePolicy"] = "File"
    for port in _objects(container.get("ports")):
        if not port.get("protocol"):
            port["protocol"] = "TCP"
        if spec.get("hostNetwork") and not port.get("hostPort"):
            port["hostPort"] = port.get("containerPort")
    for entry in _objects(container.get("env")):
        reference = (entry.get("valueFrom") or {}).get("fieldRef")
        if reference is not None and not reference.get("apiVersion"):
            reference["apiVersion"] = "v1"
        resource = (entry.get("valueFrom") or {}).get("resourceFieldRef")
        if resource is not None:
            resource.setdefault("divisor", "0")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(name) is not None:
            _probe(container[name])
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict) and hook.get("httpGet") is not None:
            _http(hook["httpGet"])
    limits = container["resources"].get("limits")
    if pod and limits:
        requests = container["resources"].setdefault("requests", {})
        for key, value in limits.items():
            requests.setdefault(key, value)


def _http(action: JSONObject) -> None:
    if not action.get("path"):
        action["path"] = "/"
    if not action.get("scheme"):
        action["scheme"] = "HTTP"


def _probe(probe: JSONObject) -> None:
    for key, value in (("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)):
        if not probe.get(key):
            probe[key] = value
    if probe.get("httpGet") is not None:
        _http(probe["httpGet"])
    if probe.get("grpc") is not None:
        probe["grpc"].setdefault("service", "")


_SOURCES = frozenset({"name"})


def _volume(volume: JSONObject) -> None:
    if not set(volume) - _SOURCES:
        volume["emptyDir"] = {}
    for name in ("configMap", "secret", "downwardAPI", "projected"):
        if isinstance(volume.get(name), dict):
            volume[name].setdefault("defaultMode", _MODE)
    if isinstance(volume.get("hostPath"), dict):
        volume["hostPath"].setdefault("type", "")
    projected = volume.get("projected") or {}
    for source in _objects(projected.get("sources")):
        token = source.get("serviceAccountToken")
        if token is not None:
            token.setdefault("expirationSeconds", 3600)
        _downward(source.get("downwardAPI"))
    _downward(volume.get("downwardAPI"))


def _downward(source: JSONObject | None) -> None:
    for item in _objects((source or {}).get("items")):
        if item.get("fieldRef") is not None:
            item["fieldRef"].setdefault("apiVersion", "v1")
