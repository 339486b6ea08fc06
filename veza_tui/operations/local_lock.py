"""One operation per environment among the processes of this OS user on this machine."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from pathlib import Path

from veza_tui.model.errors import LockedError
from veza_tui.model.text import printable
from veza_tui.operations.lock import Holder, stamp
from veza_tui.operations.settings import private_directory


class LocalLock:
    """A lock file of this OS user on this machine; the kernel frees it when the process ends."""

    def __init__(self, state: Path, cluster_uid: str, environment: str) -> None:
        # The uid comes from the cluster: hashed, so that it can be no path.
        which = hashlib.sha256(cluster_uid.encode()).hexdigest()[:16]
        self._path = private_directory(state / "locks") / f"{environment}-{which}.lock"
        self._fd = -1

    def acquire(self, holder: Holder, since: float) -> None:
        """Take it; LockedError names the holder."""
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            text = os.pread(fd, 1000, 0)
            os.close(fd)
            raise LockedError(
                f"the environment is locked by {_describe_local(text)}", hint="wait for it, or attach to it"
            ) from None
        os.ftruncate(fd, 0)
        line = {"operation": holder.operation, "kind": holder.kind, "holder": holder.label, "since": stamp(since)}
        os.pwrite(fd, json.dumps(line).encode(), 0)
        self._fd = fd

    def release(self) -> None:
        """Give it back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def _describe_local(text: bytes) -> str:
    try:
        line = json.loads(text)
        return printable(f"{line['holder']} ({line['kind']} {line['operation']}) since {line['since']}", limit=200)
    except (ValueError, KeyError, TypeError):
        return "another operation on this machine"
