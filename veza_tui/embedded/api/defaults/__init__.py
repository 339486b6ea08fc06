"""Defaults as the real API fills them in."""

from __future__ import annotations

from typing import Any

from veza_tui.embedded.api.resources import ResourceType

JSONObject = dict[str, Any]


def apply(kind: ResourceType, obj: JSONObject, old: JSONObject | None = None) -> None:
    """Fill in what the client left out."""
