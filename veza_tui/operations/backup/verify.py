"""Proves a backup: every byte, then a real load into a scratch database, compared with what the manifest promises."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from veza_tui.model.backup import DatabaseFacts, ServerFacts, differences
from veza_tui.model.catalogue import BackupRecord, Proof
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.make import FILES
from veza_tui.ports.clock import Clock
from veza_tui.ports.database import Database, Progress, ScanReport, Scratch, TransferProgress
from veza_tui.ports.storage import Storage

PREFIX = "veza_verify_"


class StoredDump:
    """A backup's dump as ``ports.database.DumpSource``."""

    def __init__(self, storage: Storage, record: BackupRecord, identity: Path | None = None) -> None:
        dump = record.manifest.dump if record.manifest else None
        self.file = dump.file if dump else next((p for p in FILES.values() if _holds(record, p)), "")
        if not self.file:
            raise RefusedError(f"backup {record.name} holds no database")
        self.format = dump.format if dump else _format_of(self.file)
        self.encrypted = self.file.endswith(".age")
        self.size = sum(size for path, size in record.files if path == self.file or path.startswith(f"{self.file}/"))
        self._storage = storage
        self._name = record.name
        self._identity = identity
        self.path: Path | None = None if self.encrypted else storage.local(record.name, self.file)

    @contextlib.contextmanager
    def open(self) -> Iterator[Iterator[bytes]]:
        """Decrypted blocks."""
        blocks = self._storage.reveal(self._name, self.file, self._identity)
        try:
            yield blocks
        finally:
            close = getattr(blocks, "close", None)
            if close is not None:
                close()

    @contextlib.contextmanager
    def here(self) -> Iterator[StoredDump]:
        """For a directory dump in a bucket: fetched to this machine while it is used."""
        if self.path is not None or self.format != "directory":
            yield self
            return
        with self._storage.fetched(self._name, self.file) as folder:
            self.path = folder
            try:
                yield self
            finally:
                self.path = None


def _holds(record: BackupRecord, path: str) -> bool:
    return any(p == path or p.startswith(f"{path}/") for p, _ in record.files)


def _format_of(file: str) -> str:
    return next(form for form, name in FILES.items() if name == file)


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of a verification."""

    record: BackupRecord
    proof: Proof
    facts: DatabaseFacts | None = None
    """None when the backup holds no database."""
    scan: ScanReport | None = None


async def verify_backup(
    catalogue: Catalogue,
    name: str,
    environment: str,
    database: Database,
    clock: Clock,
    who: str,
    progress: Progress,
    *,
    identity: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Verified:
    """Check, load, compare, record the proof.

    Raises:
        RefusedError: damaged, another environment's, encrypted without an identity, or without a manifest.
        VezaError: it does not load, or holds something else than its manifest says; one line.
    """
    started = time.monotonic()
    say("reading every byte")
    record = await asyncio.to_thread(catalogue.require_whole, name, environment)
    manifest = record.manifest
    if manifest is None:
        raise RefusedError(
            f"backup {name} has no manifest: nothing to compare it with", hint="restore --drill loads it"
        )
    if manifest.dump is None:
        proof = Proof(record.digest, clock.now(), who, "", 0, 0, round(time.monotonic() - started, 3), "files")
        await asyncio.to_thread(catalogue.record_proof, name, proof)
        return Verified(await asyncio.to_thread(catalogue.get, name), proof)
    with StoredDump(catalogue.storage, record, identity).here() as source:
        say("reading the dump")
        scan = await database.scan(source)
        if scan.refused:
            raise RefusedError(f"backup {name}: {scan.refused[0]}")
        if not scan.complete:
            raise VezaError(f"backup {name}: the dump ends before its end")
        server = await database.server()
        facts = await _loaded_facts(database, source, manifest.dump.database, progress, say)
    wrong = differences(manifest.dump.database, facts)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise VezaError(f"backup {name} does not restore to what it was made from: {wrong[0]}{more}")
    proof = Proof(
        manifest=record.digest,
        at=clock.now(),
        who=who,
        server=_server_text(server),
        tables=len(facts.tables),
        rows=sum(t.rows for t in facts.tables),
        seconds=round(time.monotonic() - started, 3),
    )
    await asyncio.to_thread(catalogue.record_proof, name, proof)
    return Verified(await asyncio.to_thread(catalogue.get, name), proof, facts, scan)


async def _loaded_facts(
    database: Database, source: StoredDump, expected: DatabaseFacts, progress: Progress, say: Callable[[str], None]
) -> DatabaseFacts:
    await sweep_scratch(database)
    scratch = f"{PREFIX}{int(time.time())}_{secrets.token_hex(3)}"
    say(f"loading into scratch database {scratch}")
    await database.create_scratch(
        Scratch(scratch, like=database.name, facts=expected, comment="veza-tui proves a backup; may be dropped")
    )
    try:
        async with database.keep(scratch):
            await database.load(scratch, source, progress)
            say("comparing rows and contents")
            progress(TransferProgress(source.size, source.size, 0.0, 0.0))
            return await database.facts(scratch, like=expected)
    finally:
        await asyncio.shield(database.drop(scratch))


async def sweep_scratch(database: Database) -> list[str]:
    """Drop what verifications that died left: living ones hold a session in theirs (a minute is left to open it)."""
    dropped = []
    for entry in await database.databases(PREFIX):
        made = entry.name.removeprefix(PREFIX).partition("_")[0]
        if not entry.sessions and made.isdigit() and time.time() - int(made) > 60:
            with contextlib.suppress(VezaError):
                await database.drop(entry.name)
                dropped.append(entry.name)
    return dropped


def _server_text(server: ServerFacts) -> str:
    return f"{server.host}:{server.port} PostgreSQL {server.version}"
