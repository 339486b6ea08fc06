"""Reading raw Kubernetes JSON: absent and null are the same, wrong types are as good as absent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

EMPTY: Mapping[str, Any] = MappingProxyType({})


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else EMPTY


def strings(value: Any) -> Mapping[str, str]:
    """Labels, a selector: keys and values as text."""
    return {key: text(item) for key, item in mapping(value).items()}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """A string, empty for anything else that is absent."""
    return value if isinstance(value, str) else "" if value is None else str(value)


def integer(value: Any, default: int = 0) -> int:
    """An int, ``default`` for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else default


@lru_cache(maxsize=4096)
def seconds(value: str | None) -> float | None:
    """Unix seconds of an RFC 3339 time; None for none."""
    if not value:
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
