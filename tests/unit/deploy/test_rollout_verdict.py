"""When a rollout is given up, and what is said of it; the revision to go back to without a release."""

from __future__ import annotations

from typing import Any

import pytest

from veza_tui.feeds.events import project_event
from veza_tui.feeds.pods import project_pod
from veza_tui.feeds.rollouts import project_deployment, project_replica_set
from veza_tui.operations.deploy.objects import complete
from veza_tui.operations.deploy.revisions import previous
from veza_tui.operations.deploy.verdict import (
    PRESENT_SECONDS,
    UNREADY_SECONDS,
    UNSCHEDULABLE_SECONDS,
    Patience,
    RolloutFailed,
    failure,
)
from veza_tui.operations.deploy.watched import Watched

REVISION = "deployment.kubernetes.io/revision"
TIME = "2026-01-01T00:00:00Z"


def deployment(replicas: int = 2, period: int = 5) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/ready"}, "periodSeconds": period, "failureThreshold": 3}
    pod = {"containers": [{"name": "api", "image": "api:2", "readinessProbe": probe}]}
    return {
        "metadata": {"uid": "d", "name": "api", "namespace": "n", "generation": 2, "annotations": {REVISION: "2"}},
        "spec": {"replicas": replicas, "template": {"spec": pod}},
        "status": {"observedGeneration": 2, "replicas": replicas, "updatedReplicas": replicas},
    }


def replica_set(revision: str = "2", owner: str = "d") -> dict[str, Any]:
    return {
        "metadata": {
            "uid": f"r{revision}", "name": f"api-{revision}", "namespace": "n", "annotations": {REVISION: revision},
            "ownerReferences": [{"uid": owner, "name": "api", "kind": "Deployment", "controller": True}],
        },
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "api", "image": f"api:{revision}"}]}}},
        "status": {"replicas": 2},
    }  # fmt: skip


def pod(name: str, *, ready: bool = False, waiting: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": waiting}} if waiting else {"running": {"startedAt": TIME}}
    last = {"lastState": {"terminated": {"exitCode": 2, "reason": "Error", "finishedAt": TIME}}} if waiting else {}
    return {
        "metadata": {
            "uid": name, "name": name, "namespace": "n", "creationTimestamp": TIME,
            "ownerReferences": [{"uid": "r2", "name": "api-2", "kind": "ReplicaSet", "controller": True}],
        },
        "spec": {"nodeName": "node", "containers": [{"name": "api", "image": "api:2"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": TIME}],
            "containerStatuses": [{"name": "api", "ready": ready, "restartCount": 1 if waiting else 0,
                                   "state": state, **last}],
        },
    }  # fmt: skip


def unhealthy(name: str) -> dict[str, Any]:
    return {
        "metadata": {"uid": f"e-{name}", "name": f"{name}.1", "namespace": "n"}, "type": "Warning",
        "involvedObject": {"kind": "Pod", "name": name, "uid": name}, "reason": "Unhealthy", "count": 5,
        "message": "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "firstTimestamp": TIME, "lastTimestamp": TIME,
    }  # fmt: skip


def watched(*pods: dict[str, Any], of: dict[str, Any] | None = None) -> Watched:
    seen = Watched()
    seen.deployments["d"] = project_deployment(of or deployment())
    seen.replica_sets["r2"] = project_replica_set(replica_set())
    for raw in pods:
        row = project_pod(raw)
        seen.pods[row.uid] = row
        if not raw["status"]["containerStatuses"][0]["ready"]:
            event = project_event(unhealthy(row.name))
            seen.events[event.uid] = event
    return seen


def verdict(seen: Watched, patience: Patience, now: float) -> RolloutFailed | None:
    return failure(seen, seen.rows(), ["api"], patience, now)


def test_probes_that_fail_on_and_on_end_it_and_a_pod_that_becomes_ready_begins_the_time_anew() -> None:
    patience = Patience()
    patience.note(deployment())
    both, one = watched(pod("a"), pod("b")), watched(pod("a"), pod("b", ready=True))
    assert verdict(both, patience, 0) is None and verdict(both, patience, UNREADY_SECONDS - 1) is None
    assert verdict(one, patience, UNREADY_SECONDS - 0.5) is None
    assert verdict(one, patience, 2 * UNREADY_SECONDS - 1) is None
    failed = verdict(one, patience, 2 * UNREADY_SECONDS)
    assert failed is not None and [p.name for p in failed.pods] == ["a"]
    assert "api: a: not ready for 120 s: readiness probe failed" in failed.message


def test_a_probe_that_is_slow_by_its_own_settings_is_given_more() -> None:
    patience, seen = Patience(), watched(pod("a"))
    patience.note(deployment(period=60))  # 3 x 60 s for one round
    assert verdict(seen, patience, 0) is None and verdict(seen, patience, 539) is None
    assert verdict(seen, patience, 540) is not None


def test_the_pod_that_is_named_comes_first_and_its_reason_is_kubernetes_own() -> None:
    failed = verdict(watched(pod("a"), pod("b", waiting="CrashLoopBackOff")), Patience(), 0)
    assert failed is not None and failed.message == "api: b: exit 2 (CrashLoopBackOff)"
    assert [p.name for p in failed.pods] == ["b", "a"], "its log is the one that is shown"


def test_a_trouble_from_before_may_be_over_soon_but_one_more_crash_ends_it() -> None:
    began = project_pod(pod("a")).created + 60
    seen = watched(pod("a", waiting="CrashLoopBackOff"))
    patience = Patience(began=began)
    assert verdict(seen, patience, 0) is None and verdict(seen, patience, PRESENT_SECONDS - 1) is None
    assert verdict(seen, patience, PRESENT_SECONDS) is not None
    patience, again = Patience(began=began), pod("a", waiting="CrashLoopBackOff")
    assert verdict(seen, patience, 0) is None
    again["status"]["containerStatuses"][0]["restartCount"] = 2
    assert verdict(watched(again), patience, 1) is not None


@pytest.mark.parametrize(
    ("message", "patient"),
    [("exceeded quota: q, requested: pods=1", True), ('violates PodSecurity "restricted:latest"', False)],
)
def test_a_full_quota_may_get_room_what_admission_forbids_stays_forbidden(message: str, patient: bool) -> None:
    refused = deployment()
    refused["status"]["conditions"] = [{"type": "ReplicaFailure", "status": "True", "message": message}]
    seen, patience = watched(of=refused), Patience()
    assert (verdict(seen, patience, 0) is None) is patient
    failed = verdict(seen, patience, UNSCHEDULABLE_SECONDS)
    assert failed is not None and f"cannot create pods: {message}" in failed.message


def test_the_revision_before_is_the_newest_older_one_of_the_same_deployment() -> None:
    sets = [replica_set("1"), replica_set("2"), replica_set("1", owner="another")]
    found = previous(deployment(), [sets[2], *sets[:2]])
    assert found is sets[0]
    assert previous(deployment(), sets[1:]) is None


@pytest.mark.parametrize(
    ("status", "whole"),
    [({"availableReplicas": 2}, True), ({"availableReplicas": 1}, False), ({"observedGeneration": 1}, False),
     ({"availableReplicas": 2, "replicas": 3}, False)],
)  # fmt: skip
def test_complete_means_new_pods_alone_and_all_available(status: dict[str, int], whole: bool) -> None:
    obj = deployment()
    obj["status"] |= status
    assert complete(obj) is whole
