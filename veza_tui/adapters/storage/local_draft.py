"""A backup being written in a directory: files made to last, hashed on the way, encrypted where they must be."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from veza_tui.adapters.storage.age import SUFFIX, EncryptingWriter
from veza_tui.adapters.storage.paths import check_path
from veza_tui.model.backup import FileEntry
from veza_tui.model.errors import VezaError
from veza_tui.ports.storage import MANIFEST, StoredFile, Writer

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
        self._open: list[LocalFollower | FileWriter | EncryptingWriter] = []
        self._lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @property
    def directory(self) -> Path:
        """The draft itself: what is written here becomes part of the backup by ``adopt``."""
        return self._directory

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

    def direct(self, path: str, *, secret: bool = False, grows: bool = True) -> LocalFollower | None:
        """A file for pg_dump to write; None when it must be encrypted on the way."""
        if secret and self._recipients:
            return None
        follower = LocalFollower(self._directory.joinpath(*check_path(path)), path, grows)
        self._open.append(follower)
        return follower

    def adopt(self, folder: str) -> Sequence[FileEntry]:
        """Hash and sync what pg_dump wrote; modes 0700/0600."""
        top = self._directory.joinpath(*check_path(folder))
        entries = []
        for file in sorted(walk(top, f"{folder}/"), key=lambda f: f.path):
            path = self._directory / file.path
            path.chmod(0o600)
            digest = hashlib.sha256()
            with path.open("rb", buffering=0) as stream:
                while block := stream.read(BLOCK):
                    digest.update(block)
                os.fsync(stream.fileno())
            entries.append(FileEntry(file.path, file.size, digest.hexdigest()))
        return entries

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
        self._size = 0
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            # A full disk may take a part first; the next write says ENOSPC.
            view = view[self._file.write(view) :]
        self._digest.update(data)
        self._size += len(data)
        return len(data)

    def finish(self) -> FileEntry:
        os.fsync(self._file.fileno())
        self._file.close()
        return FileEntry(self._entry, self._size, self._digest.hexdigest())

    def stop(self) -> None:
        self._file.close()


class LocalFollower:
    """Reads behind the writer, out of the page cache, so that the hash is ready when the file is."""

    def __init__(self, path: Path, entry: str, grows: bool) -> None:
        self.path = path
        self._entry = entry
        self._grows = grows
        self._digest = hashlib.sha256()
        self._read = 0
        self._ended = threading.Event()
        # Made here, so that its mode is ours whatever the umask; pg_dump truncates and keeps it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._thread = threading.Thread(target=self._follow, name="hash", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        if not self._grows:
            self._ended.wait()
        with contextlib.suppress(OSError), self.path.open("rb", buffering=0) as file:
            while True:
                ended = self._ended.is_set()
                while block := file.read(BLOCK):
                    self._digest.update(block)
                    self._read += len(block)
                if ended:
                    return
                self._ended.wait(0.02)

    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size

    def finish(self) -> FileEntry:
        """Hash the rest and fsync."""
        self._ended.set()
        self._thread.join()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        if size != self._read:
            raise VezaError(f"{self.path.name} changed while it was hashed")
        return FileEntry(self._entry, size, self._digest.hexdigest())

    def stop(self) -> None:
        """The draft is given up."""
        self._ended.set()


def walk(directory: Path, prefix: str) -> Iterator[StoredFile]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if is_directory(entry):
                yield from walk(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                info = entry.stat(follow_symlinks=False)
                yield StoredFile(f"{prefix}{entry.name}", info.st_size, stat.S_ISREG(info.st_mode))


def is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
