"""What applying would change, per field, from the server's own dry run; drift made by hand is told apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from veza_tui.feeds.inspect.masking import without_defaults
from veza_tui.model.plan import Change
from veza_tui.model.text import printable
from veza_tui.operations.deploy.flatten import flatten
from veza_tui.operations.deploy.managed import by_people, owners
from veza_tui.workspace.checks import quantity_value

_LIMIT = 200  # characters of a value that are shown
_HIDDEN = "(secret)"
_AMOUNT = re.compile(
    r"\.(?:limits|requests|hard|capacity|default|defaultRequest|max|min)\.[^.]+$|\.sizeLimit$|\.averageValue$"
)


def label(obj: Mapping[str, Any]) -> str:
    """``Kind/name``."""
    return f"{obj.get('kind', '')}/{printable(str((obj.get('metadata') or {}).get('name', '')), limit=80)}"


def changes(live: Mapping[str, Any] | None, result: Mapping[str, Any]) -> list[Change]:
    """How ``result`` (the answer of a dry-run apply) differs from ``live`` (None: it does not exist)."""
    name = label(result)
    if live is None:
        return [Change(name, "", None, "created")]
    secret = result.get("kind") == "Secret"
    managers = owners(live)
    before, after = flatten(live), flatten(result)
    found = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old != new and not same_amount(path, old, new):
            manager = managers.get(path, "")
            found.append(
                Change(name, path, _shown(path, old, secret), _shown(path, new, secret, changed=True),
                       manager if by_people(manager) else "")
            )  # fmt: skip
    return found


def same_amount(path: str, old: str | None, new: str | None) -> bool:
    """Whether two spellings of a quantity are one amount: 1000m of a CPU is 1 (source: resource.Quantity)."""
    if old is None or new is None or not _AMOUNT.search(path):
        return False
    amount = quantity_value(old)
    return amount is not None and amount == quantity_value(new)


def drift(live: Mapping[str, Any], result: Mapping[str, Any], wanted: Mapping[str, Any]) -> list[Change]:
    """Fields that people or other tools set by hand, that ``wanted`` (the manifest) does not name: they stay."""
    name = label(live)
    secret = live.get("kind") == "Secret"
    before, after, ours = flatten(live), flatten(result), flatten(wanted)
    found = []
    for path, manager in sorted(owners(live).items()):
        stays = path in before and before[path] == after.get(path)
        if stays and path not in ours and by_people(manager) and _decided(path):
            shown = _shown(path, before[path], secret)
            found.append(Change(name, path, shown, shown, manager))
    return found


def _decided(path: str) -> bool:
    return not path.startswith(("metadata.labels", "metadata.annotations")) and path != "type"


def _shown(path: str, value: str | None, secret: bool, *, changed: bool = False) -> str | None:
    if value is None:
        return None
    if secret and path.startswith(("data.", "stringData.")):
        return f"{_HIDDEN} changed" if changed else _HIDDEN
    if secret:
        # An annotation names the variables that fill it: ${NAME:-default} may hold a password.
        masked = without_defaults(value)
        value = f"{masked} changed" if changed and masked != value else masked
    return printable(value, limit=_LIMIT)
