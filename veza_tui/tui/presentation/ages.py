"""Ages and sizes as text."""

from __future__ import annotations

import time

_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 86400 * 365


def age(seconds: float) -> str:
    """An age as kubectl prints it: 45s, 4m20s, 12m, 3h, 2d, 1y200d.

    Source: ``HumanDuration`` of k8s.io/apimachinery/pkg/util/duration.
    """
    s = int(seconds)
    if s < 0:
        return "0s"
    if s < 2 * _MINUTE:
        return f"{s}s"
    minutes = s // _MINUTE
    if minutes < 10:
        return f"{minutes}m" + (f"{s % 60}s" if s % 60 else "")
    if minutes < 3 * 60:
        return f"{minutes}m"
    hours = s // _HOUR
    if hours < 8:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    if hours < 48:
        return f"{hours}h"
    days = hours // 24
    if hours < 192:
        return f"{days}d" + (f"{hours % 24}h" if hours % 24 else "")
    if days < 2 * 365:
        return f"{days}d"
    years = s // _YEAR
    rest = days % 365
    return f"{years}y" + (f"{rest}d" if years < 8 and rest else "")


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


def latency(seconds: float | None) -> str:
    """A latency in at most six cells: ``12 ms``, ``1.2 s``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 0.0095:
        return f"{max(seconds, 0) * 1000:.1f} ms"
    return f"{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"{seconds:.1f} s"
