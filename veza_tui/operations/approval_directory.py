"""Approvals in a directory that every operator of this machine can write; the kernel names the author."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from veza_tui.model.errors import RefusedError
from veza_tui.operations.approval import Ask, Grant, ask_from_json, grant_from_json
from veza_tui.operations.ids import is_id
from veza_tui.operations.who import user_name

DEFAULT = Path("/var/lib/veza-tui/approvals")
_LIMIT = 4_000_000


def approvals_directory(environ: Mapping[str, str]) -> Path | None:
    """``$VEZA_APPROVALS``, else the default where it exists; None: approvals are kept in the cluster."""
    configured = environ.get("VEZA_APPROVALS", "")
    if configured:
        return Path(configured).absolute()
    return DEFAULT if DEFAULT.is_dir() else None


class DirectoryApprovals:
    """``ID.ask.json`` by the starter, ``ID.UID.json`` by each approver, all 0644.

    The directory must be sticky when others may write it (as /tmp is, mode 1777 or 1770), or anybody could replace
    anybody's file.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    async def ask(self, ask: Ask) -> None:
        """See the Protocol."""
        self._check()
        self._write(f"{ask.id}.ask.json", ask.to_json())

    async def asks(self) -> list[Ask]:
        """See the Protocol; the starter is whoever owns the file."""
        self._check()
        found = []
        for path in sorted(self._directory.glob("*.ask.json")):
            read = self._read(path)
            if read is None:
                continue
            uid, data = read
            with contextlib.suppress(ValueError, TypeError):
                ask = ask_from_json(data)
                if path.name == f"{ask.id}.ask.json" and is_id(ask.id):
                    owner = replace(ask.starter, uid=uid, user=user_name(uid))
                    found.append(replace(ask, starter=owner))
        return found

    async def grant(self, grant: Grant) -> None:
        """See the Protocol."""
        self._check()
        self._write(f"{grant.id}.{os.getuid()}.json", grant.to_json())

    async def grants(self, operation: str) -> list[Grant]:
        """See the Protocol; whoever owns the file said it. sudo is taken from the file: it only ever disqualifies."""
        self._check()
        found = []
        for path in sorted(self._directory.glob(f"{operation}.[0-9]*.json")):
            read = self._read(path)
            if read is None:
                continue
            uid, data = read
            with contextlib.suppress(ValueError, TypeError):
                grant = grant_from_json(data, proof="file owner")
                found.append(replace(grant, person=replace(grant.person, uid=uid, user=user_name(uid))))
        return found

    async def clear(self, operation: str) -> None:
        """Remove our ask; in a sticky directory the approvers' files are theirs."""
        for path in self._directory.glob(f"{operation}.*.json"):
            with contextlib.suppress(OSError):
                path.unlink()

    def _check(self) -> None:
        try:
            info = self._directory.stat()
        except OSError as error:
            raise RefusedError(
                f"approvals directory {self._directory}: {error.strerror}", hint="create it with mode 1777"
            ) from error
        if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not info.st_mode & stat.S_ISVTX:
            raise RefusedError(
                f"approvals directory {self._directory} is writable by others without the sticky bit",
                hint="chmod +t it: without it anybody can replace anybody's approval",
            )

    def _write(self, name: str, data: object) -> None:
        temporary = self._directory / f".{name}.{os.getpid()}"
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            os.fchmod(fd, 0o644)  # the runner's umask is 077, but the others must read it
            os.write(fd, json.dumps(data, ensure_ascii=False).encode())
            os.fsync(fd)
        finally:
            os.close(fd)
        temporary.rename(self._directory / name)

    def _read(self, path: Path) -> tuple[int, Mapping[str, object]] | None:
        """(owner, content) of a plain file that only its owner could have written."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        try:
            info = os.fstat(fd)
            if not stat.S_ISREG(info.st_mode) or info.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or info.st_size > _LIMIT:
                return None
            with os.fdopen(os.dup(fd), "rb") as stream:
                data = json.loads(stream.read(_LIMIT))
        except (OSError, ValueError):
            return None
        finally:
            os.close(fd)
        return (info.st_uid, data) if isinstance(data, dict) else None
