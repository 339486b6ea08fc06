# ruff: noqa: E501
"""Why a pod fails, in one line."""

from __future__ import annotations

from dataclasses import replace

import pytest
from feeds_pods import pod, running, status, terminated, waiting

from veza_tui.feeds.pods import failing_container, project_pod, with_events
from veza_tui.model.workload import EventRow, State

READY = {"Ready": ("True", "", "")}
NOT_READY = {"Ready": ("False", "ContainersNotReady", "containers with unready status: [app]")}


def warning(reason: str, message: str, count: int = 3) -> EventRow:
    return EventRow(f"e-{reason}", "Warning", reason, message, "Pod", "p", "u", count, 1.0, 2.0, "kubelet")


CASES = {
    "crash": (
        pod(
            containers=[
                status("app", waiting("CrashLoopBackOff", "back-off 5m0s"), restarts=3, last=terminated(1, "Error"))
            ]
        ),
        State.FAILED,
        "exit 1",
    ),
    "kill": (
        pod(containers=[status("app", waiting("CrashLoopBackOff"), last=terminated(137, "Error"))]),
        State.FAILED,
        "exit 137 (SIGKILL)",
    ),
    "oom with a limit": (
        pod(containers=[status("app", waiting("CrashLoopBackOff"), last=terminated(137, "OOMKilled"))], memory="128Mi"),
        State.FAILED,
        "out of memory: killed at its limit of 128Mi",
    ),
    "oom without": (
        pod(containers=[status("app", terminated(137, "OOMKilled"))]),
        State.FAILED,
        "out of memory: no limit of its own: the node ran out",
    ),
    "cannot start": (
        pod(
            containers=[
                status(
                    "app",
                    waiting("CrashLoopBackOff", "back-off 10s restarting failed container=app pod=p_ns(uid)"),
                    last=terminated(
                        128,
                        "StartError",
                        message="failed to create containerd task: failed to create shim task: OCI runtime create failed: runc "
                        'create failed: unable to start container process: exec: "srv": executable file not found in $PATH: unknown',
                    ),
                )
            ]
        ),
        State.FAILED,
        'cannot start: exec: "srv": executable file not found in $PATH',
    ),
    "image, kubelet 1.32 and later": (
        pod(
            "Pending",
            [
                status(
                    "app",
                    waiting(
                        "ImagePullBackOff",
                        'Back-off pulling image "registry.veza.com/app:v9": ErrImagePull: rpc error: code = NotFound desc = '
                        'failed to pull and unpack image "registry.veza.com/app:v9": failed to resolve reference '
                        '"registry.veza.com/app:v9": registry.veza.com/app:v9: not found',
                    ),
                )
            ],
            image="registry.veza.com/app:v9",
        ),
        State.FAILED,
        "image registry.veza.com/app:v9 not found",
    ),
    "image, older kubelet": (
        pod(
            "Pending", [status("app", waiting("ImagePullBackOff", 'Back-off pulling image "registry.veza.com/app:v1"'))]
        ),
        State.FAILED,
        "image registry.veza.com/app:v1 cannot be pulled",
    ),
    "image name": (
        pod("Pending", [status("app", waiting("InvalidImageName", "couldn't parse"))], image="A B"),
        State.FAILED,
        "image A B is no valid image name",
    ),
    "config": (
        pod("Pending", [status("app", waiting("CreateContainerConfigError", 'secret "db" not found'))]),
        State.FAILED,
        'CreateContainerConfigError: secret "db" not found',
    ),
    "unschedulable": (
        pod(
            "Pending",
            conditions={
                "PodScheduled": (
                    "False",
                    "Unschedulable",
                    "0/3 nodes are available: 3 Insufficient cpu. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims.",
                )
            },
        ),
        State.FAILED,
        "unschedulable: 0/3 nodes are available: 3 Insufficient cpu",
    ),
    "evicted": (
        pod("Failed", reason="Evicted", message="The node was low on resource: memory."),
        State.FAILED,
        "Evicted: The node was low on resource: memory.",
    ),
    "init": (
        pod(
            "Pending",
            init=[status("migrate", waiting("CrashLoopBackOff"), last=terminated(2, "Error"))],
            inits=("migrate",),
        ),
        State.FAILED,
        "init container migrate: exit 2",
    ),
    "second container": (
        pod(
            containers=[
                status("app", running(), ready=True),
                status("proxy", waiting("CrashLoopBackOff"), last=terminated(1)),
            ],
            names=("app", "proxy"),
        ),
        State.FAILED,
        "proxy: exit 1",
    ),
    "restarted, not ready yet": (
        pod(containers=[status("app", running(), restarts=2, last=terminated(1, "Error"))], conditions=NOT_READY),
        State.DEGRADED,
        "restarted after exit 1",
    ),
    "lost readiness": (
        pod(containers=[status("app", running())], conditions=NOT_READY),
        State.DEGRADED,
        "lost its readiness",
    ),
    "starting": (
        pod(containers=[status("app", running("2026-01-01T00:10:00Z"))], conditions=NOT_READY),
        State.PROGRESSING,
        "",
    ),
    "gate": (
        pod(
            containers=[status("app", running(), ready=True)],
            conditions={
                "Ready": ("False", "ReadinessGatesNotReady", "corresponding condition of pod readiness gate absent")
            },
        ),
        State.DEGRADED,
        "corresponding condition of pod readiness gate absent",
    ),
    "well": (pod(containers=[status("app", running(), ready=True, restarts=4)], conditions=READY), State.OK, ""),
    "done": (pod("Succeeded", [status("app", terminated(0, "Completed"))]), State.OK, ""),
    "going": (pod(containers=[status("app", running(), ready=True)], deleting=True), State.PROGRESSING, ""),
    "node lost": (pod(reason="NodeLost", deleting=True), State.FAILED, "its node node-1 does not answer"),
    "creating": (pod("Pending", [status("app", waiting("ContainerCreating"))]), State.PROGRESSING, ""),
    "unknown": (pod("Unknown"), State.UNKNOWN, ""),
}


@pytest.mark.parametrize("case", CASES)
def test_state_and_cause(case: str) -> None:
    raw, state, cause = CASES[case]
    row = project_pod(raw)
    assert (row.state, row.cause) == (state, cause)


def test_causes_are_printable() -> None:
    row = project_pod(pod("Failed", reason="Evicted", message="\x1b[2J\x1b]0;title\x07 gone\nnext"))
    assert "\x1b" not in row.cause
    assert "\n" not in row.cause


def test_a_failed_probe_is_told_by_its_event() -> None:
    row = project_pod(pod(containers=[status("app", running())], conditions=NOT_READY))
    event = warning("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    assert with_events(row, [event]).cause == "readiness probe failed: HTTP probe failed with statuscode: 503"


@pytest.mark.parametrize(("after", "words"), [(20, "out of memory"), (600, "readiness probe failed")])
def test_a_probe_right_after_a_kill_does_not_hide_the_kill(after: float, words: str) -> None:
    row = project_pod(pod(containers=[status("app", running())], conditions=NOT_READY))
    killed = replace(row, cause="restarted after out of memory: killed at its limit of 1Gi", last_restart=1_000.0)
    event = replace(warning("Unhealthy", "Readiness probe failed: 503", 9), last=1_000.0 + after)
    assert words in with_events(killed, [event]).cause


def test_a_slow_start_is_no_failure() -> None:
    row = project_pod(pod(containers=[status("app", running("2026-01-01T00:10:00Z"))], conditions=NOT_READY))
    assert with_events(row, [warning("Unhealthy", "Startup probe failed: refused", 3)]) == row
    assert with_events(row, [warning("Unhealthy", "Readiness probe failed: refused", 1)]) == row
    assert with_events(row, [warning("Unhealthy", "Startup probe failed: refused", 9)]).state is State.DEGRADED


def test_the_registrys_word_is_told_by_an_event_where_the_status_lacks_it() -> None:
    row = project_pod(CASES["image, older kubelet"][0])
    event = warning(
        "Failed",
        'Failed to pull image "registry.veza.com/app:v1": rpc error: code = Unknown desc = failed to authorize: 401 Unauthorized',
    )
    assert with_events(row, [event]).cause == "image registry.veza.com/app:v1 failed to authorize: 401 Unauthorized"


def test_a_volume_that_cannot_be_mounted() -> None:
    row = project_pod(pod("Pending", [status("app", waiting("ContainerCreating"))]))
    explained = with_events(
        row, [warning("FailedMount", 'MountVolume.SetUp failed for volume "x": secret "x" not found')]
    )
    assert explained.state is State.DEGRADED
    assert 'secret "x" not found' in explained.cause


def test_events_say_nothing_of_a_pod_that_is_well() -> None:
    row = project_pod(CASES["well"][0])
    assert with_events(row, [warning("Unhealthy", "Readiness probe failed")]) is row


def test_the_failing_container() -> None:
    assert failing_container(project_pod(CASES["second container"][0])).name == "proxy"  # type: ignore[union-attr]
    assert failing_container(project_pod(CASES["init"][0])).name == "migrate"  # type: ignore[union-attr]
    assert failing_container(project_pod(CASES["lost readiness"][0])).name == "app"  # type: ignore[union-attr]
    assert failing_container(project_pod(CASES["well"][0])) is None


@pytest.mark.parametrize(
    "raw", [{}, {"metadata": None}, {"spec": {"containers": "x"}}, {"status": {"conditions": [1, None]}}]
)
def test_nonsense_is_a_row_all_the_same(raw: dict[str, object]) -> None:
    assert project_pod(raw).state is State.UNKNOWN
