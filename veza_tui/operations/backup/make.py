"""Makes a backup: configuration, secrets, manifests, releases, database; written beside, renamed into place."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from veza_tui import __version__
from veza_tui.model.backup import DumpFacts, FileEntry, Manifest
from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.sizes import finer_size_text
from veza_tui.operations.backup.catalogue import Catalogue, manifest_bytes
from veza_tui.ports.clock import Clock
from veza_tui.ports.database import Database, DumpOptions, DumpOutcome, Progress, TransferProgress
from veza_tui.ports.storage import Draft, Storage

PLAIN_FILE = "database.sql"
"""The script's own name: its restore reads ours."""
NO_ENCRYPTED_DIRECTORY = (
    "data.backup: pg_dump itself writes a directory dump, so its tables would lie on the disk unencrypted"
)
NO_ENCRYPTED_DIRECTORY_HINT = "use format custom or plain with encrypt_to"
FILES = {"plain": PLAIN_FILE, "custom": "database.dump", "directory": "database.dir"}


@dataclass(frozen=True, slots=True)
class BackupJob:
    """What to back up. ``files`` are (path in the backup, path on this machine, whether it holds secrets)."""

    environment: str
    who: str
    reason: str = ""
    kind: str = "backup"
    with_database: bool = True
    format: str = "plain"
    jobs: int = 1
    compression: str = ""
    cluster: Mapping[str, str] = field(default_factory=dict)
    files: tuple[tuple[str, Path, bool], ...] = ()
    releases: Callable[[], Awaitable[list[tuple[str, str]]]] | None = None
    """(name, the release as text), newest first."""


async def make_backup(
    job: BackupJob, storage: Storage, database: Database | None, clock: Clock, progress: Progress
) -> Manifest:
    """Make it and return its manifest; on any failure or cancel nothing of it stays.

    Raises:
        VezaError: one line that says why; an OSError of the storage is turned into one.
    """
    if job.with_database and database is None:
        raise ConfigError(f"environment {job.environment} has no database to dump")
    if job.format not in FILES:
        raise ConfigError(f"data.backup.format {job.format}: use plain, custom or directory")
    await asyncio.to_thread(storage.sweep)
    started = clock.now()
    draft = await asyncio.to_thread(storage.begin, started)
    try:
        entries, releases = await _small_files(job, draft)
        dump: DumpFacts | None = None
        if job.with_database and database is not None:
            outcome, found, stored_as = await _dump(job, storage, draft, database, progress)
            entries += found
            dump = _dump_facts(job, outcome, stored_as)
        manifest = Manifest(
            name=draft.name,
            environment=job.environment,
            tool=f"veza-tui {__version__}",
            started=started,
            ended=clock.now(),
            who=job.who,
            files=tuple(sorted(entries, key=lambda e: e.path)),
            cluster=dict(job.cluster),
            dump=dump,
            releases=tuple(releases),
            reason=job.reason,
            kind=job.kind,
        )
        await asyncio.to_thread(draft.commit, manifest_bytes(manifest))
        return manifest
    except OSError as error:
        await asyncio.to_thread(draft.abort)
        raise VezaError(f"the backup cannot be written to {storage.label}: {error.strerror or error}") from None
    except BaseException:
        # Also on a cancel: shielded by running in a thread that is waited for.
        await asyncio.shield(asyncio.to_thread(draft.abort))
        raise


async def _small_files(job: BackupJob, draft: Draft) -> tuple[list[FileEntry], list[str]]:
    entries = [await asyncio.to_thread(_copy, draft, *file) for file in job.files]
    names: list[str] = []
    if job.releases is not None:
        releases = await job.releases()
        names = [name for name, _ in releases]
        for name, text in releases:
            entries.append(await asyncio.to_thread(_write, draft, f"releases/{name}.json", text.encode(), True))
    return entries, names


def _copy(draft: Draft, path: str, source: Path, secret: bool) -> FileEntry:
    # What is copied is what lies in the workspace, not what a link there points to.
    try:
        descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}") from None
    with os.fdopen(descriptor, "rb") as file:
        return _write(draft, path, file.read(), secret)


def _write(draft: Draft, path: str, data: bytes, secret: bool) -> FileEntry:
    writer = draft.create(path, secret=secret)
    writer.write(data)
    return writer.finish()


async def _dump(
    job: BackupJob, storage: Storage, draft: Draft, database: Database, progress: Progress
) -> tuple[DumpOutcome, list[FileEntry], str]:
    expected, of = await asyncio.to_thread(_earlier_size, storage, job)
    options = DumpOptions(job.format, job.jobs, job.compression, expected, expected_of=of)
    name = FILES[job.format]
    if job.format == "directory":
        if draft.encrypts:
            raise ConfigError(NO_ENCRYPTED_DIRECTORY, hint=NO_ENCRYPTED_DIRECTORY_HINT)
        outcome = await database.dump(options, None, draft.folder(name), progress)
        return outcome, list(await asyncio.to_thread(draft.adopt, name)), name
    # A plain dump is only appended to: passing by, its bytes are hashed and written in larger pieces than pg_dump's.
    follower = draft.direct(name, secret=True) if job.format == "custom" else None
    if follower is not None:
        outcome = await database.dump(options, None, follower.path, progress)
        entry = await asyncio.to_thread(follower.finish)
    else:
        writer = draft.create(name, secret=True)
        outcome = await database.dump(options, writer.write, None, progress)
        entry = await asyncio.to_thread(writer.finish)
    return outcome, [entry], entry.path


def _dump_facts(job: BackupJob, outcome: DumpOutcome, stored_as: str) -> DumpFacts:
    return DumpFacts(
        format=job.format,
        file=stored_as,
        compression=outcome.compression,
        jobs=outcome.jobs,
        client_version=outcome.client_version,
        lsn=outcome.lsn,
        encrypted=stored_as.endswith(".age"),
        server=outcome.server,
        database=outcome.database,
    )


def _earlier_size(storage: Storage, job: BackupJob) -> tuple[int, int]:
    """Bytes of the newest dump of the same kind, and of its database then: the best estimate for the bar."""
    with contextlib.suppress(VezaError):
        for record in Catalogue(storage).records(job.environment):
            dump = record.manifest.dump if record.manifest else None
            if dump is not None and dump.format == job.format:
                size = sum(n for path, n in record.files if path == dump.file or path.startswith(f"{dump.file}/"))
                return size, dump.database.size
    return 0, 0


def workspace_files(workspace: Any, environment: str) -> tuple[tuple[str, Path, bool], ...]:
    """The files of a workspace that belong to an environment, for ``BackupJob.files``."""
    files: list[tuple[str, Path, bool]] = [(f"{environment}.yaml", workspace.environment_path(environment), False)]
    secrets: Path = workspace.secrets_path(environment)
    if secrets.is_file():
        files.append((f"{environment}.env", secrets, True))
    manifests: Path = workspace.manifests_path(environment)
    for path in _regular(manifests):
        relative = path.relative_to(manifests).as_posix()
        # A Secret's manifest may hold values.
        files.append((f"k8s/{relative}", path, b"Secret" in path.read_bytes()))
    return tuple(files)


def _regular(folder: Path) -> Iterator[Path]:
    if not folder.is_dir() or folder.is_symlink():
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _regular(path)
        elif path.is_file() and path.suffix in (".yaml", ".yml", ".json"):
            yield path


def progress_line(progress: TransferProgress) -> str:
    """``12.4 MB of ~100 MB, 31 MB/s, 3 s left, public.users (3/12)``."""
    parts = [finer_size_text(progress.done) + (f" of ~{finer_size_text(progress.total)}" if progress.total else "")]
    if progress.rate:
        parts.append(f"{finer_size_text(int(progress.rate))}/s")
    if progress.eta is not None:
        parts.append(f"{progress.eta:.0f} s left")
    if progress.table:
        parts.append(f"{progress.table} ({min(progress.tables_done + 1, progress.tables)}/{progress.tables})")
    return ", ".join(parts)
