"""Descriptions in kubectl's words; each was held against kubectl 1.34 on a real API server when it was written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from inspect_objects import container, deployment, event, pod, replica_set

from veza_tui.feeds.inspect.columns import aligned
from veza_tui.feeds.inspect.containers import probe
from veza_tui.feeds.inspect.describe import describe
from veza_tui.feeds.inspect.quantity import canonical, divided
from veza_tui.feeds.inspect.related import Related, slim_pod
from veza_tui.feeds.inspect.writer import selector

NOW = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC).timestamp()


def squeezed(text: str) -> str:
    """Where the words matter and the columns do not."""
    return re.sub(" +", " ", text)


def test_a_line_without_a_tab_ends_a_column() -> None:
    assert aligned(["a:\tx", "longer:\ty", "plain", "b:\tz"]) == ["a:       x", "longer:  y", "plain", "b:  z"]
    assert aligned(["a\tb\tc", "aa\tbb", "", "x\t"]) == ["a   b  c", "aa  bb", "", "x  "]


def test_a_pod_in_kubectls_order_and_words() -> None:
    lines = describe(pod(), Related([event("e")]), NOW)
    text = "\n".join(lines)
    assert lines[:4] == [
        "Name:         pod",
        "Namespace:    veza",
        "Node:         node-1/10.0.0.1",
        "Labels:       a=1",
    ]
    assert (
        "              b=2\nAnnotations:  <none>\nStatus:       Running\nIP:           10.1.0.1\nIPs:\n  IP:  10.1.0.1"
        in text
    )
    assert "    State:          Waiting\n      Reason:       CrashLoopBackOff" in text
    assert "    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137" in text
    assert "    Limits:\n      cpu:     1\n      memory:  1Gi\n    Requests:\n      cpu:        1\n" in text
    assert "Conditions:\n Type Status\n Ready False \nVolumes: <none>" in squeezed(text)
    assert lines[-4:] == [
        "Events:",
        "  Type     Reason   Age               From     Message",
        "  ----     ------   ----              ----     -------",
        "  Warning  BackOff  60s (x5 over 5m)  kubelet  Back-off restarting",
    ]


def test_a_deployment_with_its_replica_sets_old_and_new() -> None:
    obj = deployment()
    sets = [
        replica_set("new", obj, "veza/backend-api:v1", "2026-01-02T02:00:00Z", 2),
        replica_set("older", obj, "veza/backend-api:v0", "2026-01-01T00:00:00Z"),
        replica_set("old", obj, "veza/backend-api:v0.9", "2026-01-01T12:00:00Z"),
        replica_set("other", deployment("x"), "veza/backend-api:v1", "2026-01-01T00:00:00Z"),
    ]
    lines = describe(obj, Related((), sets), NOW)
    text = "\n".join(lines)
    assert "Replicas:               2 desired | 2 updated | 2 total | 1 available | 1 unavailable" in text
    assert "RollingUpdateStrategy:  0 max unavailable, 25% max surge" in text
    assert lines[-3:] == [
        "OldReplicaSets:    older (0/0 replicas created), old (0/0 replicas created)",
        "NewReplicaSet:     new (2/2 replicas created)",
        "Events:            <none>",
    ]


def test_a_replica_set_counts_its_pods_only() -> None:
    obj = replica_set("rs", deployment(), "img", "2026-01-01T00:00:00Z", 2)
    own = {"metadata": {"ownerReferences": [{"uid": "uid-rs", "controller": True}]}, "status": {"phase": "Running"}}
    other = {"metadata": {}, "status": {"phase": "Failed"}}
    lines = describe(obj, Related(None, (), [slim_pod(own), slim_pod(own), slim_pod(other)]), NOW)
    assert "Pods Status: 2 Running / 0 Waiting / 0 Succeeded / 0 Failed" in squeezed("\n".join(lines))
    assert not any(line.startswith("Events") for line in lines)


def test_a_secret_tells_sizes_and_a_config_map_its_values() -> None:
    secret: dict[str, Any] = {
        "kind": "Secret",
        "metadata": {"name": "s"},
        "type": "Opaque",
        "data": {"key": "c2VjcmV0"},
    }
    lines = describe(secret, Related(None), NOW)
    assert "key:  6 bytes" in lines
    assert not any("c2VjcmV0" in line or "secret" in line for line in lines)
    config: dict[str, Any] = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"A": "1\n2"}}
    assert "A:\n----\n1\n2\n" in "\n".join(describe(config, Related(None), NOW))


def test_environment_and_volumes() -> None:
    obj = pod(
        containers=[
            container(
                env=[
                    {"name": "TWO", "value": "a\nb"},
                    {"name": "NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                    {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                    {"name": "MEM", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
                ],
                envFrom=[
                    {"configMapRef": {"name": "c"}},
                    {"secretRef": {"name": "s", "optional": True}, "prefix": "P_"},
                ],
                volumeMounts=[{"mountPath": "/b", "name": "v", "readOnly": True}, {"mountPath": "/a", "name": "v"}],
            )
        ],
        volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1024Mi"}}, {"name": "odd", "floppy": {"drive": "a"}}],
    )
    text = "\n".join(describe(obj, Related(None), NOW))
    assert "      c  ConfigMap                Optional: false\n      s  Secret with prefix 'P_'  Optional: true" in text
    assert "      TWO:     a\n               b\n      NAME:    pod (v1:metadata.name)\n" in text
    assert (
        "      SECRET:  <set to the key 'k' in secret 's'>  Optional: false\n      MEM:     1024 (limits.memory)"
        in text
    )
    assert "    Mounts:\n      /a from v (rw)\n      /b from v (ro)" in text
    assert "SizeLimit: 1Gi\n odd:\n Type: floppy\n drive: a" in squeezed(text)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"httpGet": {"path": "/a?b", "port": "http", "scheme": "HTTP"}, "timeoutSeconds": 2},
            "http-get http://:http/a%3Fb",
        ),
        ({"exec": {"command": ["cat", "/x"]}}, "exec [cat /x]"),
        ({"tcpSocket": {"port": 5}}, "tcp-socket :5"),
        ({"grpc": {"port": 9, "service": "s"}}, "grpc <pod>:9 s"),
        ({}, "unknown"),
    ],
)
def test_probes(given: dict[str, Any], said: str) -> None:
    assert probe(given).startswith(f"{said} delay=0s timeout=")


def test_hostile_text_stays_in_its_line_and_column() -> None:
    obj = pod()
    obj["metadata"]["annotations"] = {"a": "x\ty", "b": "z" * 200, "c": "1\n2"}
    obj["metadata"]["labels"] = {"odd": 5, "none": None}
    lines = describe(obj, Related([event("e", message="\ttab\nsecond line")]), NOW)
    assert "Annotations:  a: x    y" in lines
    assert f"                {'z' * 138}..." in lines
    assert any(line.endswith("tab") for line in lines)


@pytest.mark.parametrize(
    "obj",
    [
        {"kind": "Pod"},
        {"kind": "Deployment", "spec": []},
        {"kind": "Gadget", "a": [{"b": 1}]},
        {"kind": "Pod", "spec": {"containers": [None, {}]}, "status": "x"},
    ],
)
def test_odd_objects_are_described_all_the_same(obj: dict[str, Any]) -> None:
    assert describe(obj, Related(()), NOW)[0].startswith("Name:")


def test_quantities_and_selectors() -> None:
    amounts = ["1000m", "0.5", "1024Mi", "1.5Gi", "1e3", "100000k", "0", "nonsense"]
    assert [canonical(a) for a in amounts] == ["1", "500m", "1Gi", "1536Mi", "1e3", "100M", "0", "nonsense"]
    assert divided("1500m", "0") == "2"
    expressions = [{"key": "c", "operator": "In", "values": ["y", "x"]}, {"key": "d", "operator": "DoesNotExist"}]
    assert selector({"matchLabels": {"b": "1"}, "matchExpressions": expressions}) == "b=1,c in (x,y),!d"
    assert selector(None) == "<none>"
