"""A plan is data: dry-run output, confirmation text and what the runner executes are this one object."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

JSON = Any
"""A value that json can write."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which environment on which cluster: part of the hash, so that a plan cannot run elsewhere."""

    environment: str
    namespace: str
    server: str
    cluster_uid: str
    context: str = ""
    database: str = ""
    """host:port/name, empty when the plan touches no database."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field that would change; a secret's values are replaced before a Change is made of them."""

    object: str
    """Kind/name, for example Deployment/backend-api."""
    path: str
    """Dotted path, empty for the whole object."""
    old: str | None
    new: str | None
    by: str = ""
    """Field manager that owns the old value, when not us: drift made by hand."""


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that the plan needs, as a SelfSubjectAccessReview asks for it."""

    verb: str
    resource: str
    group: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step. ``action`` names a function in the operations' registry, ``args`` is what it is called with."""

    id: str
    title: str
    action: str
    args: Mapping[str, JSON] = field(default_factory=dict)
    changes: tuple[str, ...] = ()
    """What it changes, one readable line each."""
    cancellable: bool = True
    """Whether a cancel may take effect between this step and the next."""
    undo: str = ""
    """Name of the action that takes this step back, empty for none needed."""
    mutates: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What an operation will do. Pure data; never holds a secret's value."""

    kind: str
    target: Target
    title: str
    steps: tuple[Step, ...]
    changes: tuple[Change, ...] = ()
    needs: tuple[Need, ...] = ()
    notes: tuple[str, ...] = ()
    """Lines that the person must read before confirming (expected outage, what would be lost)."""
    options: Mapping[str, JSON] = field(default_factory=dict)
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    """What must still be true when the run starts: name -> digest (resourceVersions, images, backup digests)."""
    confirm: str = ""
    """Text that ``--confirm`` gives; empty for y/N."""
    timeout: float = 600.0
    """Seconds."""
    rollback_on_failure: bool = False
    typed: str = ""
    """What a person types where that is more than ``confirm``: a restore's environment and database."""
    harmless: bool = False
    """It makes and removes what is its own alone (a drill): y/N confirms it everywhere, failed is never rolled back."""

    def to_json(self) -> dict[str, JSON]:
        """The plan as JSON, with its hash."""
        return {**asdict(self), "hash": self.hash}

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of the plan's canonical JSON; binds an approval and a confirmation to it."""
        # timeout=60 and timeout=60.0 are one plan: JSON spells them apart.
        content = {**asdict(self), "timeout": float(self.timeout)}
        if not self.typed:
            del content["typed"]  # so that plans from before there was such a field keep their hash
        if not self.harmless:
            del content["harmless"]
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


def plan_from_json(data: Mapping[str, JSON]) -> Plan:
    """The plan that ``Plan.to_json`` wrote.

    Raises:
        ValueError: the data is not a plan, or its hash does not fit it.
    """
    try:
        plan = Plan(
            kind=data["kind"],
            target=Target(**data["target"]),
            title=data["title"],
            steps=tuple(Step(**{**s, "changes": tuple(s["changes"])}) for s in data["steps"]),
            changes=tuple(Change(**c) for c in data["changes"]),
            needs=tuple(Need(**n) for n in data["needs"]),
            notes=tuple(data["notes"]),
            options=dict(data["options"]),
            fingerprint=dict(data["fingerprint"]),
            confirm=data["confirm"],
            timeout=float(data["timeout"]),
            rollback_on_failure=bool(data["rollback_on_failure"]),
            typed=str(data.get("typed", "")),
            harmless=bool(data.get("harmless", False)),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a plan: {error}") from error
    if data.get("hash") not in (None, plan.hash):
        raise ValueError("the plan was changed after it was written: its hash does not fit")
    return plan
