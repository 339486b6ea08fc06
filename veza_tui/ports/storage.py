"""Where backups lie: a directory or a bucket. Every call blocks; operations call it from a thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from veza_tui.model.backup import FileEntry
from veza_tui.model.errors import RefusedError

MANIFEST = "manifest.json"
PROOF = "proof.json"
HOLD = "hold.json"
BESIDE = (PROOF, HOLD)
"""Files that are written after the manifest, each with a digest of its own; the manifest does not list them."""


class CredentialsError(RefusedError):
    """The storage refuses the credentials that it was asked with, or there are none (then ``exit`` is USAGE)."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a backup as it lies there. ``regular`` is false for symbolic links, devices and the like."""

    path: str
    """Relative to the backup, forward slashes."""
    size: int
    regular: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """A backup as a listing shows it, without opening any of its files."""

    name: str
    files: tuple[StoredFile, ...]
    unfinished: bool = False
    """Somebody's claim is on it: it is being written, or removed, or was when its owner died (a bucket only)."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)

    def has(self, path: str) -> bool:
        """Whether the file is there."""
        return any(f.path == path for f in self.files)


class Writer(Protocol):
    """A file being written. ``finish`` makes it last (fsync, or the upload's completion) and describes it."""

    def write(self, data: bytes | memoryview) -> int:
        """Write all of it, keeping no reference; OSError on a full disk, UnreachableError on a lost store."""
        ...

    def finish(self) -> FileEntry:
        """Size and SHA-256 of the bytes as they stand (after encryption)."""
        ...


class Follower(Protocol):
    """A file that a program writes itself."""

    path: Path

    def size(self) -> int:
        """Bytes so far."""
        ...

    def finish(self) -> FileEntry:
        """After the program's end: hash the rest, make it last. Blocks."""
        ...


class Draft(Protocol):
    """A backup under way; not in any listing until ``commit``."""

    name: str
    """The name that it will have, taken for nobody else."""
    encrypts: bool
    """Whether what is ``secret`` is encrypted."""

    def create(self, path: str, *, secret: bool = False) -> Writer:
        """A new file. ``secret``: encrypted as well when the storage encrypts (dumps and secrets)."""
        ...

    def direct(self, path: str, *, secret: bool = False) -> Follower | None:
        """Where a program may write that file itself, going back in it. None when its bytes must pass by.

        They must when they are encrypted, or go to a bucket.
        """
        ...

    def folder(self, path: str) -> Path:
        """A folder on this machine which a program makes and fills itself (directory dumps): it is not there yet."""
        ...

    def adopt(self, folder: str) -> Sequence[FileEntry]:
        """After the program's end: take over the files that it wrote there: hash, make last, upload."""
        ...

    def commit(self, manifest: bytes) -> None:
        """Write the manifest last and put the backup in its place, whole."""
        ...

    def abort(self) -> None:
        """Remove everything; never raises."""
        ...


class Storage(Protocol):
    """Backups by name. Names of drafts never show."""

    label: str
    """``backups`` directory or ``s3://bucket/prefix``, for people."""
    manifests_only: bool
    """Whether a backup without a manifest is an unfinished one (S3), or one of the script's (a directory)."""

    def list(self) -> Sequence[Stored]:
        """Every backup, oldest name first."""
        ...

    def stat(self, name: str) -> Stored:
        """One backup; ConfigError when there is none."""
        ...

    def read(self, name: str, path: str, *, limit: int = 16 << 20) -> bytes:
        """A small file, whole; ConfigError when it is missing, no regular file or larger than ``limit``."""
        ...

    def open(self, name: str, path: str) -> Iterator[bytes]:
        """A file's bytes as they lie there, in blocks. Symbolic links are refused."""
        ...

    def reveal(self, name: str, path: str, identity: Path | None = None) -> Iterator[bytes]:
        """The same, decrypted where the path ends in ``.age``; RefusedError without an identity that fits."""
        ...

    def local(self, name: str, path: str = "") -> Path | None:
        """The file's path on this machine; None when it must be streamed."""
        ...

    def fetched(self, name: str, folder: str) -> AbstractContextManager[Path]:
        """A folder of a backup on this machine: as it is, or fetched into a private directory while it is used."""
        ...

    def put(self, name: str, path: str, data: bytes) -> None:
        """Write or replace one of ``BESIDE``, whole or not at all."""
        ...

    def delete(self, name: str, path: str) -> None:
        """Remove one of ``BESIDE``; nothing happens when it is not there."""
        ...

    def begin(self, now: float) -> Draft:
        """Start a backup named after ``now`` (unix seconds, local time as the script's ``date``), or a second later."""
        ...

    def remove(self, name: str) -> None:
        """Remove a backup: out of every listing first, then its files."""
        ...

    def sweep(self) -> Sequence[str]:
        """Remove what dead runs left behind; returns the names. A living run's draft stays."""
        ...
