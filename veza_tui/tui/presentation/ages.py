"""Ages and sizes as text."""

from __future__ import annotations

import time

from veza_tui.model.ages import age as age

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def calm_age(seconds: float) -> str:
    """An age in words that seldom change: ``20 s``, ``4 min``, ``3 h``, ``2 d``."""
    s = max(0, int(seconds))
    if s < _MINUTE:
        return f"{s} s"
    if s < 2 * _HOUR:
        return f"{s // _MINUTE} min"
    return f"{s // _HOUR} h" if s < 2 * _DAY else f"{s // _DAY} d"


def moment(at: float, now: float) -> str:
    """A time of day today (``12:04``), a date before that (``11-21 12:04``); local time."""
    then, today = time.localtime(at), time.localtime(now)
    same_day = then[:3] == today[:3]
    return time.strftime("%H:%M" if same_day else "%m-%d %H:%M", then)


def local_zone() -> str:
    """The short name of the zone in which ``moment`` tells times: ``UTC``, ``CEST``."""
    return time.strftime("%Z")


def latency(seconds: float | None) -> str:
    """A latency in at most six cells: ``12 ms``, ``1.2 s``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 0.0095:
        return f"{max(seconds, 0) * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"
