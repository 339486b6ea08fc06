"""Times as people write them."""

from __future__ import annotations

import re

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

_UNITS = {"": 60.0, "s": 1.0, "m": 60.0, "h": 3600.0}


def seconds_of(text: str) -> float:
    """Seconds of ``45s``, ``30m``, ``2h``; a bare number is minutes.

    Raises:
        ConfigError: it is nothing of that kind.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip().lower())
    if match is None or float(match[1]) <= 0:
        raise ConfigError(f"{printable(text, limit=40)!r} is no time", hint="write 45s, 30m or 2h")
    return float(match[1]) * _UNITS[match[2]]


def time_text(seconds: float) -> str:
    """The same the other way round."""
    if seconds % 3600 == 0 and seconds:
        return f"{seconds / 3600:g}h"
    return f"{seconds / 60:g}m" if seconds % 60 == 0 else f"{seconds:g}s"
