"""What a person may set, with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

THEMES = ("dark", "light", "contrast", "ansi", "auto")
"""``auto`` chooses by what the terminal can show."""

HEALTH_SECONDS = (5, 3600)
"""Shortest and longest time between two health checks."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings that hold: the file's, over them the environment's, over them the command line's."""

    theme: str = "auto"
    ascii: bool = False
    mouse: bool = True
    bell: bool = True
    health_interval: int = 30
    """Seconds."""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Action id -> keys as people write them; checked already."""
