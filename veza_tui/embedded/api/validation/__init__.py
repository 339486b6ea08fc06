"""What Kubernetes refuses."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.errors import Cause
from veza_tui.embedded.api.resources import ResourceType

JSONObject = dict[str, Any]


def check(kind: ResourceType, obj: JSONObject, old: JSONObject | None) -> list[Cause]:
    """Everything wrong with ``obj``; ``old`` is the stored object on update."""
    return []


def check_status(kind: ResourceType, obj: JSONObject, old: JSONObject) -> None:
    """Refuse a status that cannot be."""
