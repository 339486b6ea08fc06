"""A plan with everything a person must know before confirming it."""

from __future__ import annotations

from dataclasses import dataclass

from veza_tui.model.environment import Environment
from veza_tui.model.plan import Need, Plan
from veza_tui.operations.checks import need_text
from veza_tui.operations.confirm import Tier
from veza_tui.operations.policy import changes_something


@dataclass(frozen=True, slots=True)
class Preview:
    """A plan with everything a person must know before confirming it."""

    plan: Plan
    environment: Environment
    tier: Tier
    text: str
    """What to type (tier TYPE)."""
    missing: tuple[Need, ...]
    """Permissions that the plan needs and this user has not."""
    read_only: str
    """Why nothing may be changed; empty when it may."""
    approvers: int
    """How many other people must approve it; 0 when the starter's own confirmation is enough."""

    @property
    def typed(self) -> str:
        """What a person types at the question: the plan's own words, or what ``--confirm`` takes."""
        return self.plan.typed or self.text

    @property
    def refusal(self) -> str:
        """Why it cannot be started; empty when it can."""
        if self.read_only and changes_something(self.plan):
            return self.read_only
        if self.missing:
            return f"missing permissions: {', '.join(map(need_text, self.missing))}"
        return ""
