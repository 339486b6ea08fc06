"""Durations and times of day as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from veza_tui.model.errors import ConfigError
from veza_tui.model.log import Beginning

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(\.\d+)?)?")


def duration(text: str) -> int | None:
    """Whole seconds (at least 1) of ``90s``, ``10m``, ``1h30m`` or ``2d``; None when it is none."""
    parts = list(_PART.finditer(text.strip().lower()))
    if not parts or "".join(p.group(0) for p in parts).replace(" ", "") != text.strip().lower().replace(" ", ""):
        return None
    return max(1, round(sum(float(p.group(1)) * _SECONDS[p.group(2)] for p in parts)))


def moment(text: str, now: float, *, past: bool = True) -> datetime | None:
    """An aware time of ``12:03``, ``12:03:30.5`` (this machine's zone, the last such moment) or RFC 3339."""
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    here = datetime.fromtimestamp(now).astimezone()
    if clock:
        hour, minute, second = int(clock.group(1)), int(clock.group(2)), int(clock.group(3) or 0)
        if hour > 23 or minute > 59 or second > 59:
            return None
        found = here.replace(hour=hour, minute=minute, second=second, microsecond=int(float(clock.group(4) or 0) * 1e6))
        return found - timedelta(days=1) if past and found > here + timedelta(seconds=60) else found
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.astimezone()


def stamp_at(when: datetime) -> bytes:
    """30 bytes of UTC, to compare with a stamped line."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").encode() + b"000Z"


def beginning(text: str, now: float) -> Beginning:
    """``10m``, ``12:03``, RFC 3339, ``500`` (lines) or ``all``.

    Raises:
        ConfigError: it is none of these.
    """
    plain = text.strip().lower()
    if plain in ("", "all", "-1"):
        return Beginning()
    if plain.isascii() and plain.isdigit():
        return Beginning(tail=min(int(plain), 1_000_000_000))
    seconds = duration(plain)
    if seconds is not None:
        return Beginning(since_seconds=seconds)
    when = moment(text, now)
    if when is None:
        raise ConfigError(f"{text!r} is no beginning", hint="10m, 2h, 12:03, 2026-05-01T12:00:00Z, 500 (lines) or all")
    return Beginning(since_time=when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
