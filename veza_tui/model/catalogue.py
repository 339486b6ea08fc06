"""A backup as the catalogue shows it: manifest, proof and hold. Pure data."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from veza_tui.model.backup import Manifest

NO_MANIFEST = "no manifest: cannot be proven before it is restored"
CLOCK_SKEW = 3600.0
"""Seconds by which a backup may be dated in the future before the clocks are doubted."""
_NAME = re.compile(r"(\d{8}_\d{6})")


@dataclass(frozen=True, slots=True)
class Proof:
    """``proof.json``: the backup was really loaded and found equal. Bound to the manifest by its digest."""

    manifest: str
    """The manifest's digest; for a backup without one, ``sha256:`` of the dump."""
    at: float
    """Unix seconds."""
    who: str
    server: str
    """Where it was loaded: host:port and version."""
    tables: int
    rows: int
    seconds: float
    how: str = "verify"
    """verify, drill, restore, or files (no database in it: every byte was read)."""


@dataclass(frozen=True, slots=True)
class Hold:
    """``hold.json``: prune must not touch this backup."""

    at: float
    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class BackupRecord:
    """One line of the catalogue."""

    name: str
    environment: str
    """Empty when it cannot be told."""
    at: float
    """Unix seconds of its start; from the manifest, else from the name."""
    size: int
    files: tuple[tuple[str, int], ...]
    """(path, bytes)."""
    manifest: Manifest | None = None
    digest: str = ""
    """The manifest's digest."""
    proof: Proof | None = None
    hold: Hold | None = None
    problem: str = ""
    """Why it cannot be used, one line; empty when nothing is known against it."""

    @property
    def script_made(self) -> bool:
        """Whether it has no manifest: made by the guide's script, or by hand."""
        return self.manifest is None and not self.problem

    @property
    def safety(self) -> bool:
        """Whether a restore made it of the state that it replaced: no measure of how well backups are kept."""
        return self.manifest is not None and self.manifest.kind == "safety"

    @property
    def proven(self) -> bool:
        """Whether a proof belongs to exactly this manifest."""
        return self.proof is not None and bool(self.digest) and self.proof.manifest == self.digest and not self.problem

    @property
    def has_database(self) -> bool:
        """Whether it holds a dump."""
        if self.manifest is not None:
            return self.manifest.dump is not None
        return any(path.startswith("database.") for path, _ in self.files)

    @property
    def proposable(self) -> bool:
        """Whether a restore of the database may propose it: a safety copy is only chosen by name."""
        return self.has_database and not self.problem and not self.safety

    @property
    def state(self) -> str:
        """One word: damaged, proven, unproven or unprovable."""
        if self.problem:
            return "damaged"
        if self.manifest is None:
            return "unprovable"
        return "proven" if self.proven else "unproven"

    @property
    def note(self) -> str:
        """One line about it for a person."""
        return self.problem or (NO_MANIFEST if self.manifest is None else "")

    def to_json(self) -> dict[str, Any]:
        """As ``backups --json`` prints it (without the manifest's tables: ``backups show`` has them)."""
        dump = self.manifest.dump if self.manifest else None
        return {
            "name": self.name,
            "environment": self.environment,
            "at": self.at,
            "size": self.size,
            "state": self.state,
            "proven": self.proven,
            "proven_at": self.proof.at if self.proof and self.proven else None,
            "held": self.hold is not None,
            "hold_reason": self.hold.reason if self.hold else "",
            "kind": self.manifest.kind if self.manifest else "script",
            "database": dump.database.name if dump else None,
            "format": dump.format if dump else None,
            "encrypted": dump.encrypted if dump else None,
            "rows": sum(t.rows for t in dump.database.tables) if dump else None,
            "files": [{"path": path, "size": size} for path, size in self.files],
            "note": self.note,
        }


def proposable(records: Iterable[BackupRecord]) -> list[tuple[str, float, bool]]:
    """Those that a restore may propose, as ``model.restore.propose`` takes them."""
    return [(r.name, r.at, r.proven) for r in records if r.proposable]


def time_of(name: str) -> float | None:
    """Unix seconds from a name ``YYYYmmdd_HHMMSS`` in local time, as the script's ``date`` writes it."""
    match = _NAME.fullmatch(name)
    if not match:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%d_%H%M%S").timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def seal(data: Mapping[str, Any]) -> bytes:
    """``data`` as JSON with a digest over the rest, so that a changed byte is found."""
    return (json.dumps({**data, "digest": _digest(data)}, indent=2, ensure_ascii=False) + "\n").encode()


def unseal(text: bytes) -> dict[str, Any]:
    """What ``seal`` wrote.

    Raises:
        ValueError: it was changed, or is something else.
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise ValueError("no JSON object")
    rest = {k: v for k, v in data.items() if k != "digest"}
    if data.get("digest") != _digest(rest) or seal(rest) != text:
        raise ValueError("it was changed after it was written")
    return rest


def seal_proof(proof: Proof) -> bytes:
    """``proof.json``."""
    return seal(asdict(proof))


def seal_hold(hold: Hold) -> bytes:
    """``hold.json``."""
    return seal(asdict(hold))


def _digest(data: Mapping[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
