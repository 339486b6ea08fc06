"""A container's environment, resolved as the kubelet does it: envFrom, env, ConfigMaps, Secrets, downward API."""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.embedded.cluster.access import Cluster
from veza_tui.embedded.cluster.objects import Object, quantity

_REFERENCE = re.compile(r"\$(\$)?\(([^)$]+)\)|\$\$")


class ConfigError(Exception):
    """CreateContainerConfigError; the text is the kubelet's."""


def resolve(
    cluster: Cluster, pod: Object, container: Mapping[str, Any], addresses: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a container. ``addresses`` gives status.podIP and status.hostIP.

    Raises:
        ConfigError: a ConfigMap, Secret or key is missing and not optional.
    """
    out: dict[str, str] = {}
    namespace = pod["metadata"]["namespace"]
    for source in container.get("envFrom") or ():
        prefix = source.get("prefix", "")
        for kind, name, ref in _sources(source):
            data = _data(cluster, namespace, kind, name, optional=bool(ref.get("optional")))
            out.update({prefix + k: v for k, v in (data or {}).items()})
    for entry in container.get("env") or ():
        if entry.get("valueFrom"):
            value = _value_from(cluster, pod, container, entry["valueFrom"], addresses)
            if value is not None:
                out[entry["name"]] = value
        else:
            out[entry["name"]] = expand(str(entry.get("value") or ""), out)
    return out


def expand(text: str, env: Mapping[str, str]) -> str:
    """``$(NAME)`` replaced when known, ``$$(NAME)`` is an escape (third_party/forked/golang/expansion)."""

    def one(found: re.Match[str]) -> str:
        whole = found[0]
        if whole == "$$":
            return "$"
        if found[1]:
            return whole[1:]
        return env.get(found[2], whole)

    return _REFERENCE.sub(one, text) if "$" in text else text


def expand_all(words: Sequence[str] | None, env: Mapping[str, str]) -> list[str]:
    """``expand`` on each word of a command."""
    return [expand(str(word), env) for word in words or ()]


def decode(secret: Mapping[str, Any]) -> dict[str, bytes]:
    """The values of a Secret or ConfigMap (data, binaryData) as bytes."""
    out: dict[str, bytes] = {}
    encoded = secret.get("kind") == "Secret"
    for key, value in (secret.get("data") or {}).items():
        out[key] = _plain(value) if encoded else str(value).encode()
    for key, value in (secret.get("binaryData") or {}).items():
        out[key] = _plain(value)
    for key, value in (secret.get("stringData") or {}).items():
        out[key] = str(value).encode()
    return out


def _plain(value: str) -> bytes:
    try:
        return base64.b64decode(value or "")
    except (binascii.Error, ValueError):
        return b""


def _sources(source: Mapping[str, Any]) -> list[tuple[str, str, Mapping[str, Any]]]:
    pairs = (("configmap", "configMapRef"), ("secret", "secretRef"))
    return [(kind, source[key]["name"], source[key]) for kind, key in pairs if source.get(key)]


def _data(cluster: Cluster, namespace: str, kind: str, name: str, *, optional: bool) -> dict[str, str] | None:
    obj = cluster.get(f"{kind}s", namespace, name)
    if obj is None:
        if optional:
            return None
        raise ConfigError(f'{kind} "{name}" not found')
    return {k: v.decode("utf-8", "replace") for k, v in decode({**obj, "kind": kind.capitalize()}).items()}


def _value_from(
    cluster: Cluster, pod: Object, container: Mapping[str, Any], source: Mapping[str, Any], addresses: Mapping[str, str]
) -> str | None:
    namespace = pod["metadata"]["namespace"]
    for kind, field, title in (("configmap", "configMapKeyRef", "ConfigMap"), ("secret", "secretKeyRef", "Secret")):
        ref = source.get(field)
        if ref:
            data = _data(cluster, namespace, kind, ref["name"], optional=bool(ref.get("optional")))
            if data is not None and ref["key"] in data:
                return data[ref["key"]]
            if ref.get("optional"):
                return None
            raise ConfigError(f"couldn't find key {ref['key']} in {title} {namespace}/{ref['name']}")
    if source.get("fieldRef"):
        return field_path(pod, source["fieldRef"]["fieldPath"], addresses)
    if source.get("resourceFieldRef"):
        ref = source["resourceFieldRef"]
        side, _, name = ref["resource"].partition(".")
        value = quantity(((container.get("resources") or {}).get(side) or {}).get(name))
        return str(math.ceil(value / (quantity(ref.get("divisor") or 1) or 1)))
    return None


def field_path(pod: Object, path: str, addresses: Mapping[str, str]) -> str:
    """A downward API field."""
    meta = pod["metadata"]
    found = re.fullmatch(r"metadata\.(labels|annotations)\['([^']+)'\]", path)
    if found:
        return str((meta.get(found[1]) or {}).get(found[2], ""))
    fixed = {
        "metadata.name": meta["name"],
        "metadata.namespace": meta["namespace"],
        "metadata.uid": meta.get("uid", ""),
        "spec.nodeName": pod["spec"].get("nodeName", ""),
        "spec.serviceAccountName": pod["spec"].get("serviceAccountName", "default"),
        **addresses,
    }
    return str(fixed.get(path, ""))
