"""Which containers have a log, and when one is over: init, sidecar and debug containers beside the main ones."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.tools.log_follow import QuickClock, quick
from tests.tools.log_world import Pod, Run, World
from veza_tui.feeds.logs.runs import run_of
from veza_tui.feeds.logs.session import LogSession
from veza_tui.feeds.logs.targets import check_containers, containers_of, ordered
from veza_tui.feeds.logs.visible import text_of
from veza_tui.feeds.logs.wish import Wish
from veza_tui.feeds.pods import project_pod
from veza_tui.model.errors import ConfigError
from veza_tui.model.log import STAMP, TAG, Beginning, Scope, Target

ENDED = {"terminated": {"exitCode": 0, "reason": "Completed"}}
FAILED = {"terminated": {"exitCode": 137, "reason": "Error"}}
RUNS = {"running": {"startedAt": "2026-11-23T12:00:00Z"}}


def pod(policy: str = "Always", **states: dict[str, Any]) -> dict[str, Any]:
    """``app`` and an init container, a sidecar and a debug container, in the states given."""
    kinds = {
        "init": ("prepare", "sidecar"),
        "": ("app",),
        "ephemeral": ("debugger",),
    }
    spec: dict[str, Any] = {"restartPolicy": policy}
    status: dict[str, Any] = {"phase": "Running", "conditions": [{"type": "Initialized", "status": "True"}]}
    for kind, names in kinds.items():
        containers = f"{kind}Containers" if kind else "containers"
        spec[containers] = [
            {"name": n, "image": "i", **({"restartPolicy": "Always"} if n == "sidecar" else {})} for n in names
        ]
        status[f"{containers[:-1]}Statuses"] = [
            {"name": n, "restartCount": 0, "ready": n != "prepare", "started": True, "state": states.get(n, RUNS)}
            for n in names
        ]
    meta = {"name": "web", "uid": "u", "namespace": "veza", "creationTimestamp": "2026-11-23T11:59:00Z"}
    return {"metadata": meta, "spec": spec, "status": status}


def test_every_kind_of_container_has_a_log() -> None:
    row = project_pod(pod(prepare=ENDED))
    assert [c.name for c in containers_of(row)] == ["prepare", "sidecar", "app", "debugger"]
    assert [c.name for c in containers_of(row, ("debugger",))] == ["debugger"]


def test_a_debug_container_that_failed_says_nothing_of_the_pod() -> None:
    well, after = project_pod(pod(prepare=ENDED)), project_pod(pod(prepare=ENDED, debugger=FAILED))
    assert after.state is well.state
    assert (after.ready, after.total, after.restarts, after.cause) == (well.ready, well.total, 0, "")


@pytest.mark.parametrize(
    ("name", "policy", "state", "final"),
    [
        ("debugger", "Always", ENDED, True),
        ("debugger", "Always", FAILED, True),
        ("prepare", "Always", ENDED, True),
        ("prepare", "Always", FAILED, False),
        ("prepare", "Never", FAILED, True),
        # A sidecar is started again however it ended, also in a Job's pod.
        ("sidecar", "Always", ENDED, False),
        ("sidecar", "Never", FAILED, False),
        ("app", "Always", ENDED, False),
        ("app", "OnFailure", ENDED, True),
        ("app", "OnFailure", FAILED, False),
        ("app", "Never", FAILED, True),
    ],
)
def test_when_a_container_is_over(name: str, policy: str, state: dict[str, Any], final: bool) -> None:
    assert run_of(pod(policy, **{name: state}), name).final is final


def test_a_container_that_nobody_has_is_a_wrong_word_with_the_nearest_proposed() -> None:
    rows, everything = [project_pod(pod())], [Target(Scope.ENVIRONMENT)]
    check_containers(["app", "debugger"], rows, everything)
    check_containers(["whatever"], [], everything)
    with pytest.raises(ConfigError) as told:
        check_containers(["debuger"], rows, everything)
    assert "did you mean debugger? theirs: app, debugger, prepare, sidecar" in str(told.value)


async def test_a_debug_container_that_comes_later_is_read_from_its_first_line(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)
    made = Pod("web")
    await made.say("old", "older")
    got: list[bytes] = []
    came = asyncio.Event()

    def deliver(lines: list[bytes]) -> None:
        got.extend(lines)
        came.set()

    session = LogSession(World(made), Wish((Target(Scope.ENVIRONMENT),), Beginning(tail=1)), QuickClock(), deliver)  # type: ignore[arg-type]
    try:
        session.update([project_pod(made.obj())])
        made.runs["debugger"] = [Run()]
        await made.say("first", "second", container="debugger")
        row = project_pod(made.obj())
        debugger = next(c for c in row.containers if c.name == "debugger")
        before = tuple(c for c in row.containers if c.name != "debugger")
        session.update([replace(row, containers=before, ephemeral=(debugger,))])
        async with asyncio.timeout(5):
            while len(got) < 3:
                came.clear()
                await came.wait()
        assert sorted(text_of(line[STAMP:-TAG]) for line in got) == ["first", "older", "second"]
    finally:
        await session.close()


def test_of_too_many_those_that_have_a_log_come_first() -> None:
    never, crashed, well = Pod("never"), Pod("crashed"), Pod("well")
    never.waiting["app"] = "ImagePullBackOff"
    crashed.runs["app"][-1].ended, crashed.runs["app"][-1].exit_code = True, 1
    crashed.waiting["app"] = "CrashLoopBackOff"
    rows = [project_pod(pod.obj()) for pod in (never, well, crashed)]
    assert [row.name for row in ordered(rows)] == ["crashed", "well", "never"]
