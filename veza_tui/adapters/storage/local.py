"""Backups in a directory, as the script lays them out; drafts beside, renamed into place when they are whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from veza_tui.adapters.storage.age import SUFFIX, EncryptingWriter, decrypting, parse_recipients, read_identities
from veza_tui.adapters.storage.paths import check_name, check_path, stamp
from veza_tui.model.backup import FileEntry
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.ports.storage import BESIDE, MANIFEST, Stored, StoredFile, Writer

_PARTIAL = ".partial-"
_TRASH = ".trash-"
_TEMPORARY = ".tmp-"
_LOCK = ".lock"
_GRACE = 60.0
"""Seconds in which a draft without a lock file is not yet taken for a dead one."""
_BLOCK = 1 << 20


class LocalStorage:
    """Backups under one directory (mode 0700, files 0600)."""

    manifests_only = False

    def __init__(self, root: Path, encrypt_to: Sequence[str] = ()) -> None:
        self._root = root
        self._encrypt_to = tuple(encrypt_to)
        self.label = str(root)

    def list(self) -> Sequence[Stored]:
        """Every directory that is no draft."""
        try:
            names = sorted(e.name for e in os.scandir(self._root) if not e.name.startswith(".") and _is_directory(e))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigError(f"{self.label}: {error.strerror}") from None
        found = []
        for name in names:
            # One that is being removed at this moment is no backup any more.
            with contextlib.suppress(ConfigError):
                found.append(self.stat(name))
        return found

    def stat(self, name: str) -> Stored:
        """Its files, links not followed."""
        directory = self._root / check_name(name)
        if directory.is_symlink() or not directory.is_dir():
            raise ConfigError(f"there is no backup {name} in {self.label}", hint="veza-tui backups lists them")
        return Stored(name, tuple(sorted(_walk(directory, ""), key=lambda f: f.path)))

    def read(self, name: str, path: str, *, limit: int = 16 << 20) -> bytes:
        """A small file."""
        descriptor = self._open(name, path)
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise ConfigError(f"{self.label}/{name}/{path} is larger than {limit:,} bytes")
        return data

    def open(self, name: str, path: str) -> Iterator[bytes]:
        """Blocks of 1 MiB."""
        with os.fdopen(self._open(name, path), "rb", buffering=0) as file:
            while block := file.read(_BLOCK):
                yield block

    def reveal(self, name: str, path: str, identity: Path | None = None) -> Iterator[bytes]:
        """The same, decrypted where the file is an age file."""
        if not path.endswith(SUFFIX):
            return self.open(name, path)
        return decrypting(self.open(name, path), identities_for(name, identity), f"{name}/{path}")

    def _open(self, name: str, path: str) -> int:
        # Each part by itself with O_NOFOLLOW: a link anywhere on the way is refused.
        parts = [check_name(name), *check_path(path)]
        here = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for index, part in enumerate(parts):
                last = index == len(parts) - 1
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | (os.O_NONBLOCK if last else os.O_DIRECTORY)
                below = os.open(part, flags, dir_fd=here)
                os.close(here)
                here = below
            if not stat.S_ISREG(os.fstat(here).st_mode):
                raise OSError(errno.EINVAL, "no regular file")
        except OSError as error:
            os.close(here)
            why = "a symbolic link" if error.errno in (errno.ELOOP, errno.ENOTDIR) else error.strerror
            raise ConfigError(f"{self.label}/{name}/{path}: {why}") from None
        return here

    def local(self, name: str, path: str = "") -> Path | None:
        """Always on this machine."""
        directory = self._root / check_name(name)
        return directory.joinpath(*check_path(path)) if path else directory

    @contextlib.contextmanager
    def fetched(self, name: str, folder: str) -> Iterator[Path]:
        """As it lies."""
        yield self._root.joinpath(check_name(name), *check_path(folder))

    def put(self, name: str, path: str, data: bytes) -> None:
        """By a rename, so that it is there whole or not at all."""
        if path not in BESIDE:
            raise ValueError(path)
        temporary = self._root / f"{_TEMPORARY}{secrets.token_hex(6)}"
        writer = _FileWriter(temporary, path)
        try:
            writer.write(data)
            writer.finish()
            temporary.replace(self._root / check_name(name) / path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise VezaError(f"{self.label}/{name}/{path}: {error.strerror}") from None
        _sync(self._root / name)

    def delete(self, name: str, path: str) -> None:
        """Remove one of the files beside the manifest."""
        if path not in BESIDE:
            raise ValueError(path)
        (self._root / check_name(name) / path).unlink(missing_ok=True)
        _sync(self._root / name)

    def begin(self, now: float) -> LocalDraft:
        """Take the name by making its draft directory: nobody else can."""
        recipients = parse_recipients(self._encrypt_to)
        try:
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            while True:
                name = stamp(now)
                draft = self._root / f"{_PARTIAL}{name}"
                now += 1
                try:
                    draft.mkdir(mode=0o700)
                except FileExistsError:
                    continue
                # Asked after the draft was made, so that one that was renamed in between is seen.
                if (self._root / name).exists():
                    draft.rmdir()
                    continue
                return LocalDraft(self._root, name, draft, recipients)
        except OSError as error:
            raise VezaError(f"{self.label}: {error.strerror}", hint="check the directory and its permissions") from None

    def remove(self, name: str) -> None:
        """Rename first: a half removed backup is never listed."""
        self.stat(name)
        trash = self._root / f"{_TRASH}{name}-{secrets.token_hex(4)}"
        (self._root / name).rename(trash)
        _sync(self._root)
        shutil.rmtree(trash, ignore_errors=True)

    def sweep(self) -> Sequence[str]:
        """Drafts whose owner is dead (nobody holds their lock), and rests of removals."""
        swept: list[str] = []
        try:
            entries = list(os.scandir(self._root))
        except OSError:
            return swept
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith(_PARTIAL) and _is_directory(entry) and _abandoned(path):
                shutil.rmtree(path, ignore_errors=True)
                swept.append(entry.name.removeprefix(_PARTIAL))
            elif entry.name.startswith(_TRASH) and _is_directory(entry):
                shutil.rmtree(path, ignore_errors=True)
            elif entry.name.startswith(_TEMPORARY) and time.time() - entry.stat(follow_symlinks=False).st_mtime > 3600:
                path.unlink(missing_ok=True)
        return swept


class LocalDraft:
    """A backup being written under ``.partial-NAME``; the flock on its lock file says that its owner lives."""

    def __init__(self, root: Path, name: str, directory: Path, recipients: list[Any]) -> None:
        self.name = name
        self.encrypts = bool(recipients)
        self._root = root
        self._directory = directory
        self._recipients = recipients
        self._open: list[LocalFollower | _FileWriter | EncryptingWriter] = []
        self._lock = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
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
        file = _FileWriter(target, final)
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
        for file in sorted(_walk(top, f"{folder}/"), key=lambda f: f.path):
            path = self._directory / file.path
            path.chmod(0o600)
            digest = hashlib.sha256()
            with path.open("rb", buffering=0) as stream:
                while block := stream.read(_BLOCK):
                    digest.update(block)
                os.fsync(stream.fileno())
            entries.append(FileEntry(file.path, file.size, digest.hexdigest()))
        return entries

    def commit(self, manifest: bytes) -> None:
        """Manifest last, everything synced, then one rename."""
        writer = _FileWriter(self._directory / MANIFEST, MANIFEST)
        writer.write(manifest)
        writer.finish()
        (self._directory / _LOCK).unlink()
        for folder, _, _ in os.walk(self._directory):
            Path(folder).chmod(0o700)
            _sync(Path(folder))
        self._directory.rename(self._root / self.name)
        _sync(self._root)
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


class _FileWriter:
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
                while block := file.read(_BLOCK):
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


def identities_for(name: str, identity: Path | None) -> list[Any]:
    """The identities to decrypt with; RefusedError when none was given."""
    if identity is None:
        raise RefusedError(f"backup {name} is encrypted", hint="give the age identity file: --identity FILE")
    return read_identities(identity)


def _walk(directory: Path, prefix: str) -> Iterator[StoredFile]:
    with os.scandir(directory) as entries:
        for entry in entries:
            if _is_directory(entry):
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                info = entry.stat(follow_symlinks=False)
                yield StoredFile(f"{prefix}{entry.name}", info.st_size, stat.S_ISREG(info.st_mode))


def _is_directory(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False)


def _abandoned(draft: Path) -> bool:
    try:
        descriptor = os.open(draft / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return time.time() - draft.stat().st_mtime > _GRACE
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
