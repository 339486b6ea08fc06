"""Backups in a directory, as the script lays them out; drafts beside, renamed into place when they are whole."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
import stat
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from veza_tui.adapters.storage.age import SUFFIX, decrypting, parse_recipients, read_identities
from veza_tui.adapters.storage.local_draft import BLOCK, LOCK, FileWriter, LocalDraft, is_directory, sync
from veza_tui.adapters.storage.local_follow import walk
from veza_tui.adapters.storage.paths import check_name, check_path, stamp
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.ports.storage import BESIDE, Stored

_PARTIAL = ".partial-"
_TRASH = ".trash-"
_TEMPORARY = ".tmp-"
_GRACE = 60.0
"""Seconds in which a draft without a lock file is not yet taken for a dead one."""


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
            names = sorted(e.name for e in os.scandir(self._root) if not e.name.startswith(".") and is_directory(e))
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
        return Stored(name, tuple(sorted(walk(directory, ""), key=lambda f: f.path)))

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
            while block := file.read(BLOCK):
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
        writer = FileWriter(temporary, path)
        try:
            writer.write(data)
            writer.finish()
            temporary.replace(self._root / check_name(name) / path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise VezaError(f"{self.label}/{name}/{path}: {error.strerror}") from None
        sync(self._root / name)

    def delete(self, name: str, path: str) -> None:
        """Remove one of the files beside the manifest."""
        if path not in BESIDE:
            raise ValueError(path)
        (self._root / check_name(name) / path).unlink(missing_ok=True)
        sync(self._root / name)

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
        sync(self._root)
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
            if entry.name.startswith(_PARTIAL) and is_directory(entry) and _abandoned(path):
                shutil.rmtree(path, ignore_errors=True)
                swept.append(entry.name.removeprefix(_PARTIAL))
            elif entry.name.startswith(_TRASH) and is_directory(entry):
                shutil.rmtree(path, ignore_errors=True)
            elif entry.name.startswith(_TEMPORARY) and time.time() - entry.stat(follow_symlinks=False).st_mtime > 3600:
                path.unlink(missing_ok=True)
        return swept


def identities_for(name: str, identity: Path | None) -> list[Any]:
    """The identities to decrypt with; RefusedError when none was given."""
    if identity is None:
        raise RefusedError(f"backup {name} is encrypted", hint="give the age identity file: --identity FILE")
    return read_identities(identity)


def _abandoned(draft: Path) -> bool:
    try:
        descriptor = os.open(draft / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return time.time() - draft.stat().st_mtime > _GRACE
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True
