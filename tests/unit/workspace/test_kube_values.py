"""Values that a real API server (1.34, --dry-run=server) refused, and some that it took, object by object."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from veza_tui.model.finding import Finding, Severity
from veza_tui.workspace.findings import Findings
from veza_tui.workspace.kubecheck import check_manifests
from veza_tui.workspace.manifests import load_manifests

SHIPPED = Path(__file__).parents[3] / "k8s" / "production"
POD = ("spec", "template", "spec")
BOX = (*POD, "containers", 0)
RESOURCE = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}}

REFUSED: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("Deployment", ("metadata", "finalizers"), ["x"]),
    ("Deployment", ("metadata", "creationTimestamp"), "yesterday"),
    ("Deployment", ("spec", "replicas"), 3_000_000_000),
    ("Deployment", ("spec", "revisionHistoryLimit"), -1),
    ("Deployment", ("spec", "strategy"), {"rollingUpdate": {"maxSurge": "25"}}),
    ("Deployment", ("spec", "strategy"), {"rollingUpdate": {"maxUnavailable": "150%"}}),
    ("Deployment", ("spec", "strategy"), {"type": "Recreate", "rollingUpdate": {}}),
    ("Deployment", ("spec", "template", "metadata", "annotations"), {"a b": "x"}),
    ("Deployment", (*BOX, "terminationMessagePolicy"), "x"),
    ("Deployment", (*BOX, "resources"), {"requests": {"example.com/gpu": "1"}}),
    ("Deployment", (*BOX, "envFrom"), [{}]),
    ("Deployment", (*BOX, "envFrom"), [{"configMapRef": {}}]),
    ("Deployment", (*BOX, "envFrom"), [{"configMapRef": {"name": "a"}, "secretRef": {"name": "b"}}]),
    ("Deployment", (*BOX, "env"), [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.nope"}}}]),
    ("Deployment", (*BOX, "env"), [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "X_", "key": "k"}}}]),
    ("Deployment", (*BOX, "livenessProbe"), {}),
    ("Deployment", (*BOX, "livenessProbe"), {"exec": {"command": []}}),
    ("Deployment", (*BOX, "livenessProbe"), {"httpGet": {"port": 80, "path": "/", "scheme": "http"}}),
    ("Deployment", (*BOX, "readinessProbe"), {"tcpSocket": {"port": 80}, "terminationGracePeriodSeconds": 3}),
    ("Deployment", (*BOX, "lifecycle"), {"preStop": {"sleep": {"seconds": 50}}}),
    ("Deployment", (*BOX, "securityContext"), {"privileged": True, "allowPrivilegeEscalation": False}),
    ("Deployment", (*BOX, "securityContext"), {"runAsUser": -1}),
    ("Deployment", (*BOX, "securityContext"), {"seccompProfile": {"type": "Localhost"}}),
    ("Deployment", (*BOX, "volumeMounts"), [{"name": "tmp", "mountPath": "/x", "subPath": "../a"}]),
    ("Deployment", (*POD, "volumes"), [{"name": "tmp", "emptyDir": {}, "hostPath": {"path": "/x"}}]),
    ("Deployment", (*POD, "volumes"), [{"name": "tmp", "configMap": {"name": "x", "defaultMode": 1000}}]),
    ("Deployment", (*POD, "volumes"), [{"name": "tmp", "secret": {}}]),
    ("Deployment", (*POD, "dnsPolicy"), "None"),
    ("Deployment", (*POD, "nodeSelector"), {"a": "x y"}),
    ("Deployment", (*POD, "serviceAccountName"), "A_"),
    ("Deployment", (*POD, "tolerations"), [{}]),
    ("Deployment", (*POD, "tolerations"), [{"key": "a", "tolerationSeconds": 5}]),
    ("Deployment", (*POD, "hostAliases"), [{"ip": "x"}]),
    ("Deployment", (*POD, "activeDeadlineSeconds"), 5),
    (
        "Deployment",
        (*POD, "initContainers"),
        [{"name": "i", "image": "x", "livenessProbe": {"tcpSocket": {"port": 1}}}],
    ),
    ("Service", ("spec", "type"), "ExternalName"),
    ("Service", ("spec", "ports"), [{"port": 80, "nodePort": 30000}]),
    ("Service", ("spec", "sessionAffinity"), "x"),
    ("Service", ("spec", "externalTrafficPolicy"), "Local"),
    ("Service", ("spec", "externalIPs"), ["127.0.0.1"]),
    ("Secret", ("type",), "kubernetes.io/tls"),
    ("Secret", ("stringData",), {"..a": "x"}),
    ("HorizontalPodAutoscaler", ("spec", "scaleTargetRef"), {"kind": "Deployment", "name": "x"}),
    ("HorizontalPodAutoscaler", ("spec", "metrics"), [RESOURCE]),
    ("HorizontalPodAutoscaler", ("spec", "metrics"), [{"type": "Resource"}]),
    ("HorizontalPodAutoscaler", ("spec", "behavior"), {"scaleDown": {"stabilizationWindowSeconds": 3601}}),
    ("HorizontalPodAutoscaler", ("spec", "behavior"), {"scaleUp": {"policies": []}}),
    ("PodDisruptionBudget", ("spec", "maxUnavailable"), "5"),
    ("PodDisruptionBudget", ("spec", "maxUnavailable"), "150%"),
    ("PodDisruptionBudget", ("spec", "selector"), {"matchLabels": {"a": "x y"}}),
    ("PodDisruptionBudget", ("spec", "selector"), {"matchExpressions": [{"key": "a", "operator": "In", "values": []}]}),
    ("Namespace", ("spec",), {"finalizers": ["x"]}),
]
TAKEN: list[tuple[str, tuple[str | int, ...], Any]] = [
    ("Deployment", ("metadata", "name"), "a" * 64),
    ("Deployment", ("metadata", "annotations"), {"A.B/c": "x"}),
    ("Deployment", ("spec", "strategy"), {"rollingUpdate": {"maxSurge": "150%"}}),
    ("Deployment", (*POD, "restartPolicy"), ""),
    ("Deployment", (*BOX, "resources"), {"limits": {"cpu": " 1"}}),
    ("Deployment", (*BOX, "resources"), {"limits": {"cpu": None}}),
    ("Deployment", (*BOX, "livenessProbe"), {"tcpSocket": {"port": 80}, "periodSeconds": 0, "successThreshold": 0}),
    ("Deployment", (*BOX, "livenessProbe"), {"httpGet": {"port": 80, "path": "/", "httpHeaders": [{"name": "a"}]}}),
    ("Deployment", (*POD, "tolerations"), [{"operator": "Exists"}]),
    ("Deployment", (*POD, "volumes"), [{"name": "tmp"}, {"name": "logs", "projected": {"sources": [{}]}}]),
    ("Service", ("spec", "ports"), [{"port": 80, "targetPort": 0}]),
    ("ConfigMap", ("data",), {"a": None}),
    ("PodDisruptionBudget", ("metadata", "name"), "Upper"),
    ("HorizontalPodAutoscaler", ("status",), {}),
]


def _shipped() -> dict[str, dict[str, Any]]:
    kinds: dict[str, dict[str, Any]] = {}
    for file in sorted(SHIPPED.glob("*.yaml")):
        for one in yaml.safe_load_all(file.read_text()):
            kinds.setdefault(one["kind"], one)
    return kinds


KINDS = _shipped()


def errors(folder: Path, kind: str, path: tuple[str | int, ...], value: Any) -> list[Finding]:
    changed = copy.deepcopy(KINDS[kind])
    at: Any = changed
    for part in path[:-1]:
        at = at.setdefault(part, {}) if isinstance(at, dict) else at[part]
    at[path[-1]] = value
    (folder / "k8s").mkdir()
    (folder / "k8s" / "one.json").write_text(json.dumps(changed))
    found, problems = load_manifests(folder, folder / "k8s")
    assert not problems
    findings = Findings()
    check_manifests(found, findings, "production")
    return [one for one in findings.found if one.severity is Severity.ERROR]


@pytest.mark.parametrize(("kind", "path", "value"), REFUSED)
def test_what_the_server_refuses_is_found(kind: str, path: tuple[str | int, ...], value: Any, tmp_path: Path) -> None:
    found = errors(tmp_path, kind, path, value)
    assert found
    assert all(one.message and one.todo and one.line for one in found)


@pytest.mark.parametrize(("kind", "path", "value"), TAKEN)
def test_what_the_server_takes_is_no_error(kind: str, path: tuple[str | int, ...], value: Any, tmp_path: Path) -> None:
    assert not errors(tmp_path, kind, path, value)


@pytest.mark.parametrize(
    ("path", "value"), [((*BOX, "image"), "a b"), ((*BOX, "livenessProbe"), {"httpGet": {"port": "web", "path": "/"}})]
)
def test_what_it_takes_and_no_node_can_run_is_said_to_be_broken(
    path: tuple[str | int, ...], value: Any, tmp_path: Path
) -> None:
    assert [one.rule for one in errors(tmp_path, "Deployment", path, value)] == ["manifest-broken"]
