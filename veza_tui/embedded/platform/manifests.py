"""Objects of the demo's cluster: the workspace's manifests as deployed, the namespace monitoring, synthetic pods."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from veza_tui.embedded.cluster.synthetic import SYNTHETIC

JSONObject = dict[str, Any]
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILL = "fill.veza.com/"
_REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")


def load(path: Path) -> Any:
    """A file with one YAML document."""
    return yaml.load(path.read_bytes(), Loader=_LOADER)  # noqa: S506 (a safe loader, in C where there is one)


def workspace_objects(directory: Path, secrets: Mapping[str, str]) -> Iterator[JSONObject]:
    """Every object of ``k8s/ENV/`` in the order of the files, Secrets filled as their annotations ask."""
    for path in sorted(directory.glob("*.yaml")):
        for document in yaml.load_all(path.read_bytes(), Loader=_LOADER):
            if not document:
                continue
            if document["kind"] == "Secret":
                _fill(document, secrets)
            yield document


def _fill(secret: JSONObject, variables: Mapping[str, str]) -> None:
    for name, template in (secret["metadata"].get("annotations") or {}).items():
        if name.startswith(_FILL):
            value = _REFERENCE.sub(lambda m: variables.get(m["name"]) or m["default"] or "", template)
            secret.setdefault("data", {})[name[len(_FILL) :]] = base64.b64encode(value.encode()).decode()


def with_tag(deployment: JSONObject, tag: str) -> JSONObject:
    """The Deployment with its own images (``veza/...``) at ``tag``."""
    spec = deployment["spec"]["template"]["spec"]
    containers = [
        {**c, "image": f"{c['image'].rpartition(':')[0]}:{tag}"} if c["image"].startswith("veza/") else c
        for c in spec["containers"]
    ]
    template = {**deployment["spec"]["template"], "spec": {**spec, "containers": containers}}
    return {**deployment, "spec": {**deployment["spec"], "template": template}}


def monitoring() -> list[JSONObject]:
    """Prometheus and Grafana, as the guide's port-forward commands expect them."""
    objects: list[JSONObject] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "monitoring", "labels": {"name": "monitoring"}}}
    ]
    for name, image, port, health in (
        ("prometheus", "prom/prometheus:v2.54.1", 9090, "/-/ready"),
        ("grafana", "grafana/grafana:11.2.0", 3000, "/api/health"),
    ):
        labels = {"app.kubernetes.io/name": name}
        meta = {"name": name, "namespace": "monitoring", "labels": labels}
        container = {
            "name": name,
            "image": image,
            "ports": [{"name": "http", "containerPort": port, "protocol": "TCP"}],
            "readinessProbe": {"httpGet": {"path": health, "port": "http"}, "periodSeconds": 10},
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "512Mi"}},
        }
        ports = [{"name": "http", "port": port, "targetPort": "http", "protocol": "TCP"}]
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        objects.append(
            {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"selector": labels, "ports": ports}}
        )
        objects.append({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec})
    return objects


def synthetic(namespace: str, pods: int) -> JSONObject:
    """A ReplicaSet of pods that cost nothing, for trying the screen with many."""
    labels = {"app.kubernetes.io/name": "batch-worker"}
    container = {"name": "worker", "image": "veza/batch-worker:v1.4.2"}
    template = {
        "metadata": {"labels": labels, "annotations": {SYNTHETIC: "Running"}},
        "spec": {"containers": [container]},
    }
    spec = {"replicas": pods, "selector": {"matchLabels": labels}, "template": template}
    meta = {"name": "batch-worker", "namespace": namespace, "labels": labels}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec}


def tool_path(postgres_bin: Path, python_bin: Path) -> tuple[str, ...]:
    """Where the containers of ``veza/tools`` find psql, pg_dump and veza-tui."""
    return tuple(dict.fromkeys((os.fspath(python_bin), os.fspath(postgres_bin))))
