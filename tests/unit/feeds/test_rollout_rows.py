# ruff: noqa: E501
"""Deployments with their ReplicaSets and pods."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from feeds_pods import pod, status, terminated, waiting

from veza_tui.feeds.pods import project_pod
from veza_tui.feeds.rollouts import project_autoscaler, project_deployment, project_replica_set, rollouts
from veza_tui.model.workload import State


def deployment(
    desired: int = 3,
    ready: int = 3,
    updated: int = 3,
    total: int = 3,
    progress: tuple[str, str] = ("NewReplicaSetAvailable", ""),
    *,
    paused: bool = False,
    failure: str = "",
    observed: int = 5,
) -> dict[str, Any]:
    conditions = [{"type": "Progressing", "status": "True", "reason": progress[0], "message": progress[1]}]
    if failure:
        conditions.append({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure})
    return {
        "metadata": {
            "uid": "d", "name": "chat-server", "namespace": "ns", "generation": 5,
            "annotations": {"deployment.kubernetes.io/revision": "2"}, "creationTimestamp": "2026-01-01T00:00:00Z",
        },
        "spec": {"replicas": desired, "paused": paused, "template": {"spec": {"containers": [{"image": "chat:v2"}]}}},
        "status": {
            "observedGeneration": observed, "replicas": total, "readyReplicas": ready, "availableReplicas": ready,
            "updatedReplicas": updated, "conditions": conditions,
        },
    }  # fmt: skip


def replica_set(revision: str, image: str, total: int) -> dict[str, Any]:
    return {
        "metadata": {
            "uid": f"rs{revision}", "name": f"chat-server-{revision}",
            "annotations": {"deployment.kubernetes.io/revision": revision},
            "ownerReferences": [{"controller": True, "kind": "Deployment", "name": "chat-server", "uid": "d"}],
            "creationTimestamp": f"2026-01-0{revision}T00:00:00Z",
        },
        "spec": {"replicas": total, "template": {"spec": {"containers": [{"image": image}]}}},
        "status": {"replicas": total, "readyReplicas": total},
    }  # fmt: skip


OLD, NEW = project_replica_set(replica_set("1", "chat:v1", 2)), project_replica_set(replica_set("2", "chat:v2", 1))
GONE = project_replica_set(replica_set("1", "chat:v1", 0))
CRASHING = replace(
    project_pod(pod(containers=[status("app", waiting("CrashLoopBackOff"), last=terminated(1))])),
    name="chat-server-2-x", owner="chat-server-2", owner_kind="ReplicaSet",
)  # fmt: skip

CASES = {
    "complete": (deployment(), (), State.OK, ""),
    "scaled to nothing": (deployment(0, 0, 0, 0), (), State.OK, ""),
    "complete and paused": (deployment(paused=True), (), State.OK, "paused"),
    "paused half way": (
        deployment(updated=1, ready=3, paused=True),
        (),
        State.DEGRADED,
        "paused in the middle of a rollout",
    ),
    "rolling": (deployment(updated=1, total=4, progress=("ReplicaSetUpdated", "")), (), State.PROGRESSING, ""),
    "not yet seen": (deployment(observed=4), (), State.PROGRESSING, ""),
    "rolling into a crash": (
        deployment(updated=1, total=4, progress=("ReplicaSetUpdated", "")),
        (CRASHING,),
        State.DEGRADED,
        "chat-server-2-x: exit 1",
    ),
    "deadline": (
        deployment(updated=1, total=4, progress=("ProgressDeadlineExceeded", "has timed out")),
        (CRASHING,),
        State.FAILED,
        "stuck: chat-server-2-x: exit 1",
    ),
    "deadline, cause unknown": (
        deployment(updated=1, progress=("ProgressDeadlineExceeded", "")),
        (),
        State.FAILED,
        "stuck: no progress before its deadline",
    ),
    "quota": (
        deployment(updated=1, ready=2, failure='pods "x" is forbidden: exceeded quota: q'),
        (),
        State.FAILED,
        'cannot create pods: pods "x" is forbidden: exceeded quota: q',
    ),
    "one lost": (deployment(ready=2), (), State.DEGRADED, "1 of 3 pods are not available"),
    "one crashes": (deployment(ready=2), (CRASHING,), State.DEGRADED, "chat-server-2-x: exit 1"),
    "none left": (deployment(ready=0), (), State.FAILED, "no pod is available"),
}


@pytest.mark.parametrize("case", CASES)
def test_state_and_reason(case: str) -> None:
    raw, pods, state, reason = CASES[case]
    [row] = rollouts([project_deployment(raw)], [OLD, NEW], pods)
    assert (row.state, row.reason) == (state, reason)


def test_the_old_image_shows_while_it_runs() -> None:
    facts = project_deployment(deployment(updated=1, total=3))
    assert rollouts([facts], [OLD, NEW], [])[0].old_images == ("chat:v1",)
    assert rollouts([facts], [GONE, NEW], [])[0].old_images == ()
    assert rollouts([facts], [OLD, NEW], [])[0].images == ("chat:v2",)


def test_rows_stand_by_name() -> None:
    one, two = project_deployment(deployment()), replace(project_deployment(deployment()), name="a", uid="e")
    assert [r.name for r in rollouts([one, two], [], [])] == ["a", "chat-server"]


def test_autoscalers() -> None:
    row = project_autoscaler(
        {
            "metadata": {"uid": "h", "name": "chat-server"},
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "chat-server"}, "minReplicas": 2, "maxReplicas": 8,
                "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}],
            },
            "status": {
                "currentReplicas": 3, "desiredReplicas": 4,
                "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 91}}}],
                "conditions": [{"type": "ScalingActive", "status": "True"}],
            },
        }
    )  # fmt: skip
    assert (row.current_utilization, row.target_utilization, row.desired_replicas, row.reason) == (91, 70, 4, "")
    blind = project_autoscaler(
        {"status": {"conditions": [{"type": "ScalingActive", "status": "False", "message": "no metrics returned"}]}}
    )
    assert (blind.current_utilization, blind.reason) == (None, "no metrics returned")
