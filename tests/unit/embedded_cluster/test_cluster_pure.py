"""Small pure parts: quantities, hashes, selectors, names of images, back-off, pod phases and conditions."""

from __future__ import annotations

from pathlib import Path

import pytest

from veza_tui.embedded.cluster import pod_status
from veza_tui.embedded.cluster.environment import expand
from veza_tui.embedded.cluster.images import Image, Images, PullError, canonical
from veza_tui.embedded.cluster.objects import (
    condition,
    int_or_percent,
    matches,
    parse_time,
    qos_class,
    quantity,
    rfc3339,
    rfc3339_nano,
    template_hash,
)
from veza_tui.embedded.cluster.programs import Fault, split_image
from veza_tui.embedded.cluster.replicaset import deletion_order
from veza_tui.embedded.cluster.scheduler import refusal
from veza_tui.embedded.cluster.timing import BackOff, duration
from veza_tui.embedded.cluster.volumes import substitute


def test_quantities():
    assert quantity("250m") == 0.25
    assert quantity("1Gi") == 1 << 30
    assert quantity("1e3") == 1000
    assert quantity(2) == 2
    assert quantity("nonsense") == 0.0
    assert int_or_percent("25%", 3, up=True) == 1
    assert int_or_percent("25%", 3, up=False) == 0


def test_times():
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert rfc3339_nano(1_500_000_001) == "1970-01-01T00:00:01.500000001Z"
    assert parse_time("1970-01-01T00:00:01.25Z") == 1.25
    assert parse_time(None) == parse_time("soon") == 0.0


def test_template_hash_is_stable_and_moves_with_template_and_collisions():
    one = {"spec": {"containers": [{"name": "a", "image": "x:1"}]}}
    assert template_hash(one) == template_hash({"spec": {"containers": [{"image": "x:1", "name": "a"}]}})
    assert template_hash(one) != template_hash({"spec": {"containers": [{"name": "a", "image": "x:2"}]}})
    assert template_hash(one) != template_hash(one, 1)
    assert set(template_hash(one)) <= set("bcdfghjklmnpqrstvwxz2456789")


def test_selectors():
    selector = {
        "matchLabels": {"app": "a"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["x", "y"]},
            {"key": "old", "operator": "DoesNotExist"},
        ],
    }
    assert matches(selector, {"app": "a", "tier": "x"})
    assert not matches(selector, {"app": "a", "tier": "z"})
    assert not matches(selector, {"app": "a", "tier": "x", "old": ""})
    assert not matches(None, {"app": "a"})
    assert matches({}, None)


def test_quality_of_service():
    full = {"resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}}}
    assert qos_class({"containers": [full]}) == "Guaranteed"
    assert qos_class({"containers": [full, {}]}) == "Burstable"
    assert qos_class({"containers": [{}]}) == "BestEffort"


@pytest.mark.parametrize(
    ("image", "split", "full"),
    [
        ("nginx", ("nginx", "latest"), "docker.io/library/nginx:latest"),
        ("veza/api:v1", ("veza/api", "v1"), "docker.io/veza/api:v1"),
        ("ghcr.io:443/a/b:2", ("ghcr.io:443/a/b", "2"), "ghcr.io:443/a/b:2"),
        ("docker.io/library/nginx:1", ("nginx", "1"), "docker.io/library/nginx:1"),
    ],
)
def test_image_names(image, split, full):
    assert split_image(image) == split
    assert canonical(image) == full


def test_command_and_args_replace_entrypoint_and_cmd():
    image = Image("x", entrypoint=("tool",), cmd=("--help",))
    assert image.argv((), ()) == ["tool", "--help"]
    assert image.argv((), ("run",)) == ["tool", "run"]
    assert image.argv(("sh",), ()) == ["sh"]
    assert image.argv(("sh",), ("-c", "x")) == ["sh", "-c", "x"]


def test_registry_refuses_with_containerds_words():
    images = Images([Image("veza/api", frozenset({"v1"}))])
    assert images.pull("veza/api:v1").repository == "veza/api"
    with pytest.raises(PullError, match=r"code = NotFound .*docker\.io/veza/api:v9: not found$"):
        images.pull("veza/api:v9")
    with pytest.raises(PullError, match="pull access denied, repository does not exist"):
        images.pull("veza/apo:v1")
    images.set_fault("veza/api:v1", Fault("pull", pull_error="{image}: no route to host"))
    with pytest.raises(PullError, match=r"^docker\.io/veza/api:v1: no route to host$"):
        images.pull("veza/api:v1")
    images.clear_fault("veza/api:v1")
    assert images.fault("veza/api:v1") is None
    images.set_fault("veza/api", Fault("oom"))
    assert images.fault("veza/api:v2") == Fault("oom")


def test_back_off_doubles_to_its_limit_and_forgives_a_long_run():
    back = BackOff(10, 300)
    assert [back.next() for _ in range(7)] == [10, 20, 40, 80, 160, 300, 300]
    back.ran_for(599)
    assert back.delay == 300
    back.ran_for(600)
    assert back.delay == 0


def test_durations_as_go_prints_them():
    texts = [duration(s) for s in (10, 80, 300, 0.812, 1.5, 3661)]
    assert texts == ["10s", "1m20s", "5m0s", "812ms", "1.5s", "1h1m1s"]


def test_dollar_references():
    env = {"A": "1", "B": "2"}
    assert expand("$(A)-$(B)-$(C)-$$(A)-$$", env) == "1-2-$(C)-$(A)-$"


def test_mount_paths_are_replaced_as_whole_paths():
    mounts = {"/backups": Path("/t/x"), "/backups/deep": Path("/t/y")}
    assert substitute("tar cf /backups/a.tar /backups/deep/b", mounts) == "tar cf /t/x/a.tar /t/y/b"
    assert substitute("/backups2 /var/backups --dir=/backups", mounts) == "/backups2 /var/backups --dir=/t/x"


def test_what_the_scheduler_says():
    assert refusal(3, {"Insufficient cpu": 3}) == (
        "0/3 nodes are available: 3 Insufficient cpu. "
        "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
    )
    mixed = refusal(3, {"node(s) were unschedulable": 1, "Insufficient memory": 2})
    assert mixed.startswith("0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory. ")
    assert mixed.endswith("2 No preemption victims found for incoming pod, 1 Preemption is not helpful for scheduling.")


def _pod(name, *, node="n1", phase="Running", ready=True, since="2026-01-01T00:00:00Z", restarts=0, created="a"):
    condition_ = {"type": "Ready", "status": str(ready), "lastTransitionTime": since}
    return {
        "metadata": {"name": name, "creationTimestamp": f"2026-01-0{1 + len(created)}T00:00:00Z"},
        "spec": {"nodeName": node},
        "status": {"phase": phase, "conditions": [condition_], "containerStatuses": [{"restartCount": restarts}]},
    }


def test_pods_are_deleted_worst_first():
    pods = [
        _pod("old-ready"),
        _pod("restarted", restarts=4),
        _pod("young-ready", since="2026-01-02T00:00:00Z"),
        _pod("unready", ready=False),
        _pod("pending", phase="Pending", ready=False),
        _pod("unscheduled", node="", phase="Pending", ready=False),
    ]
    names = [p["metadata"]["name"] for p in deletion_order(pods)]
    assert names == ["unscheduled", "pending", "unready", "young-ready", "restarted", "old-ready"]


def _state(**kw):
    return pod_status.ContainerState("app", "x:1", **kw)


def test_phases():
    running, waiting = _state(phase="running"), _state()
    ok, bad = _state(phase="terminated"), _state(phase="terminated", exit_code=1)
    always, never, failure = ({"restartPolicy": p} for p in ("Always", "Never", "OnFailure"))
    assert pod_status.phase(always, [], [running]) == "Running"
    assert pod_status.phase(always, [], [running, waiting]) == "Pending"
    assert pod_status.phase(always, [], [bad]) == "Running"
    assert pod_status.phase(never, [], [bad]) == "Failed"
    assert pod_status.phase(failure, [], [bad]) == "Running"
    assert pod_status.phase(never, [], [ok]) == "Succeeded"
    assert pod_status.phase(always, [_state(init=True, phase="running")], [waiting]) == "Pending"
    assert pod_status.phase(never, [_state(init=True, phase="terminated", exit_code=2)], [waiting]) == "Failed"
    assert pod_status.phase(always, [], [_state(last={"exitCode": 1})]) == "Running"


def test_conditions_name_what_is_not_ready_and_keep_their_times():
    init = _state(init=True)
    init.name = "migrate"
    first = pod_status.status({}, pod_status.PodState(), [init], [_state()], [], {}, 100.0)
    found = condition(first["conditions"], "Initialized")
    assert found["message"] == "containers with incomplete status: [migrate]"
    assert condition(first["conditions"], "Ready")["message"] == "containers with unready status: [app]"
    assert condition(first["conditions"], "PodReadyToStartContainers")["status"] == "False"
    init.phase = "terminated"
    main = _state(phase="running", ready=True, started=True)
    second = pod_status.status({}, pod_status.PodState(sandbox=True), [init], [main], [], first, 200.0)
    assert second["phase"] == "Running"
    assert condition(second["conditions"], "Ready")["lastTransitionTime"] == rfc3339(200)
    assert condition(second["conditions"], "PodScheduled")["lastTransitionTime"] == rfc3339(100)
    third = pod_status.status({}, pod_status.PodState(sandbox=True), [init], [main], [], second, 300.0)
    assert third == second


def test_deleted_pod_ends_succeeded_or_failed():
    stopping = pod_status.PodState(sandbox=True, stopping=True)
    out = pod_status.status({}, stopping, [], [_state(phase="terminated", exit_code=137)], [], {}, 1.0)
    assert out["phase"] == "Failed"
    out = pod_status.status({}, stopping, [], [_state(phase="terminated")], [], {}, 1.0)
    assert out["phase"] == "Succeeded"
