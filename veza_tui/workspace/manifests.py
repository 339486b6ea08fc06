"""``k8s/ENV/``: loading as ``kubectl apply -f`` does it, and rendering what is applied (in order, Secret filled)."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.secret import Secret
from veza_tui.workspace.files import MAX_MANIFEST_BYTES, decode, inside, read_bytes, shown
from veza_tui.workspace.scalars import plain_data
from veza_tui.workspace.yamltree import Mapping, Node, Problem, Sequence, parse

FILL = "fill.veza.com/"
"""Annotation prefix: ``fill.veza.com/KEY: ${VAR}`` has the Secret's KEY filled when it is applied."""
_SUFFIXES = (".yaml", ".yml", ".json")
_MAX_FILES = 500
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
        return _text(self.object.get("kind"))

    @property
    def api_version(self) -> str:
        """``apps/v1``; "" when it has none."""
        return _text(self.object.get("apiVersion"))

    @property
    def metadata(self) -> Map[str, Any]:
        """Its metadata; {} when it has none."""
        found = self.object.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """Its name; "" when it has none."""
        return _text(self.metadata.get("name"))

    @property
    def namespace(self) -> str:
        """Its namespace as written; "" when it has none."""
        return _text(self.metadata.get("namespace"))

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


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something that keeps a manifest file from being read."""

    file: str
    problem: Problem


def load_manifests(root: Path, folder: Path) -> tuple[list[Manifest], list[FileProblem]]:
    """The objects of the .yaml, .yml and .json files directly in ``folder``, by file name (as kubectl without -R).

    ``kind: List`` is opened. A missing folder is one problem. Never raises for what a file holds.

    Raises:
        ConfigError: the folder leaves the workspace.
    """
    name = shown(root, folder)
    try:
        entries = sorted(p for p in inside(root, folder).iterdir() if p.suffix in _SUFFIXES)
    except FileNotFoundError:
        return [], [
            FileProblem(name, Problem(0, "", "is missing: there is nothing to deploy", f"add manifests to {name}/"))
        ]
    except OSError as error:
        todo = f"make {name} a readable directory"
        return [], [FileProblem(name, Problem(0, "", f"cannot be read: {(error.strerror or '').lower()}", todo))]
    if len(entries) > _MAX_FILES:
        todo = "keep one environment's manifests there"
        return [], [FileProblem(name, Problem(0, "", f"holds {len(entries)} files, more than {_MAX_FILES}", todo))]
    manifests: list[Manifest] = []
    problems: list[FileProblem] = []
    for entry in entries:
        path = folder / entry.name
        if path.is_dir():
            continue
        _load_file(root, path, manifests, problems)
    return manifests, problems


def _load_file(root: Path, path: Path, manifests: list[Manifest], problems: list[FileProblem]) -> None:
    file = shown(root, path)
    try:
        text = decode(file, read_bytes(root, path, MAX_MANIFEST_BYTES))
    except FileNotFoundError:
        problems.append(FileProblem(file, Problem(0, "", "is a symlink to nothing", "remove it")))
        return
    except ConfigError as error:
        message = error.message.removeprefix(file).lstrip(":0123456789 ")
        problems.append(FileProblem(file, Problem(0, "", message, error.hint or "make it a readable file")))
        return
    roots, wrong = _parse_json(text) if path.suffix == ".json" else parse(text)
    problems += [FileProblem(file, problem) for problem in wrong]
    if not roots and not wrong:
        problems.append(
            FileProblem(file, Problem(1, "", "is empty: kubectl refuses it", "write an object or remove it"))
        )
    for document in roots:
        _add(document, file, manifests, problems)


def _add(node: Node, file: str, manifests: list[Manifest], problems: list[FileProblem]) -> None:
    if not isinstance(node, Mapping):
        problems.append(FileProblem(file, Problem(node.line, "", "is not an object", "begin with apiVersion and kind")))
        return
    data = plain_data(node, kubernetes=True)
    kind, items = _text(data.get("kind")), node.get("items")
    if kind.endswith("List") and isinstance(items, Sequence):
        for item in items.items:
            _add(item, file, manifests, problems)
        return
    manifests.append(Manifest(data, file, node.line, node))


def _parse_json(text: str) -> tuple[list[Node], list[Problem]]:
    """JSON with line numbers: it is YAML once tabs at line starts are spaces (its texts hold no line break)."""
    try:
        json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        return [], [Problem(1, "", "is nested too deep", "flatten it")]
    except json.JSONDecodeError as error:
        return [], [Problem(error.lineno, "", f"is not JSON: {error.msg.lower()}", "correct the syntax")]
    except ValueError:
        return [], [Problem(1, "", "is not JSON: NaN and Infinity are no JSON numbers", "correct the value")]
    lines = [line[len(line) - len(line.lstrip()) :].rjust(len(line)) for line in text.split("\n")]
    return parse("\n".join(lines))


def _no_constant(name: str) -> None:
    raise ValueError(name)


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
