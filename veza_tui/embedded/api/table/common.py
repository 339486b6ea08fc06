"""Pieces that several tables share (source: kubectl's printers: ages, container cells, label texts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from veza_tui.embedded.api.meta import parse_time
from veza_tui.embedded.api.selectors import selector_text

JSONObject = dict[str, Any]
NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"
_DAY = 24


def human_duration(seconds: float) -> str:
    """As kubectl writes ages: 45s, 3m20s, 2h5m, 3d4h, 1y20d."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 120:
        return f"{max(whole, 0)}s"
    minutes = whole // 60
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    days = hours // _DAY
    if days < 8:
        return _two(days, "d", hours % _DAY, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return f"{big}{big_unit}{small}{small_unit}" if small else f"{big}{big_unit}"


def since(text: str | None, now: float) -> str:
    """The age of a time."""
    then = parse_time(text)
    return UNKNOWN if then is None else human_duration(now - then)


def age(obj: JSONObject, now: float) -> str:
    """The object's age."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def containers(pod_spec: Mapping[str, Any] | None) -> list[str]:
    """Names and images, comma separated."""
    items = (pod_spec or {}).get("containers") or ()
    return [",".join(c.get("name", "") for c in items), ",".join(c.get("image", "") for c in items)]


def template_spec(obj: JSONObject) -> JSONObject:
    """The pod template's spec."""
    return dict((obj["spec"].get("template") or {}).get("spec") or {})


def labels_text(labels: Mapping[str, str] | None) -> str:
    """``a=b,c=d`` or ``<none>``."""
    return ",".join(f"{k}={v}" for k, v in sorted((labels or {}).items())) or NONE


def selector(obj: JSONObject) -> str:
    """spec.selector as text."""
    return selector_text(obj["spec"].get("selector"))


def with_more(items: Sequence[str], most: int = 3) -> str:
    """The first few, and how many more."""
    if not items:
        return UNSET
    text = ",".join(items[:most])
    return f"{text} + {len(items) - most} more..." if len(items) > most else text
