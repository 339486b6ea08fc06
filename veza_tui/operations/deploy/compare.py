"""What changed from one release to another, per field, secrets masked. Pure."""

from __future__ import annotations

from typing import Any

from veza_tui.model.plan import Change
from veza_tui.model.release import Release
from veza_tui.operations.deploy.diff import changes


def compare_releases(one: Release, other: Release) -> tuple[list[Change], list[str]]:
    """The changes from ``one`` to ``other``, images first, and the objects that only ``one`` has."""
    before, after = _keyed(one), _keyed(other)
    found = [change for key in after for change in changes(before.get(key), after[key])]
    # A baseline is what was found: with the server's defaults, which no manifest names and no deploy takes away.
    if one.kind == "baseline":
        found = [change for change in found if change.new is not None]
    if other.kind == "baseline":
        found = [change for change in found if change.old is not None]
    found.sort(key=lambda change: not change.path.endswith(".image"))
    return found, [key for key in before if key not in after]


def _keyed(release: Release) -> dict[str, dict[str, Any]]:
    return {f"{o['kind']}/{o['metadata']['name']}": dict(o) for o in release.objects}
