"""One object of ``k8s/ENV/`` as it is written."""

from __future__ import annotations

from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from typing import Any

from veza_tui.workspace.yamltree import Mapping, Node, Sequence

FILL = "fill.veza.com/"
"""Annotation prefix: ``fill.veza.com/KEY: ${VAR}`` has the Secret's KEY filled when it is applied."""
CLUSTER_SCOPED = frozenset(
    (
        "Namespace",
        "CustomResourceDefinition",
        "PriorityClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "PersistentVolume",
        "StorageClass",
        "IngressClass",
        "RuntimeClass",
        "APIService",
        "MutatingWebhookConfiguration",
        "ValidatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    )
)


@dataclass(slots=True, eq=False)
class Manifest:
    """One object of ``k8s/ENV/`` as written. ``file`` is relative to the workspace, ``line`` 1-based."""

    object: dict[str, Any] = field(repr=False)
    file: str
    line: int
    node: Mapping = field(repr=False)

    @property
    def kind(self) -> str:
        """``Deployment``; "" when it has none."""
        return text_of(self.object.get("kind"))

    @property
    def api_version(self) -> str:
        """``apps/v1``; "" when it has none."""
        return text_of(self.object.get("apiVersion"))

    @property
    def metadata(self) -> Map[str, Any]:
        """Its metadata; {} when it has none."""
        found = self.object.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """Its name; "" when it has none."""
        return text_of(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace as written; "" when it has none."""
        return text_of(self.metadata.get("namespace"))

    def line_of(self, *path: str | int) -> int:
        """Line of a field, or of the nearest thing above it that the file has."""
        node: Node = self.node
        line = self.line
        for part in path:
            if isinstance(part, str) and isinstance(node, Mapping) and part in node.entries:
                line = node.line_of(part)
                node = node.entries[part]
            elif isinstance(part, int) and isinstance(node, Sequence) and part < len(node.items):
                node = node.items[part]
                line = node.line
            else:
                break
        return line

    @property
    def pod(self) -> dict[str, Any]:
        """The pod spec of a Deployment; {} when it has none."""
        found = self._template.get("spec")
        return found if isinstance(found, dict) else {}

    @property
    def pod_labels(self) -> dict[str, Any]:
        """The labels of a Deployment's pods; {} when they have none."""
        found = (self._template.get("metadata") or {}).get("labels")
        return found if isinstance(found, dict) else {}

    @property
    def _template(self) -> dict[str, Any]:
        found = (self.object.get("spec") or {}).get("template")
        return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str:
    """A text as it is; "" for anything else."""
    return value if isinstance(value, str) else ""
