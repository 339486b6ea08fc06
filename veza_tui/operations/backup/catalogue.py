"""The catalogue: which backups there are, what is known of each, and whether their bytes are still what they were.

Every function blocks (files or S3): call it with ``asyncio.to_thread``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from veza_tui.model.backup import FileEntry, Manifest, manifest_from_json
from veza_tui.model.catalogue import BackupRecord, Hold, Proof, seal_hold, seal_proof, time_of, unseal
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.view import NewestBackup
from veza_tui.ports.storage import BESIDE, HOLD, MANIFEST, PROOF, Storage, Stored


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing wrong with a backup; ``path`` is the file concerned."""

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


class Catalogue:
    """The backups of one storage, of all environments (the script keeps them in one directory too)."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def records(self, environment: str = "") -> list[BackupRecord]:
        """Every finished backup, newest first; of one environment when named (those of unknown origin too)."""
        records = []
        for stored in self.storage.list():
            if self._no_backup(stored):
                continue
            record = self._record(stored)
            if not environment or record.environment in (environment, ""):
                records.append(record)
        return sorted(records, key=lambda r: (r.at, r.name), reverse=True)

    def newest(self, environment: str) -> NewestBackup | None:
        """The newest backup with a database and the newest proven one; opens no more manifests than that takes."""
        first: BackupRecord | None = None
        for stored in sorted(self.storage.list(), key=lambda s: s.name, reverse=True):
            if self._no_backup(stored):
                continue
            record = self._record(stored)
            if record.environment != environment or not record.proposable:
                continue
            first = first or record
            if record.proven:
                return NewestBackup(first.name, first.at, first.proven, record.at)
        return NewestBackup(first.name, first.at, False) if first else None

    def get(self, name: str) -> BackupRecord:
        """One backup.

        Raises:
            ConfigError: there is none by this name.
        """
        stored = self.storage.stat(name)
        if self._no_backup(stored):
            raise ConfigError(f"backup {name} in {self.storage.label} was never finished")
        return self._record(stored)

    def _no_backup(self, stored: Stored) -> bool:
        """In a bucket: an upload that is not whole, or others' objects. A backup whose manifest is gone is a loss."""
        if not self.storage.manifests_only or stored.has(MANIFEST):
            return False
        return stored.unfinished or time_of(stored.name) is None

    def _record(self, stored: Stored) -> BackupRecord:
        manifest: Manifest | None = None
        problem, digest = "", ""
        if stored.has(MANIFEST):
            try:
                manifest, digest = self._manifest(stored.name)
            except (ValueError, VezaError) as error:
                problem = f"{MANIFEST}: {error}"
        elif self.storage.manifests_only:
            problem = f"{MANIFEST} is missing"
        proof = hold = None
        if stored.has(PROOF):
            try:
                proof = Proof(**unseal(self.storage.read(stored.name, PROOF)))
            except (ValueError, TypeError, VezaError) as error:
                problem = problem or f"{PROOF}: {error}"
        if stored.has(HOLD):
            try:
                hold = Hold(**unseal(self.storage.read(stored.name, HOLD)))
            except (ValueError, TypeError, VezaError):
                # A damaged hold still holds: the person's wish was to keep it.
                hold = Hold(0.0, "", "its hold.json is damaged")
        if manifest is not None and not problem:
            problem = _shallow(stored, manifest)
        at = manifest.started if manifest else time_of(stored.name) or 0.0
        return BackupRecord(
            name=stored.name,
            environment=manifest.environment if manifest else _environment_of(stored),
            at=at,
            size=stored.size,
            files=tuple((f.path, f.size) for f in stored.files),
            manifest=manifest,
            digest=digest,
            proof=proof,
            hold=hold,
            problem=problem,
        )

    def _manifest(self, name: str) -> tuple[Manifest, str]:
        text = self.storage.read(name, MANIFEST, limit=64 << 20)
        data = json.loads(text)
        manifest = manifest_from_json(data)
        if _as_written(data) != text:
            # The digest covers the values; this covers the bytes between them as well.
            raise ValueError("the manifest was changed after it was written")
        return manifest, str(data["digest"])

    def check(self, name: str, environment: str = "", *, seen: Callable[[int], None] | None = None) -> list[Damage]:
        """Read every byte and say all that is wrong; an empty list means that it is what it was when made.

        ``environment``: whose backup it must be. ``seen`` is called with the bytes read so far. A backup without a
        manifest has nothing to compare with: only links and the like are found.
        """
        stored = self.storage.stat(name)
        damages = [Damage(f.path, "is no regular file") for f in stored.files if not f.regular]
        if not stored.has(MANIFEST):
            return [*damages, Damage(MANIFEST, "is missing")] if self.storage.manifests_only else damages
        try:
            manifest, _ = self._manifest(name)
        except (ValueError, VezaError) as error:
            return [*damages, Damage(MANIFEST, str(error))]
        if manifest.name != name:
            damages.append(Damage(MANIFEST, f"it is that of backup {manifest.name}"))
        if environment and manifest.environment != environment:
            damages.append(Damage(MANIFEST, f"it is of environment {manifest.environment}, not {environment}"))
        record = self._record(stored)
        if record.problem.startswith(PROOF):
            damages.append(Damage(PROOF, record.problem.partition(": ")[2]))
        elif record.proof is not None and record.proof.manifest != record.digest:
            damages.append(Damage(PROOF, "it is the proof of another manifest"))
        if record.hold is not None and not record.hold.who:
            damages.append(Damage(HOLD, "it was changed after it was written"))
        present = {f.path: f for f in stored.files}
        total = 0
        for entry in manifest.files:
            found = present.pop(entry.path, None)
            if found is None:
                damages.append(Damage(entry.path, "is missing"))
            elif not found.regular:
                continue
            elif found.size != entry.size:
                damages.append(Damage(entry.path, f"has {found.size:,} bytes, expected {entry.size:,}"))
            else:
                total = self._hash(name, entry, damages, total, seen)
        damages += [
            Damage(path, "does not belong to the backup") for path in present if path not in (MANIFEST, *BESIDE)
        ]
        return damages

    def _hash(
        self, name: str, entry: FileEntry, damages: list[Damage], total: int, seen: Callable[[int], None] | None
    ) -> int:
        digest = hashlib.sha256()
        try:
            for block in self.storage.open(name, entry.path):
                digest.update(block)
                total += len(block)
                if seen is not None:
                    seen(total)
        except (OSError, VezaError) as error:
            damages.append(Damage(entry.path, f"cannot be read: {error}"))
            return total
        if digest.hexdigest() != entry.sha256:
            damages.append(Damage(entry.path, "its bytes changed (SHA-256 differs)"))
        return total

    def require_whole(self, name: str, environment: str, *, seen: Callable[[int], None] | None = None) -> BackupRecord:
        """The record of a backup whose every byte is right.

        Raises:
            RefusedError: anything is wrong, or it is another environment's; nothing was touched.
        """
        damages = self.check(name, environment, seen=seen)
        if damages:
            more = f" (and {len(damages) - 1} more)" if len(damages) > 1 else ""
            raise RefusedError(f"backup {name} is damaged: {damages[0]}{more}", hint="choose another backup")
        return self.get(name)

    def hold(self, name: str, hold: Hold) -> None:
        """Keep a backup from prune."""
        self.storage.stat(name)
        self.storage.put(name, HOLD, seal_hold(hold))

    def release(self, name: str) -> None:
        """Take the hold away."""
        self.storage.stat(name)
        self.storage.delete(name, HOLD)

    def record_proof(self, name: str, proof: Proof) -> None:
        """Write the proof beside the manifest that it is bound to."""
        self.storage.put(name, PROOF, seal_proof(proof))


def manifest_bytes(manifest: Manifest) -> bytes:
    """``manifest.json`` as it is written."""
    return _as_written(manifest.to_json())


def _as_written(data: Mapping[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, ensure_ascii=False) + "\n").encode()


def _shallow(stored: Stored, manifest: Manifest) -> str:
    """What a listing alone shows to be wrong; one line."""
    if manifest.name != stored.name:
        return f"{MANIFEST} is that of backup {manifest.name}"
    sizes = {f.path: f.size for f in stored.files}
    for entry in manifest.files:
        if entry.path not in sizes:
            return f"{entry.path} is missing"
        if sizes[entry.path] != entry.size:
            return f"{entry.path} has {sizes[entry.path]:,} bytes, expected {entry.size:,}"
    return ""


def _environment_of(stored: Stored) -> str:
    """Whose a script's backup is: the script copies ENV.yaml, and ENV.env where there is one."""
    for suffix in (".yaml", ".env"):
        names = [f.path.removesuffix(suffix) for f in stored.files if f.path.endswith(suffix) and "/" not in f.path]
        if len(names) == 1:
            return names[0]
    return ""
