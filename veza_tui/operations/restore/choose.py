"""Which backup? From a moment: a time, or the deploy that did it."""

from __future__ import annotations

import asyncio
import re

from veza_tui.model.catalogue import proposable
from veza_tui.model.errors import ConfigError
from veza_tui.model.moment import parse_moment, spoken
from veza_tui.model.restore import propose, proven_instead
from veza_tui.operations.context import PlanContext
from veza_tui.operations.deploy import releases
from veza_tui.operations.restore.source import catalogue_of

_DEPLOY = re.compile(r"(?:just\s+)?(?:before\s+)?(?:deploy|deployment|release)\s*[#v]*\s*(\d+)", re.IGNORECASE)
_LAST = re.compile(
    r"(?:just\s+)?(?:before\s+)?(?:the\s+)?(?:last|latest)\s+(?:deploy|deployment|release)", re.IGNORECASE
)


async def moment_of(context: PlanContext, text: str) -> float:
    """``parse_moment``, and ``deploy N`` or ``last deploy``: the moment at which that release was applied."""
    deploy, last = _DEPLOY.fullmatch(text.strip()), _LAST.fullmatch(text.strip())
    if not deploy and not last:
        return parse_moment(text, context.clock.now())
    history = await releases.list_releases(context.cluster, context.environment.kubernetes.namespace)
    if last and not history:
        raise ConfigError(f"no deploy of {context.environment.name} is recorded", hint="say a time: 14:05, 2h ago")
    return max(r.at for r in history) if last else releases.find(history, deploy[1] if deploy else "").at


async def choose(context: PlanContext, moment: float | None, *, from_environment: str = "") -> tuple[str, str, float]:
    """The backup to restore: the one proposed for the moment, or the newest one when no moment is given.

    With it, where that was never proven, the newest proven one (empty when there is none), and how many minutes older
    it is.

    Raises:
        ConfigError: there is none from before that moment.
    """
    origin = from_environment or context.environment.name
    records = await asyncio.to_thread(catalogue_of(context).records, origin)
    usable = proposable(records)
    until = context.clock.now() if moment is None else moment
    name = propose(usable, until)
    if name is None:
        before = f" from before {spoken(moment)}" if moment is not None else ""
        raise ConfigError(
            f"{origin} has no backup with a database{before}", hint=f"veza-tui backups {origin} lists them"
        )
    return name, *proven_instead(usable, until)
