"""Where state stands: ``$XDG_STATE_HOME/veza-tui`` (XDG base directory specification; a relative value is ignored)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def state_directory(environ: Mapping[str, str] | None = None) -> Path:
    """``$XDG_STATE_HOME/veza-tui``, by default ``~/.local/state/veza-tui``. Not created."""
    environ = os.environ if environ is None else environ
    base = environ.get("XDG_STATE_HOME", "")
    root = Path(base) if base.startswith("/") else Path(environ.get("HOME") or Path.home()) / ".local" / "state"
    return root / "veza-tui"


def private_directory(path: Path) -> Path:
    """Create ``path`` (0700, parents too) and make its entry durable."""
    missing = [p for p in (path, *path.parents) if not p.exists()]
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for directory in missing:
        # mkdir's mode does not reach parents; and an umask cannot widen, only narrow.
        directory.chmod(0o700)
        sync_directory(directory.parent)
    return path


def sync_directory(path: Path) -> None:
    """fsync a directory, so that the entries created in it survive a power cut."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_private(path: Path, data: bytes) -> None:
    """Write a whole file (0600) by atomic rename, durable when it returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fsync(fd)
    finally:
        os.close(fd)
    temporary.rename(path)
    sync_directory(path.parent)
