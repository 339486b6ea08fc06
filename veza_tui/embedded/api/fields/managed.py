"""managedFields of ordinary writes (operation Update)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

JSONObject = dict[str, Any]


class Tracker(Protocol):
    """Writes ``new["metadata"]["managedFields"]``; ``old`` is None on create, ``now`` unix seconds."""

    def __call__(self, old: JSONObject | None, new: JSONObject, *, subresource: str, now: float) -> None:
        """Track one write."""
        ...


@dataclass(frozen=True, slots=True)
class UpdateTracker:
    """For create, update and patch by ``manager``."""

    manager: str

    def __call__(self, old: JSONObject | None, new: JSONObject, *, subresource: str, now: float) -> None:
        """Give the changed fields to the manager."""
