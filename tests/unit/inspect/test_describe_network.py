"""Services, autoscalers and budgets in kubectl's words; each was held against kubectl and a real API server 1.34."""

from __future__ import annotations

from typing import Any

from veza_tui.feeds.inspect.describe import describe
from veza_tui.feeds.inspect.objects import parse
from veza_tui.feeds.inspect.related import Related


def lines(kind: str, spec: dict[str, Any], status: dict[str, Any] | None = None) -> list[str]:
    meta = {"name": "api", "namespace": "ns", "creationTimestamp": "2026-11-23T15:45:56Z"}
    return describe({"kind": kind, "metadata": meta, "spec": spec, "status": status or {}}, Related(), 0.0)


def test_a_service() -> None:
    found = lines(
        "Service",
        {
            "type": "ClusterIP", "clusterIP": "10.96.0.7", "clusterIPs": ["10.96.0.7"], "ipFamilyPolicy": "SingleStack",
            "selector": {"app.kubernetes.io/name": "api", "a": "b"}, "sessionAffinity": "None",
            "ports": [{"name": "http", "port": 8080, "targetPort": "http", "protocol": "TCP"}],
        },
    )  # fmt: skip
    assert "Selector:          a=b,app.kubernetes.io/name=api" in found
    assert "Port:              http  8080/TCP" in found
    assert "TargetPort:        http/TCP" in found


def test_an_autoscaler_without_metrics() -> None:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}
    spec = {"minReplicas": 2, "maxReplicas": 10, "scaleTargetRef": {"kind": "Deployment", "name": "api"},
            "metrics": [{"type": "Resource", "resource": cpu}]}  # fmt: skip
    found = lines("HorizontalPodAutoscaler", spec, {"currentMetrics": [{"type": ""}], "currentReplicas": 3})
    text = "\n".join(" ".join(line.split()) for line in found)
    assert "resource cpu on pods (as a percentage of request): <unknown> / 70%" in text
    assert "Deployment pods: 3 current / 0 desired" in text
    seen = {
        "type": "Resource",
        "resource": {"name": "cpu", "current": {"averageUtilization": 41, "averageValue": "8m"}},
    }
    text = "\n".join(lines("HorizontalPodAutoscaler", spec, {"currentMetrics": [seen]}))
    assert "41% (8m) / 70%" in text


def test_a_disruption_budget_is_a_kind_of_its_own() -> None:
    assert parse("pdb/api", "ns").kind == "PodDisruptionBudget"
    found = lines("PodDisruptionBudget", {"maxUnavailable": 1}, {"disruptionsAllowed": 1, "currentHealthy": 3})
    assert "Max unavailable:  1" in found and "    Allowed disruptions:  1" in found
