"""The rows of `kubectl get`: pods in every state, ages, workloads."""

from __future__ import annotations

from typing import Any

import pytest

from veza_tui.embedded.api.resources import STORED, resource
from veza_tui.embedded.api.table import columns, table_of
from veza_tui.embedded.api.table.common import human_duration
from veza_tui.embedded.api.table.pods import summary

JSONObject = dict[str, Any]
NOW = 1_800_000_000.0
AGO_20 = "2027-01-15T07:59:40Z"


def pod(status: JSONObject, *, init: list[JSONObject] | None = None, containers: int = 1, **meta: Any) -> JSONObject:
    spec: JSONObject = {"containers": [{"name": f"c{i}"} for i in range(containers)]}
    if init is not None:
        spec["initContainers"] = init
    return {"metadata": {"name": "p", "creationTimestamp": AGO_20, **meta}, "spec": spec, "status": status}


def running(*, ready: bool = True, **extra: Any) -> JSONObject:
    return {"name": "c0", "ready": ready, "restartCount": 0, "state": {"running": {"startedAt": AGO_20}}, **extra}


def waiting(reason: str, **extra: Any) -> JSONObject:
    return {"name": "c0", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": reason}}, **extra}


def ended(code: int, reason: str = "", signal: int = 0) -> JSONObject:
    state = {"exitCode": code, **({"reason": reason} if reason else {}), **({"signal": signal} if signal else {})}
    return {"name": "c0", "ready": False, "restartCount": 0, "state": {"terminated": state}}


READY = [{"type": "Ready", "status": "True"}]
LAST = {"lastState": {"terminated": {"exitCode": 1, "finishedAt": AGO_20}}}


@pytest.mark.parametrize(
    ("obj", "ready", "reason", "restarts"),
    [
        (pod({"phase": "Running", "containerStatuses": [running()]}), "1/1", "Running", "0"),
        (pod({"phase": "Pending"}), "0/1", "Pending", "0"),
        (
            pod({"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}),
            "0/1",
            "ContainerCreating",
            "0",
        ),
        (pod({"phase": "Pending", "containerStatuses": [waiting("ImagePullBackOff")]}), "0/1", "ImagePullBackOff", "0"),
        (
            pod({"phase": "Running", "containerStatuses": [waiting("CrashLoopBackOff") | {"restartCount": 7} | LAST]}),
            "0/1",
            "CrashLoopBackOff",
            "7 (20s ago)",
        ),
        (pod({"phase": "Running", "containerStatuses": [ended(137, "OOMKilled")]}), "0/1", "OOMKilled", "0"),
        (pod({"phase": "Running", "containerStatuses": [ended(3)]}), "0/1", "ExitCode:3", "0"),
        (pod({"phase": "Running", "containerStatuses": [ended(0, signal=9)]}), "0/1", "Signal:9", "0"),
        (pod({"phase": "Succeeded", "containerStatuses": [ended(0, "Completed")]}), "0/1", "Completed", "0"),
        (pod({"phase": "Failed", "reason": "Evicted"}), "0/1", "Evicted", "0"),
        (
            pod(
                {"phase": "Running", "containerStatuses": [ended(0, "Completed"), running()], "conditions": READY},
                containers=2,
            ),
            "1/2",
            "Running",
            "0",
        ),
        (
            pod({"phase": "Running", "containerStatuses": [ended(0, "Completed"), running()]}, containers=2),
            "1/2",
            "NotReady",
            "0",
        ),
        (
            pod({"phase": "Running", "containerStatuses": [running()]}, deletionTimestamp=AGO_20),
            "1/1",
            "Terminating",
            "0",
        ),
        (
            pod({"phase": "Succeeded", "containerStatuses": [ended(0, "Completed")]}, deletionTimestamp=AGO_20),
            "0/1",
            "Completed",
            "0",
        ),
        (pod({"phase": "Running", "reason": "NodeLost"}, deletionTimestamp=AGO_20), "0/1", "Unknown", "0"),
        (
            pod(
                {"phase": "Pending", "initContainerStatuses": [waiting("PodInitializing")]},
                init=[{"name": "i"}, {"name": "j"}],
            ),
            "0/1",
            "Init:0/2",
            "0",
        ),
        (
            pod(
                {"phase": "Pending", "initContainerStatuses": [ended(0), waiting("ImagePullBackOff")]},
                init=[{"name": "c0"}, {"name": "j"}],
            ),
            "0/1",
            "Init:ImagePullBackOff",
            "0",
        ),
        (
            pod({"phase": "Pending", "initContainerStatuses": [ended(2)]}, init=[{"name": "c0"}]),
            "0/1",
            "Init:ExitCode:2",
            "0",
        ),
        (
            pod({"phase": "Pending", "initContainerStatuses": [ended(1, "Error")]}, init=[{"name": "c0"}]),
            "0/1",
            "Init:Error",
            "0",
        ),
        (
            pod(
                {
                    "phase": "Running",
                    "initContainerStatuses": [running() | {"started": True, "restartCount": 2} | LAST],
                    "containerStatuses": [running()],
                },
                init=[{"name": "c0", "restartPolicy": "Always"}],
            ),
            "2/2",
            "Running",
            "2 (20s ago)",
        ),
        (
            pod(
                {
                    "phase": "Pending",
                    "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}],
                }
            ),
            "0/1",
            "SchedulingGated",
            "0",
        ),
    ],
)
def test_pod_status(obj: JSONObject, ready: str, reason: str, restarts: str) -> None:
    have, total, status, count = summary(obj, NOW)
    assert (f"{have}/{total}", status, count) == (ready, reason, restarts)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "<invalid>"),
        (-0.5, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (200, "3m20s"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (11_100, "3h5m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (176_400, "2d1h"),
        (691_200, "8d"),
        (86_400 * 400, "400d"),
        (86_400 * 800, "2y70d"),
        (86_400 * 365 * 9, "9y"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_wide_columns_have_a_lower_priority() -> None:
    names = {c["name"]: c["priority"] for c in columns(resource("pods"))}
    assert names == {
        "Name": 0,
        "Ready": 0,
        "Status": 0,
        "Restarts": 0,
        "Age": 0,
        "IP": 1,
        "Node": 1,
        "Nominated Node": 1,
        "Readiness Gates": 1,
    }


def test_every_kind_has_a_cell_for_each_column() -> None:
    for kind in STORED:
        obj = {"kind": kind.kind, "metadata": {"name": "x", "creationTimestamp": AGO_20}, "spec": {}, "status": {}}
        table = table_of(kind, [obj], {}, include="None", version="v1", now=NOW)
        assert len(table["rows"][0]["cells"]) == len(table["columnDefinitions"]), kind.kind
        assert table["rows"][0]["object"] is None


def test_events_and_autoscalers() -> None:
    event = {
        "metadata": {"name": "e", "creationTimestamp": AGO_20},
        "involvedObject": {"kind": "Pod", "name": "p"},
        "type": "Warning",
        "reason": "BackOff",
        "message": " m ",
        "count": 3,
        "source": {"component": "kubelet", "host": "n"},
        "firstTimestamp": "2027-01-15T07:50:00Z",
        "lastTimestamp": AGO_20,
    }
    row = table_of(resource("events"), [event], {}, include="None", version="v1", now=NOW)["rows"][0]
    assert row["cells"] == ["20s", "Warning", "BackOff", "pod/p", "", "kubelet, n", "m", "10m", "3", "e"]
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}
    scaler: JSONObject = {
        "metadata": {"name": "h", "creationTimestamp": AGO_20},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "d"},
            "maxReplicas": 5,
            "minReplicas": 2,
            "metrics": [metric],
        },
        "status": {"currentReplicas": 3},
    }
    kind = resource("horizontalpodautoscalers.autoscaling")
    cells = table_of(kind, [scaler], {}, include="None", version="v1", now=NOW)["rows"][0]["cells"]
    assert cells == ["h", "Deployment/d", "cpu: <unknown>/70%", "2", 5, 3, "20s"]
    scaler["status"]["currentMetrics"] = [{"type": "Resource", "resource": {"current": {"averageUtilization": 33}}}]
    cells = table_of(kind, [scaler], {}, include="None", version="v1", now=NOW)["rows"][0]["cells"]
    assert cells[2] == "cpu: 33%/70%"
