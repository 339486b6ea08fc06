"""When the agent deploys, and when a commit is pinned."""

from __future__ import annotations

from typing import Any

import pytest

from veza_tui.model.release import Release
from veza_tui.operations.deploy.agent import decide

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


def test_a_pin_says_how_to_take_it_away() -> None:
    decision = decide(HEAD, release(HEAD, kind="rollback"), unpinned=False, handled="")
    assert decision.pinned and "unpin" in decision.why
