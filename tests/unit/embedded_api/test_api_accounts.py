"""ServiceAccount tokens, the volume that admission adds for them, and autoscaling/v1 over v2."""

from __future__ import annotations

from typing import Any

import pytest

from veza_tui.embedded.api import accounts, autoscaling_v1, openapi_v2
from veza_tui.embedded.api.bootstrap import bootstrap
from veza_tui.embedded.api.store import Store

JSONObject = dict[str, Any]


@pytest.fixture
def store() -> Store:
    store = Store(clock=lambda: 1_800_000_000.0)
    bootstrap(store)
    return store


def _pod(**spec: Any) -> JSONObject:
    containers = [{"name": "app", "image": "veza/app:1"}]
    meta = {"name": "web", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": containers, **spec}}


def test_a_token_is_its_accounts_until_the_time_is_over_or_the_account_gone(store: Store) -> None:
    account = store.get("serviceaccounts", "default", "default")
    token = accounts.mint(store, account, 600, [accounts.ISSUER])
    user = accounts.authenticate(store, token)
    assert user is not None and user.name == "system:serviceaccount:default:default"
    assert "system:serviceaccounts:default" in user.groups
    assert accounts.authenticate(store, accounts.mint(store, account, 0, [accounts.ISSUER])) is None
    assert accounts.authenticate(store, accounts.mint(store, account, 600, ["others"])) is None
    assert accounts.authenticate(store, token[:-2] + "xx") is None
    store.delete("serviceaccounts", "default", "default")
    assert accounts.authenticate(store, token) is None


def test_a_bound_token_ends_with_its_pod(store: Store) -> None:
    pod = store.create(_pod())
    account = store.get("serviceaccounts", "default", "default")
    token = accounts.mint(store, account, 600, [accounts.ISSUER], pod)
    assert accounts.authenticate(store, token) is not None
    store.delete("pods", "default", "web", grace_period=0)
    assert accounts.authenticate(store, token) is None


def test_admission_mounts_the_account_unless_told_not_to(store: Store) -> None:
    spec = store.create(_pod())["spec"]
    (volume,) = spec["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert [next(iter(s)) for s in volume["projected"]["sources"]] == [
        "serviceAccountToken",
        "configMap",
        "downwardAPI",
    ]
    (mount,) = spec["containers"][0]["volumeMounts"]
    assert mount == {
        "name": volume["name"], "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"
    }  # fmt: skip
    store.delete("pods", "default", "web", grace_period=0)
    assert "volumes" not in store.create(_pod(automountServiceAccountToken=False))["spec"]


def test_autoscaling_v1_is_v2_seen_through_it_and_loses_nothing() -> None:
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}}}
    memory = {
        "type": "Resource",
        "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1Gi"}},
    }
    spec = {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5,
        "metrics": [cpu, memory], "behavior": {"scaleDown": {"selectPolicy": "Min"}},
    }  # fmt: skip
    meta = {"name": "web", "namespace": "default", "annotations": {"mine": "kept"}}
    v2 = {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": meta, "spec": spec}
    v1 = autoscaling_v1.shown(v2)
    assert v1["spec"]["targetCPUUtilizationPercentage"] == 70 and "metrics" not in v1["spec"]
    back = autoscaling_v1.stored(v1)
    assert {key: back[key] for key in v2} == v2


def test_what_kubectl_checks_a_list_by_names_the_shipped_kinds() -> None:
    document = openapi_v2.document()
    assert document.startswith(b"\x0a\x032.0")
    assert b"io.k8s.api.core.v1.ConfigMap" in document and b'"kind": "Deployment"' in document
