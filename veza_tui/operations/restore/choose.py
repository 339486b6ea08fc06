"""Which backup? From a moment: a time, or the deploy that did it."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta

from veza_tui.model.errors import ConfigError
from veza_tui.model.restore import propose
from veza_tui.model.text import printable
from veza_tui.operations.context import PlanContext
from veza_tui.operations.deploy import releases
from veza_tui.operations.restore.source import catalogue_of

_AGO = re.compile(r"(\d+)\s*(s|min|m|h|d)\w*(?:\s+ago)?", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_DEPLOY = re.compile(r"(?:before\s+)?(?:deploy|release)\s+[#v]?(\d+)", re.IGNORECASE)
_FORMS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d")


def parse_moment(text: str, now: float) -> float:
    """A person's time as unix seconds, in the local zone unless it names one. A bare clock time is the last such.

    Raises:
        ConfigError: it cannot be understood; shows what can.
    """
    words = text.strip()
    ago = _AGO.fullmatch(words)
    if ago:
        return now - int(ago[1]) * _UNITS[ago[2].lower()]
    here = datetime.fromtimestamp(now).astimezone()
    for form in ("%H:%M:%S", "%H:%M"):
        try:
            clock = datetime.strptime(words, form).time()
        except ValueError:
            continue
        moment = datetime.combine(here.date(), clock).astimezone()
        return (moment if moment <= here else moment - timedelta(days=1)).timestamp()
    for form in _FORMS:
        try:
            return datetime.strptime(words, form).astimezone().timestamp()
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(words).astimezone().timestamp()
    except ValueError:
        raise ConfigError(
            f"{printable(words, limit=40)!r} is no time that I understand",
            hint="14:05, 2h ago, 2026-01-31 14:05, or deploy 7",
        ) from None


async def moment_of(context: PlanContext, text: str) -> float:
    """The same, and ``deploy N``: the moment at which release N was applied."""
    deploy = _DEPLOY.fullmatch(text.strip())
    if not deploy:
        return parse_moment(text, context.clock.now())
    history = await releases.list_releases(context.cluster, context.environment.kubernetes.namespace)
    return releases.find(history, deploy[1]).at


async def choose(context: PlanContext, before: str, *, from_environment: str = "") -> str:
    """The backup to restore: the one proposed for the moment, or the newest one when no moment is given.

    Raises:
        ConfigError: there is none from before that moment.
    """
    moment = await moment_of(context, before) if before else context.clock.now()
    origin = from_environment or context.environment.name
    records = await asyncio.to_thread(catalogue_of(context).records, origin)
    usable = [(r.name, r.at, r.proven) for r in records if r.has_database and not r.problem]
    # A safety copy is of the state that a restore replaced: never proposed, only chosen by name.
    safety = {r.name for r in records if r.safety}
    name = propose([u for u in usable if u[0] not in safety], moment)
    if name is None:
        raise ConfigError(
            f"{origin} has no backup with a database from before then", hint=f"veza-tui backups {origin} lists them"
        )
    return name
