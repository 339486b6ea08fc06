"""What is stored beside a plan: who asked for it and how. No secrets: it names the workspace, never values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from veza_tui.operations.who import Person, person_from_json

APPROVAL_SECONDS = 30 * 60.0


@dataclass(frozen=True, slots=True)
class Request:
    """The starter's side of an operation; times in seconds."""

    id: str
    person: Person
    workspace: str
    """Absolute path."""
    created: float
    reason: str = ""
    break_glass: str = ""
    """The reason given for going ahead without approvers; empty when nobody did."""
    take_over: bool = False
    """Whether a stale lock may be taken over."""
    read_only: bool = False
    """Whether the starter was read-only: the engine refuses then."""
    confirmed: str = ""
    """How: yes, flag, typed or none needed."""
    approval_seconds: float = APPROVAL_SECONDS
    part_of: str = ""
    """Id of the pipeline that started it; empty for what a person started."""

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return asdict(self)


def request_from_json(data: Mapping[str, Any]) -> Request:
    """What ``Request.to_json`` wrote; raises ValueError for anything else."""
    try:
        known = {k: v for k, v in data.items() if k in Request.__slots__ and k != "person"}
        return replace(Request(**known, person=person_from_json(data["person"])))
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a request: {error}") from error
