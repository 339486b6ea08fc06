"""Policy, pure: whether a plan changes something, whether it may, how many must approve it."""

from __future__ import annotations

from veza_tui.model.environment import Environment
from veza_tui.model.errors import RefusedError
from veza_tui.model.plan import Plan

READ_ONLY = "read-only: --read-only or VEZA_READ_ONLY is set"


def changes_something(plan: Plan) -> bool:
    """Whether any step mutates."""
    return any(step.mutates for step in plan.steps)


def read_only_reason(environment: Environment, read_only: bool) -> str:
    """Why nothing may be changed in it; empty when it may. ``read_only``: --read-only or VEZA_READ_ONLY."""
    if read_only:
        return READ_ONLY
    if environment.read_only:
        return f"read-only: environments/{environment.name}.yaml sets data.access.read_only"
    return ""


def refuse_when_read_only(environment: Environment, read_only: bool) -> None:
    """For what changes the world outside of an operation (a shell, an approval).

    Raises:
        RefusedError: read-only.
    """
    why = read_only_reason(environment, read_only)
    if why:
        raise RefusedError(why, hint="nothing was changed")


def approvers_needed(environment: Environment, plan: Plan) -> int:
    """How many people other than the starter must approve.

    ``manual_approval`` without ``approvers`` (the guide's production) asks for the starter's own typed confirmation,
    which the confirmation tier demands anyway: 0.
    """
    if not changes_something(plan) or not environment.policy.manual_approval:
        return 0
    return max(environment.policy.approvers, 0)
