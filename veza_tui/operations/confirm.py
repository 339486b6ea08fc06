"""Confirmation tiers, pure: what a person must do before a plan runs."""

from __future__ import annotations

from enum import StrEnum

from veza_tui.model.environment import Environment, EnvironmentType
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Plan
from veza_tui.model.text import printable


class Tier(StrEnum):
    """How a plan is confirmed."""

    NONE = "none"
    """It changes nothing."""
    YES_NO = "yes-no"
    TYPE = "type"
    """A text is typed, usually the environment's name."""


def confirmation(environment: Environment, plan: Plan) -> tuple[Tier, str]:
    """The tier and the text that ``--confirm`` must give (with TYPE it is also what a person types).

    A plan may ask for a text of its own (``Plan.confirm``); else development is y/N, and so is, everywhere, what
    touches nothing live: a name that is typed out of habit protects nothing any more. Everything else types the name.
    """
    if not any(step.mutates for step in plan.steps):
        return Tier.NONE, ""
    if plan.confirm:
        return Tier.TYPE, plan.confirm
    if plan.harmless or environment.type is EnvironmentType.DEV:
        return Tier.YES_NO, environment.name
    return Tier.TYPE, environment.name


def accepted(tier: Tier, text: str, *, yes: bool, confirm: str) -> bool:
    """Whether the flags given confirm it without a question.

    Raises:
        ConfigError: ``--confirm`` was given and is not the text asked for.
    """
    if tier is Tier.NONE:
        return True
    if confirm and confirm != text:
        raise ConfigError(
            f"--confirm {printable(confirm, limit=40)!r} does not confirm this plan", hint=f"it must be {text}"
        )
    return confirm == text or (tier is Tier.YES_NO and yes)


def instruction(tier: Tier, text: str) -> str:
    """The flag that confirms without a terminal."""
    return "--yes" if tier is Tier.YES_NO else f"--confirm {text}"
