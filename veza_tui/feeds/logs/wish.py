"""What is to be read: of which pods, from where on, how much of it at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from veza_tui.model.log import Beginning, Target

MOST_FOLLOWED = 100
"""Containers followed at once: each is a connection to the API server."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be read, and how."""

    targets: tuple[Target, ...]
    beginning: Beginning = field(default_factory=Beginning)
    follow: bool = True
    previous: bool = False
    containers: tuple[str, ...] = ()
    limit: int = 16 << 10
    """Bytes of a line that are kept."""
    most: int = MOST_FOLLOWED
    patience: float | None = None
    """Seconds after which a log that cannot be read is given up, without ``follow``."""
