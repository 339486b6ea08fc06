"""A backup being written in a directory: files made to last, hashed on the way, encrypted where they must be."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from veza_tui.adapters.storage.age import SUFFIX, EncryptingWriter
from veza_tui.adapters.storage.local_follow import FolderFollower, LocalFollower, Sender
from veza_tui.adapters.storage.paths import check_path
from veza_tui.model.backup import FileEntry
from veza_tui.ports.storage import MANIFEST, Writer

LOCK = ".lock"
BLOCK = 1 << 20


class LocalDraft:
    """A backup being written under ``.partial-NAME``; the flock on its lock file says that its owner lives."""

    def __init__(self, root: Path, name: str, directory: Path, recipients: list[Any]) -> None:
        self.name = name
        self.encrypts = bool(recipients)
        self._root = root
        self._directory = directory
        self._recipients = recipients
        self._open: list[LocalFollower | FolderFollower | FileWriter | EncryptingWriter] = []
        self._folders: dict[str, FolderFollower] = {}
        self._lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def create(self, path: str, *, secret: bool = False) -> Writer:
        """A new file; encrypted ones get the suffix ``.age``."""
        encrypt = secret and bool(self._recipients)
        final = path + SUFFIX if encrypt else path
        target = self._directory.joinpath(*check_path(final))
        for folder in reversed(target.relative_to(self._directory).parents[:-1]):
            (self._directory / folder).mkdir(mode=0o700, exist_ok=True)
        file = FileWriter(target, final)
        writer = EncryptingWriter(file, self._recipients) if encrypt else file
        self._open += [writer, file]
        return writer

    def direct(self, path: str, *, secret: bool = False) -> LocalFollower | None:
        """A file for pg_dump to write; None when it must be encrypted on the way."""
        if secret and self._recipients:
            return None
        follower = LocalFollower(self._directory.joinpath(*check_path(path)), path)
        self._open.append(follower)
        return follower

    def folder(self, path: str) -> Path:
        """For pg_dump to make and fill; hashed while it grows."""
        follower = FolderFollower(self._directory.joinpath(*check_path(path)), path)
        self._folders[path] = follower
        self._open.append(follower)
        return follower.path

    def adopt(self, folder: str) -> Sequence[FileEntry]:
        """What pg_dump wrote there, hashed and synced."""
        return self._folders[folder].finish()

    def commit(self, manifest: bytes) -> None:
        """Manifest last, everything synced, then one rename."""
        writer = FileWriter(self._directory / MANIFEST, MANIFEST)
        writer.write(manifest)
        writer.finish()
        (self._directory / LOCK).unlink()
        for folder, _, _ in os.walk(self._directory):
            Path(folder).chmod(0o700)
            sync(Path(folder))
        self._directory.rename(self._root / self.name)
        sync(self._root)
        self._release()

    def abort(self) -> None:
        """Nothing of it stays."""
        for one in self._open:
            one.stop()
        shutil.rmtree(self._directory, ignore_errors=True)
        self._release()

    def _release(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


class FileWriter:
    def __init__(self, path: Path, entry: str) -> None:
        self._entry = entry
        self._digest = hashlib.sha256()
        self._sender = Sender()
        self._size = 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, data: bytes | memoryview) -> int:
        view = memoryview(data)
        while view:
            # A full disk may take a part first; the next write says ENOSPC.
            view = view[self._file.write(view) :]
        self._digest.update(data)
        self._size += len(data)
        self._sender.grown(self._file.fileno(), self._size)
        return len(data)

    def finish(self) -> FileEntry:
        os.fsync(self._file.fileno())
        self._file.close()
        return FileEntry(self._entry, self._size, self._digest.hexdigest())

    def stop(self) -> None:
        self._file.close()


def is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
