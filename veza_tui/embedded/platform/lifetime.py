"""Directories and processes of a demo: made private, found again, gone at the end."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from veza_tui.model.errors import LockedError

PREFIX = "veza-demo-"
MARKER = "VEZA_DEMO_ID"
"""Environment variable of everything a demo starts, its detached operations included; its value is ``Home.run``."""


class Home:
    """Where one demo keeps things. ``run`` is always temporary (sockets want short paths), ``state`` may be kept."""

    def __init__(self, kept: Path | None = None) -> None:
        """Make the directories (mode 0700) and lock them; sweeps away what killed demos left.

        Raises:
            LockedError: another demo runs on ``kept``.
        """
        sweep()
        self.run = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._locks = [_lock(self.run / "lock")]
        self.kept = kept is not None
        self.state = kept.expanduser().absolute() if kept is not None else self.run / "state"
        try:
            self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
            if kept is not None:
                self._locks.append(_lock(self.state / ".lock"))
        except BlockingIOError:
            self.close()
            raise LockedError(f"another demo runs on {kept}", hint="give each its own --state") from None
        except BaseException:
            self.close()
            raise
        if self.kept:
            self.state.chmod(0o700)

    def close(self) -> None:
        """Remove what is temporary."""
        shutil.rmtree(_beside(self.run), ignore_errors=True)
        shutil.rmtree(self.run, ignore_errors=True)
        while self._locks:
            os.close(self._locks.pop())

    @property
    def beside(self) -> Path:
        """A path that another user could be let into, removed with ``run``; not made."""
        return _beside(self.run)


def sweep() -> None:
    """Remove directories of demos that were killed: of this user, older than a minute, and locked by nobody."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            info = path.lstat()
            if info.st_uid != os.geteuid() or time.time() - info.st_mtime < 60 or not (path / "lock").is_file():
                continue
            descriptor = _lock(path / "lock")
            shutil.rmtree(_beside(path), ignore_errors=True)
            shutil.rmtree(path, ignore_errors=True)
            os.close(descriptor)


def marked(value: str) -> Iterator[int]:
    """Process ids, other than ours and our parent's, that carry the marker with this value (Linux)."""
    wanted = f"{MARKER}={value}".encode()
    for entry in Path("/proc").glob("[0-9]*"):
        pid = int(entry.name)
        if pid in (os.getpid(), os.getppid()):
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                yield pid


def end_marked(value: str, *, patience: float = 2.0) -> None:
    """End the processes that carry the marker: TERM, and after ``patience`` seconds KILL."""
    deadline = time.monotonic() + patience
    number = signal.SIGTERM
    while pids := list(marked(value)):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        if number is signal.SIGKILL:
            break
        while time.monotonic() < deadline and not set(marked(value)).isdisjoint(pids):
            time.sleep(0.05)
        number = signal.SIGKILL


def _lock(path: Path) -> int:
    """An open, locked descriptor; BlockingIOError when somebody else has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _beside(run: Path) -> Path:
    return run.with_name(f"pg-{run.name}")
