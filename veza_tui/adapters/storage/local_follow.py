"""Files that pg_dump writes itself (custom and directory dumps): sent on their way to the disk while they grow, hashed.

pg_dump leaves all of a file to one fsync at its end. Here the disk works meanwhile, so the fsync finds little to do;
that pays for the hashing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from veza_tui.model.backup import FileEntry
from veza_tui.model.errors import VezaError
from veza_tui.ports.storage import StoredFile

_BLOCK = 1 << 18
"""Bytes read at once: they stay in the processor's cache while they are hashed."""
_SEND = 8 << 20
"""Bytes written before the disk is told to begin with them."""
_PAUSE = 0.04
_WRITE = 2  # SYNC_FILE_RANGE_WRITE (source: Linux man-pages, sync_file_range(2))


class Sender:
    """Tells the kernel to begin writing what has been added to a file; a hint, never an error."""

    def __init__(self) -> None:
        self._sent = 0

    def grown(self, descriptor: int, size: int) -> None:
        """The file has ``size`` bytes now."""
        if size - self._sent < _SEND:
            return
        call = _sync_file_range()
        if call is not None:
            call(descriptor, self._sent, size - self._sent, _WRITE)
        self._sent = size


@lru_cache(maxsize=1)
def _sync_file_range() -> Callable[..., int] | None:
    import ctypes

    try:
        call = ctypes.CDLL(None).sync_file_range
    except (OSError, AttributeError):
        return None  # no Linux: fsync alone, at the end
    call.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)
    return call


class _Tail:
    """One file, read as far as it goes each time."""

    def __init__(self) -> None:
        self.read = 0
        self.digest = hashlib.sha256()
        self._sender = Sender()

    def follow(self, file: Any, buffer: bytearray) -> None:
        """What was added since the last time."""
        view = memoryview(buffer)
        while count := file.readinto(buffer):
            self.digest.update(view[:count])
            self.read += count
        self._sender.grown(file.fileno(), self.read)


class LocalFollower:
    """One file in which pg_dump goes back to fill in offsets: hashed at its end, while it is made to last."""

    def __init__(self, path: Path, entry: str) -> None:
        self.path = path
        self._entry = entry
        self._tail = _Tail()
        self._ended = threading.Event()
        # Made here, so that its mode is ours whatever the umask; pg_dump truncates and keeps it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._thread = threading.Thread(target=self._follow, name="hash", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        sender = Sender()
        with contextlib.suppress(OSError), self.path.open("rb", buffering=0) as file:
            while not self._ended.wait(_PAUSE):
                sender.grown(file.fileno(), os.fstat(file.fileno()).st_size)
            self._tail.follow(file, bytearray(_BLOCK))

    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size

    def finish(self) -> FileEntry:
        """Hash and fsync, both at once."""
        self._ended.set()
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            size = os.fstat(file.fileno()).st_size
        self._thread.join()
        if size != self._tail.read:
            raise VezaError(f"{self.path.name} changed while it was hashed")
        return FileEntry(self._entry, size, self._tail.digest.hexdigest())

    def stop(self) -> None:
        """The draft is given up."""
        self._ended.set()


class FolderFollower:
    """A directory dump: pg_dump makes the folder, and each of its files is only appended to."""

    def __init__(self, path: Path, entry: str) -> None:
        self.path = path
        self._entry = entry
        self._tails: dict[str, _Tail] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="hash", daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        buffer = bytearray(_BLOCK)
        while not self._ended.is_set():
            began = time.monotonic()
            with contextlib.suppress(OSError):
                self._pass(buffer, self._ended.is_set)
            # Thousands of files take a while to look at: never more than a twentieth of the time.
            self._ended.wait(max(_PAUSE, 20 * (time.monotonic() - began)))

    def _pass(self, buffer: bytearray, enough: Callable[[], bool]) -> list[StoredFile]:
        found = []
        for file in walk(self.path, ""):
            if enough():
                break
            found.append(file)
            tail = self._tails.setdefault(file.path, _Tail())
            if file.size > tail.read:
                with (self.path / file.path).open("rb", buffering=0) as opened:
                    opened.seek(tail.read)
                    tail.follow(opened, buffer)
        return found

    def finish(self) -> Sequence[FileEntry]:
        """After the program's end: the rest hashed, everything made to last; modes 0700/0600."""
        self._ended.set()
        self._thread.join()
        entries = []
        for file in sorted(self._pass(bytearray(_BLOCK), lambda: False), key=lambda f: f.path):
            path, tail = self.path / file.path, self._tails[file.path]
            path.chmod(0o600)
            with path.open("rb") as opened:
                os.fsync(opened.fileno())
                size = os.fstat(opened.fileno()).st_size
            if size != tail.read:
                raise VezaError(f"{self._entry}/{file.path} changed while it was hashed")
            entries.append(FileEntry(f"{self._entry}/{file.path}", size, tail.digest.hexdigest()))
        return entries

    def stop(self) -> None:
        """The draft is given up."""
        self._ended.set()
        self._thread.join()


def walk(directory: Path, prefix: str) -> Iterator[StoredFile]:
    """Files below it, links not followed."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from walk(Path(entry.path), f"{prefix}{entry.name}/")
            else:
                info = entry.stat(follow_symlinks=False)
                yield StoredFile(f"{prefix}{entry.name}", info.st_size, stat.S_ISREG(info.st_mode))
