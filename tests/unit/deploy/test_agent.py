"""When the agent deploys, and when a commit is pinned."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.tools.synthetic import environment
from veza_tui.cli.commands.agent import head_of
from veza_tui.model.environment import EnvironmentType, Policy
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.release import Release
from veza_tui.operations.deploy.agent import decide, require_auto_deploy

AUTO = Policy(auto_deploy=True, manual_approval=False)
HEAD, OTHER = "a" * 40, "b" * 40


def release(commit: str, **changes: Any) -> Release:
    return Release(1, 0.0, "w", "", "op", {}, "d", **{"good": True, "commit": commit, **changes})


@pytest.mark.parametrize(
    ("newest", "unpinned", "handled", "deploys"),
    [
        (None, False, "", True),
        (release(OTHER), False, "", True),
        (release(HEAD), False, "", False),
        (release(HEAD, kind="rollback"), False, "", False),
        (release(HEAD, good=False), False, "", False),
        (release(HEAD, good=False), True, "", True),
        (release(HEAD, good=False), True, HEAD, False),
        (release(OTHER, kind="rollback"), False, "", True),
        (release(OTHER), False, HEAD, False),
    ],
)
def test_a_commit_is_deployed_once_and_never_while_it_is_pinned(
    newest: Release | None, unpinned: bool, handled: str, deploys: bool
) -> None:
    assert decide(HEAD, newest, unpinned=unpinned, handled=handled).deploy is deploys


@pytest.mark.parametrize(
    ("left", "unpinned", "deploys"), [(HEAD, False, False), (HEAD, True, True), (OTHER, False, True)]
)
def test_a_rollback_from_another_checkout_pins_too(left: str, unpinned: bool, deploys: bool) -> None:
    newest = release("", kind="rollback")
    assert decide(HEAD, newest, unpinned=unpinned, handled="", left=left).deploy is deploys
    assert decide(HEAD, release(OTHER), unpinned=False, handled="", left=HEAD).deploy, "only a rollback goes back"


class Git:
    """The commands service in a directory of its own."""

    async def run(self, argv: Sequence[str], *, directory: Path, on_line: Callable[[str], None]) -> int:
        done = subprocess.run(argv, cwd=directory, capture_output=True, text=True)
        for line in (done.stdout + done.stderr).splitlines():
            on_line(line)
        return done.returncode


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@t")
    (tmp_path / "k8s" / "development").mkdir(parents=True)
    (tmp_path / "k8s" / "development" / "a.yaml").write_text("a: 1")
    world = SimpleNamespace(environment=lambda name: name, service=lambda env, name: Git(), directory=tmp_path)

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", "-C", tmp_path, *words], check=True, capture_output=True, text=True
        ).stdout.strip()

    return SimpleNamespace(path=tmp_path, git=git, service=SimpleNamespace(world=world))


async def test_head_is_read_detached_moved_back_and_with_changes(checkout: Any) -> None:
    with pytest.raises(ConfigError, match="no git repository"):
        await head_of(checkout.service, "development")
    checkout.git("init", "-q")
    with pytest.raises(ConfigError, match="no git repository with a commit"):
        await head_of(checkout.service, "development")
    checkout.git("add", ".")
    checkout.git("commit", "-qm", "one")
    first = checkout.git("rev-parse", "HEAD")
    assert await head_of(checkout.service, "development") == (first, "")
    (checkout.path / "k8s" / "development" / "b.yaml").write_text("b: 1")
    (checkout.path / "backups").mkdir()
    (checkout.path / "backups" / "x").write_text("beside")
    assert await head_of(checkout.service, "development") == (first, "k8s/development/b.yaml")
    assert await head_of(checkout.service, "staging") == (first, ""), "another environment's files are its own business"
    checkout.git("add", "k8s")
    checkout.git("commit", "-qm", "two")
    second = checkout.git("rev-parse", "HEAD")
    assert await head_of(checkout.service, "development") == (second, "")
    checkout.git("checkout", "-q", "--detach", first)
    assert await head_of(checkout.service, "development") == (first, "")
    checkout.git("checkout", "-q", "-")
    checkout.git("reset", "-q", "--hard", first)
    assert await head_of(checkout.service, "development") == (first, "")
    (checkout.path / "k8s" / "development" / "a.yaml").write_text("a: 2")
    assert (await head_of(checkout.service, "development"))[1] == "k8s/development/a.yaml"


@pytest.mark.parametrize(
    ("changes", "read_only", "why"),
    [
        ({"policy": Policy(auto_deploy=False)}, False, "auto_deploy is false"),
        ({"policy": Policy(auto_deploy=True, manual_approval=True)}, False, "approval by hand"),
        ({"policy": AUTO, "type": EnvironmentType.PROD}, False, "approval by hand"),
        ({"policy": AUTO}, True, "read-only"),
        ({"policy": AUTO, "read_only": True}, False, "read-only"),
    ],
)
def test_policy_comes_first(changes: dict[str, Any], read_only: bool, why: str) -> None:
    with pytest.raises(RefusedError, match=why):
        require_auto_deploy(replace(environment("development"), **changes), read_only=read_only)
    require_auto_deploy(replace(environment("development"), policy=AUTO))


def test_a_pin_says_how_to_take_it_away() -> None:
    decision = decide(HEAD, release(HEAD, kind="rollback"), unpinned=False, handled="")
    assert decision.pinned and "unpin" in decision.why
