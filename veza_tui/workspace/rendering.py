"""What is applied of ``k8s/ENV/``: in order, with namespaces, Secrets filled."""

from __future__ import annotations

import base64
import copy
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any, Protocol

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.secret import Secret
from veza_tui.workspace.manifest import CLUSTER_SCOPED, FILL, Manifest

_ORDER = (
    "Namespace",
    "CustomResourceDefinition",
    "ResourceQuota",
    "LimitRange",
    "PriorityClass",
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "NetworkPolicy",
    "ConfigMap",
    "Secret",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Service",
    "StatefulSet",
    "Deployment",
    "DaemonSet",
    "Job",
    "CronJob",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Ingress",
)


class Resolver(Protocol):
    """Resolves ``${VAR}`` (workspace.variables.Variables)."""

    def resolve(self, text: str) -> Secret:
        """The text with its references replaced; ConfigError when one is nowhere."""
        ...


@dataclass(frozen=True, slots=True)
class Rendered:
    """One object as it is applied. Of a Secret it holds the values: never print, log or keep it."""

    object: dict[str, Any] = field(repr=False)
    file: str
    line: int

    @property
    def title(self) -> str:
        """``Deployment/backend-api``."""
        return f"{self.object.get('kind')}/{self.object['metadata'].get('name')}"


def render(manifests: list[Manifest], environment: Environment, secrets: Resolver) -> list[Rendered]:
    """What is applied, in apply order: namespaces and dependencies first, else the files' order.

    Namespaced objects without a namespace get the environment's. Secrets are filled: annotations ``fill.veza.com/KEY``
    become keys, and ``${VAR}`` in their stringData is replaced; the annotations stay, the values go to ``data``.

    Raises:
        ConfigError: a ``${VAR}`` is nowhere, or an object has no kind or name; names it, never a value.
    """
    found = []
    for manifest in manifests:
        where = f"{manifest.file}:{manifest.line}"
        if not manifest.kind or not manifest.api_version or not manifest.name:
            raise ConfigError(f"{where}: has no apiVersion, kind or metadata.name", hint="run veza-tui validate")
        made = copy.deepcopy(manifest.object)
        if manifest.kind not in CLUSTER_SCOPED and not manifest.namespace:
            made["metadata"]["namespace"] = environment.kubernetes.namespace
        if manifest.kind == "Secret":
            _fill(made, where, secrets)
        found.append(Rendered(made, manifest.file, manifest.line))
    return sorted(found, key=lambda one: _rank(one.object["kind"]))


def fill_templates(secret: Map[str, Any]) -> dict[str, str]:
    """The keys that a Secret manifest wants filled, and the text each is made of."""
    metadata = secret.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    found = {}
    for key, text in (annotations if isinstance(annotations, dict) else {}).items():
        if key.startswith(FILL) and isinstance(text, str):
            found[key.removeprefix(FILL)] = text
    plain = secret.get("stringData")
    texts = plain if isinstance(plain, dict) else {}
    return found | {key: text for key, text in texts.items() if isinstance(text, str) and "${" in text}


def _fill(secret: dict[str, Any], where: str, secrets: Resolver) -> None:
    data = dict(secret.get("data") or {})
    for key, text in fill_templates(secret).items():
        try:
            value = secrets.resolve(text)
        except ConfigError as error:
            raise ConfigError(f"{where}: {key}: {error.message}", hint=error.hint) from None
        # In data, as the API server keeps it: under server-side apply stringData would be owned as another field.
        data[key] = base64.b64encode(value.reveal().encode()).decode()
    plain = secret.pop("stringData", None)
    for key, text in (plain if isinstance(plain, dict) else {}).items():
        data.setdefault(key, base64.b64encode(str(text).encode()).decode())
    if data:
        secret["data"] = data


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
