"""STATUS, READY and RESTARTS: each case of the API server's printer."""

from __future__ import annotations

import pytest
from feeds_pods import Raw, pod, running, status, terminated, waiting

from veza_tui.feeds.pod_status import columns

READY = {"Ready": ("True", "", "")}
INITIALIZED = {"Initialized": ("True", "", "")}

CASES: dict[str, tuple[Raw, tuple[str, str, int]]] = {
    "running": (pod(containers=[status("app", running(), ready=True)], conditions=READY), ("Running", "1/1", 0)),
    "pending, nothing known": (pod("Pending"), ("Pending", "0/1", 0)),
    "creating": (pod("Pending", [status("app", waiting("ContainerCreating"))]), ("ContainerCreating", "0/1", 0)),
    "phase's reason": (pod("Failed", reason="Evicted"), ("Evicted", "0/1", 0)),
    "gated": (
        pod("Pending", conditions={"PodScheduled": ("False", "SchedulingGated", "")}),
        ("SchedulingGated", "0/1", 0),
    ),
    "crash loop": (
        pod(containers=[status("app", waiting("CrashLoopBackOff"), restarts=7, last=terminated(1, "Error"))]),
        ("CrashLoopBackOff", "0/1", 7),
    ),
    "image": (pod("Pending", [status("app", waiting("ImagePullBackOff"))]), ("ImagePullBackOff", "0/1", 0)),
    "ended with a reason": (pod(containers=[status("app", terminated(137, "OOMKilled"))]), ("OOMKilled", "0/1", 0)),
    "ended by a signal": (pod(containers=[status("app", terminated(0, signal=9))]), ("Signal:9", "0/1", 0)),
    "ended with a code": (pod(containers=[status("app", terminated(3))]), ("ExitCode:3", "0/1", 0)),
    "completed": (pod("Succeeded", [status("app", terminated(0, "Completed"))]), ("Completed", "0/1", 0)),
    "completed beside a running one, ready": (
        pod(
            containers=[status("job", terminated(0, "Completed")), status("app", running(), ready=True)],
            names=("job", "app"),
            conditions=READY,
        ),
        ("Running", "1/2", 0),
    ),
    "completed beside a running one, not ready": (
        pod(
            containers=[status("job", terminated(0, "Completed")), status("app", running(), ready=True)],
            names=("job", "app"),
        ),
        ("NotReady", "1/2", 0),
    ),
    "the first container in trouble speaks": (
        pod(
            containers=[status("a", waiting("ErrImagePull")), status("b", waiting("CrashLoopBackOff"))],
            names=("a", "b"),
        ),
        ("ErrImagePull", "0/2", 0),
    ),
    "init under way": (
        pod("Pending", [status("app", waiting("PodInitializing"))], init=[status("i", running())], inits=("i", "j")),
        ("Init:0/2", "0/1", 0),
    ),
    "second init under way": (
        pod(
            "Pending",
            init=[status("i", terminated(0, "Completed")), status("j", waiting("PodInitializing"))],
            inits=("i", "j"),
        ),
        ("Init:1/2", "0/1", 0),
    ),
    "init waiting for a reason": (
        pod("Pending", init=[status("i", waiting("ImagePullBackOff"), restarts=2)], inits=("i",)),
        ("Init:ImagePullBackOff", "0/1", 2),
    ),
    "init crash loop": (
        pod("Pending", init=[status("i", waiting("CrashLoopBackOff"), restarts=4, last=terminated(1))], inits=("i",)),
        ("Init:CrashLoopBackOff", "0/1", 4),
    ),
    "init ended with a code": (
        pod("Pending", init=[status("i", terminated(2))], inits=("i",)),
        ("Init:ExitCode:2", "0/1", 0),
    ),
    "init ended by a signal": (
        pod("Pending", init=[status("i", terminated(137, signal=9))], inits=("i",)),
        ("Init:Signal:9", "0/1", 0),
    ),
    "init ended with a reason": (
        pod("Pending", init=[status("i", terminated(1, "Error"))], inits=("i",)),
        ("Init:Error", "0/1", 0),
    ),
    "init is over, its restarts too": (
        pod(
            containers=[status("app", running(), ready=True, restarts=1)],
            init=[status("i", terminated(0, "Completed"), restarts=5)],
            inits=("i",),
            conditions=READY,
        ),
        ("Running", "1/1", 1),
    ),
    "pod initializing": (
        pod("Pending", [status("app", waiting("PodInitializing"))], init=[status("i", terminated(0))], inits=("i",)),
        ("PodInitializing", "0/1", 0),
    ),
    "sidecar counts": (
        pod(
            containers=[status("app", running(), ready=True, restarts=1)],
            init=[status("s", running(), ready=True, started=True, restarts=2)],
            inits=("s",),
            sidecars=("s",),
            conditions=READY,
        ),
        ("Running", "2/2", 3),
    ),
    "sidecar starting": (
        pod("Pending", init=[status("s", running(), started=False)], inits=("s",), sidecars=("s",)),
        ("Init:0/1", "0/2", 0),
    ),
    "sidecar crashed after initialisation": (
        pod(
            containers=[status("app", running(), ready=True)],
            init=[status("s", waiting("CrashLoopBackOff"), restarts=3, started=False)],
            inits=("s",),
            sidecars=("s",),
            conditions=INITIALIZED,
        ),
        ("Init:CrashLoopBackOff", "1/2", 3),
    ),
    "terminating": (
        pod(containers=[status("app", running(), ready=True)], deleting=True, conditions=READY),
        ("Terminating", "1/1", 0),
    ),
    "deleted but ended": (
        pod("Failed", [status("app", terminated(1, "Error"))], deleting=True),
        ("Error", "0/1", 0),
    ),
    "node lost": (pod(containers=[status("app", running())], deleting=True, reason="NodeLost"), ("Unknown", "0/1", 0)),
    "nothing at all": ({}, ("", "0/0", 0)),
    "nonsense": ({"metadata": [], "spec": 1, "status": {"containerStatuses": {"a": 1}, "phase": None}}, ("", "0/0", 0)),
}


@pytest.mark.parametrize("case", CASES)
def test_columns(case: str) -> None:
    raw, (word, ready, restarts) = CASES[case]
    shown = columns(raw)
    assert (shown.status, f"{shown.ready}/{shown.total}", shown.restarts) == (word, ready, restarts)


def test_the_last_restart_is_the_newest_end() -> None:
    early, late = terminated(1, finished="2026-01-01T00:00:00Z"), terminated(1, finished="2026-01-01T00:00:20Z")
    shown = columns(
        pod(
            containers=[status("a", running(), restarts=1, last=late), status("b", running(), restarts=1, last=early)],
            names=("a", "b"),
        )
    )
    assert shown.last_restart == 1767225620.0


def test_no_restarts_no_last_restart() -> None:
    assert columns(pod(containers=[status("a", running(), last=terminated(1))], names=("a",))).last_restart is None
