"""Ages as Kubernetes' own tools print them."""

from __future__ import annotations

_MINUTE, _HOUR, _YEAR = 60, 3600, 86400 * 365


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
