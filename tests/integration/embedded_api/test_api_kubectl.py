"""The real kubectl 1.32 against the server, without controllers: what it asks of the API alone."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.integration.embedded_api.conftest import Kubectl, Running, find_kubectl

MANIFEST = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: app, image: "veza/app:1", ports: [{containerPort: 8080}], env: [{name: A, value: first}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {a: first}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "web.yaml"
    path.write_text(MANIFEST)
    return path


def test_versions_and_resources(kubectl: Kubectl) -> None:
    assert json.loads(kubectl("version", "-o", "json").stdout)["serverVersion"]["gitVersion"].startswith("v1.34.")
    listed = kubectl("api-resources", "--no-headers").stdout
    for word in ("deployments  ", "deploy", "horizontalpodautoscalers", "poddisruptionbudgets", "leases"):
        assert word in listed
    assert "autoscaling/v2" in kubectl("api-versions").stdout.split()
    assert kubectl("get", "--raw", "/readyz").stdout == "ok"


def test_get_in_every_form(kubectl: Kubectl) -> None:
    wide = kubectl("get", "pods", "-o", "wide").stdout
    assert wide.splitlines()[0].split()[:6] == ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"]
    assert "web    1/1     Running" in wide
    assert kubectl("get", "pods", "-l", "app in (web)", "-o", "name").stdout == "pod/web\n"
    assert kubectl("get", "pod", "web", "-o", "jsonpath={.spec.nodeName}").stdout == "node-1"
    columns = "custom-columns=N:.metadata.name,P:.status.phase"
    assert "web    Running" in kubectl("get", "pods", "-o", columns).stdout
    fields = "status.phase=Running,spec.nodeName=node-1,metadata.name!=pair"
    assert kubectl("get", "pods", "-A", "--field-selector", fields, "-o", "name").stdout == "pod/web\n"
    names = kubectl("get", "pods", "--sort-by=.metadata.name", "--no-headers", "--chunk-size=1").stdout.split("\n")
    assert [line.split()[0] for line in names if line] == ["pair", "web"]
    assert kubectl("get", "pod", "web", "-o", "yaml").stdout.startswith("apiVersion: v1\nkind: Pod\n")
    everything = kubectl("get", "all,cm,secret,sa,ep,ev,node,ns,lease,hpa,pdb,ing,netpol,role,pvc,quota,limits").stdout
    assert "service/web" in everything
    assert "web" in kubectl("describe", "pod", "web").stdout
    assert "Selector:" in kubectl("describe", "service", "web").stdout
    assert "node-1" in kubectl("describe", "node", "node-1").stdout


def test_watches_print_changes(kubectl: Kubectl, api: Running, namespace: str) -> None:
    binary = find_kubectl()
    assert binary
    command = [binary, "--kubeconfig", str(api.kubeconfig), "-n", namespace, "get", "cm", "-w", "--output-watch-events"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        kubectl("-n", namespace, "create", "configmap", "seen", "--from-literal=a=b")
        kubectl("-n", namespace, "delete", "configmap", "seen")
        lines = [process.stdout.readline() for _ in range(3)]
        process.terminate()
    assert [line.split()[:2] for line in lines[1:]] == [["ADDED", "seen"], ["DELETED", "seen"]]


def test_client_side_apply_diff_edit_and_dry_run(kubectl: Kubectl, namespace: str, manifest: Path) -> None:
    n = ("-n", namespace)
    assert "web created" in kubectl(*n, "apply", "-f", str(manifest)).stdout
    assert kubectl(*n, "apply", "-f", str(manifest)).stdout.count("unchanged") == 2
    manifest.write_text(MANIFEST.replace("replicas: 2", "replicas: 3"))
    assert "+  replicas: 3" in kubectl(*n, "diff", "-f", str(manifest), code=1).stdout
    assert "server dry run" in kubectl(*n, "apply", "-f", str(manifest), "--dry-run=server").stdout
    replicas = "jsonpath={.spec.replicas}"
    assert kubectl(*n, "get", "deploy", "web", "-o", replicas).stdout == "2"
    kubectl(*n, "apply", "-f", str(manifest))
    assert kubectl(*n, "get", "deploy", "web", "-o", replicas).stdout == "3"
    assert "edited" in kubectl(*n, "edit", "cm", "conf").stdout
    assert kubectl(*n, "get", "cm", "conf", "-o", "jsonpath={.data.a}").stdout == "second"
    strict = kubectl(*n, "apply", "-f", "-", stdin=MANIFEST.replace("replicas: 2", "replicaz: 2"), code=1)
    assert 'strict decoding error: unknown field "spec.replicaz"' in strict.stderr


def test_server_side_apply(kubectl: Kubectl, namespace: str, manifest: Path) -> None:
    apply = ("-n", namespace, "apply", "--server-side", "-f", str(manifest))
    kubectl(*apply)
    manifest.write_text(MANIFEST.replace("veza/app:1", "veza/app:2"))
    refused = kubectl(*apply, "--field-manager=other", code=1)
    assert 'conflict with "kubectl": .spec.template.spec.containers[name="app"].image' in refused.stderr
    kubectl(*apply, "--field-manager=other", "--force-conflicts")
    fields = kubectl("-n", namespace, "get", "deploy", "web", "-o", "json", "--show-managed-fields").stdout
    entries = {e["manager"]: e for e in json.loads(fields)["metadata"]["managedFields"]}
    assert {"kubectl", "other"} == set(entries)
    assert entries["other"]["operation"] == "Apply"


def test_lists_prune_autoscale_and_tokens(kubectl: Kubectl, namespace: str) -> None:
    n = ("-n", namespace)
    config = (
        '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "%s", "labels": {"p": "q"}}, "%s": {"k": "v"}}'
    )
    items = ", ".join(config % (name, "data") for name in "ab")
    both = f'{{"apiVersion": "v1", "kind": "List", "items": [{items}]}}'
    assert kubectl(*n, "apply", "-f", "-", stdin=both).stdout == "configmap/a created\nconfigmap/b created\n"
    refused = kubectl(*n, "apply", "-f", "-", stdin=both.replace('"data"', '"dato"'), code=1).stderr
    assert 'unknown field "dato" in io.k8s.api.core.v1.ConfigMap' in refused
    pruned = kubectl(*n, "apply", "-f", "-", "--prune", "-l", "p=q", stdin=config % ("a", "data")).stdout
    assert pruned == "configmap/a unchanged\nconfigmap/b pruned\n"
    kubectl(*n, "create", "deployment", "d", "--image=veza/app:1")
    assert "autoscaled" in kubectl(*n, "autoscale", "deploy", "d", "--max=4", "--cpu-percent=70").stdout
    v1 = json.loads(
        kubectl("get", "--raw", f"/apis/autoscaling/v1/namespaces/{namespace}/horizontalpodautoscalers/d").stdout
    )
    assert (v1["apiVersion"], v1["spec"]["targetCPUUtilizationPercentage"]) == ("autoscaling/v1", 70)
    metric = "jsonpath={.spec.metrics[0].resource.target.averageUtilization}"
    assert kubectl(*n, "get", "hpa", "d", "-o", metric).stdout == "70"
    scale = kubectl(*n, "get", "deploy", "d", "--subresource=scale").stdout.splitlines()
    assert scale[0].split() == ["NAME", "DESIRED", "AVAILABLE", "AGE"] and scale[1].split()[:3] == ["d", "1", "0"]
    token = kubectl(*n, "create", "token", "default").stdout.strip()
    assert (
        f"system:serviceaccount:{namespace}:default" in kubectl("--token", token, "auth", "whoami", context="").stdout
    )
    short = kubectl(*n, "create", "token", "default", "--duration=5m", code=1).stderr
    assert "may not specify a duration less than 10 minutes" in short


def test_creates_that_post_protobuf(kubectl: Kubectl, namespace: str) -> None:
    n = ("-n", namespace)
    for command in (
        ["deployment", "d", "--image=veza/app:1", "--replicas=2", "--port=80"], ["job", "j", "--image=a:1", "--", "x"],
        ["secret", "generic", "s", "--from-literal=k=v"], ["service", "nodeport", "n", "--tcp=80:8080"],
        ["role", "r", "--verb=get", "--resource=pods"], ["rolebinding", "b", "--role=r", "--user=u"],
        ["quota", "q", "--hard=pods=5"], ["ingress", "i", "--rule=a.b/x*=svc:80"],
        ["cronjob", "c", "--image=a:1", "--schedule=* * * * *"], ["pdb", "p", "--selector=a=b", "--min-available=50%"],
    ):  # fmt: skip
        assert "created" in kubectl(*n, "create", *command).stdout
    got: dict[str, Any] = json.loads(kubectl(*n, "get", "deploy", "d", "-o", "json").stdout)
    assert (got["spec"]["replicas"], got["spec"]["strategy"]["type"]) == (2, "RollingUpdate")
    container = got["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert kubectl(*n, "get", "secret", "s", "-o", "jsonpath={.data.k}").stdout == "dg=="
    assert kubectl(*n, "get", "pdb", "p", "-o", "jsonpath={.spec.minAvailable}").stdout == "50%"
    assert "i" in kubectl(*n, "get", "ingress").stdout


def test_set_scale_label_patch_rollout(kubectl: Kubectl, namespace: str, manifest: Path) -> None:
    n = ("-n", namespace)
    kubectl(*n, "apply", "-f", str(manifest))
    kubectl(*n, "set", "image", "deploy/web", "app=veza/app:9")
    kubectl(*n, "set", "env", "deploy/web", "B=2")
    kubectl(*n, "set", "resources", "deploy/web", "--limits=cpu=200m,memory=64Mi")
    kubectl(*n, "scale", "deploy/web", "--replicas=4")
    kubectl(*n, "label", "deploy/web", "team=x")
    kubectl(*n, "annotate", "deploy/web", "note=y")
    kubectl(*n, "rollout", "restart", "deploy/web")
    kubectl(*n, "rollout", "pause", "deploy/web")
    kubectl(*n, "patch", "deploy/web", "--type=json", "-p", '[{"op":"add","path":"/metadata/labels/j","value":"1"}]')
    kubectl(*n, "patch", "deploy/web", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":4}}')
    got = json.loads(kubectl(*n, "get", "deploy", "web", "-o", "json").stdout)
    container = got["spec"]["template"]["spec"]["containers"][0]
    assert (container["image"], container["resources"]["limits"]["cpu"]) == ("veza/app:9", "200m")
    assert [e["name"] for e in container["env"]] == ["A", "B"]
    assert (got["spec"]["replicas"], got["spec"]["paused"], got["status"]["replicas"]) == (4, True, 4)
    assert {"team", "j"} <= set(got["metadata"]["labels"])
    assert "exposed" in kubectl(*n, "expose", "deploy/web", "--port=80", "--target-port=8080").stdout


def test_permissions(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "*", "*").stdout == "yes\n"
    assert kubectl("auth", "can-i", "create", "pods/exec", context="viewer", code=1).stdout == "no\n"
    assert "Username    viewer" in kubectl("auth", "whoami", context="viewer").stdout
    rules = kubectl("auth", "can-i", "--list", context="viewer").stdout
    assert "pods/log" in rules
    assert "secrets" not in rules
    assert "cannot list resource" in kubectl("get", "secrets", context="viewer", code=1).stderr
    assert 'User "nobody" cannot list' in kubectl("get", "pods", context="nobody", code=1).stderr
    refused = kubectl("exec", "web", "--", "echo", context="viewer", code=1).stderr
    assert 'cannot create resource "pods/exec"' in refused or 'cannot get resource "pods/exec"' in refused


def test_logs_exec_and_top(kubectl: Kubectl) -> None:
    assert kubectl("logs", "web", "--tail=1").stdout == "line 4 of app\n"
    both = kubectl("logs", "pair", "--all-containers", "--tail=1").stdout.splitlines()
    assert sorted(both) == ["line 4 of app", "line 4 of log"]
    assert kubectl("logs", "-l", "app=web", "--tail=1", "--prefix").stdout == "[pod/web/app] line 4 of app\n"
    assert "previous terminated container" in kubectl("logs", "-p", "web", code=1).stderr
    assert kubectl("exec", "web", "--", "echo", "hi").stdout == "hi\n"
    assert kubectl("exec", "-i", "web", "--", "cat", stdin="through stdin").stdout == "through stdin"
    failed = kubectl("exec", "web", "--", "fail", code=3)
    assert "went wrong\ncommand terminated with exit code 3" in failed.stderr
    assert "executable file not found" in kubectl("exec", "web", "--", "absent", code=1).stderr
    assert "web    12m          34Mi" in kubectl("top", "pods").stdout
    assert "node-1" in kubectl("top", "nodes", code=0).stdout


def test_port_forward(kubectl: Kubectl, api: Running) -> None:
    binary = find_kubectl()
    assert binary
    command = [binary, "--kubeconfig", str(api.kubeconfig), "port-forward", "svc/web", ":80"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(":")[1].split()[0])
        for path in ("/health", "/ready", "/live"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                assert answer.read().decode().startswith(f"GET {path} HTTP")
        process.terminate()
    assert "/x" in kubectl("get", "--raw", "/api/v1/namespaces/default/services/web:80/proxy/x").stdout


def test_wait_delete_and_namespaces(kubectl: Kubectl, api: Running, namespace: str) -> None:
    assert "condition met" in kubectl("wait", "--for=condition=Ready", "pod/web", "--timeout=5s").stdout
    kubectl("-n", namespace, "create", "configmap", "gone", "--from-literal=a=b")
    assert 'configmap "gone" deleted' in kubectl("-n", namespace, "delete", "cm", "gone", "--wait").stdout
    assert "NotFound" in kubectl("-n", namespace, "get", "cm", "gone", code=1).stderr
    kubectl("-n", namespace, "run", "once", "--image=a:1")
    kubectl("-n", namespace, "delete", "pod", "once", "--grace-period=0", "--force")
    kubectl("delete", "ns", namespace, "--wait=false")
    assert "Terminating" in kubectl("get", "ns", namespace).stdout
    api.call(api.store.finalize_namespace, namespace)
    deadline = time.monotonic() + 5
    while api.call(api.store.find, "namespaces", None, namespace) is not None:
        assert time.monotonic() < deadline
