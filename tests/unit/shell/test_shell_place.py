"""Which container, and what a debug container is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.operations.shell.debug import debug_container
from veza_tui.operations.shell.place import DEFAULT_CONTAINER, not_started, place_of
from veza_tui.ports.cluster import ClusterError
from veza_tui.resources import shipped
from veza_tui.workspace.load import load_workspace


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_workspace(Path(shipped("environments")).parent).environment("development")


def pod(*names: str, default: str = "", **states: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", "annotations": {DEFAULT_CONTAINER: default} if default else {}},
        "spec": {"containers": [{"name": n, "image": f"{n}:1", "securityContext": {"runAsUser": 7, "privileged": True}}
                                for n in names]},
        "status": {"phase": "Running", "containerStatuses": [
            {"name": n, "state": states.get(n, {"running": {}})} for n in names]},
    }  # fmt: skip


def test_the_only_container_or_the_annotated_one(environment: Environment) -> None:
    assert place_of(environment, pod("a")).container("").name == "a"
    assert place_of(environment, pod("a", "b", default="b")).container("").name == "b"
    with pytest.raises(ConfigError, match="several containers: a, b"):
        place_of(environment, pod("a", "b")).container("")
    with pytest.raises(ConfigError, match="no container x"):
        place_of(environment, pod("a")).container("x")


def test_a_container_that_does_not_run_says_why(environment: Environment) -> None:
    place = place_of(environment, pod("a", a={"waiting": {"reason": "CrashLoopBackOff"}}))
    with pytest.raises(VezaError, match="CrashLoopBackOff"):
        place.container("")


@pytest.mark.parametrize(
    ("message", "status", "missing"),
    [
        ('exec: "bash": executable file not found in $PATH: unknown', 500, True),
        ("executable file `sh` not found in $PATH: No such file or directory", 500, True),
        ("container not found", 404, False),
        ("dial tcp: connection refused", 502, False),
    ],
)
def test_a_program_that_is_not_there_is_told_from_other_trouble(message: str, status: int, missing: bool) -> None:
    assert not_started(ClusterError(message, status=status)) is missing


def test_the_debug_container_shares_processes_and_user_but_no_privileges(environment: Environment) -> None:
    spec = debug_container(place_of(environment, pod("a")), "a", "busybox:1")
    assert spec["targetContainerName"] == "a"
    assert spec["securityContext"] == {"runAsUser": 7}
    assert spec["name"].startswith("veza-debug-")
