"""Names and files of a workspace: nothing outside it is ever read or written, whatever a name or a symlink says."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from pathlib import Path

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable

MAX_NAME = 50
"""Longest environment name: ``veza-NAME`` must be a DNS label, so at most 63 characters (RFC 1123)."""
MAX_CONFIG_BYTES = 256 * 1024
"""Of an environment, pipeline, rules or secrets file."""
MAX_MANIFEST_BYTES = 1536 * 1024
"""Of one manifest file: more than etcd stores of one object."""
RESERVED = ("deployment-pipeline", "environment-rules")
"""Files of ``environments/`` that are not environments."""

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")


class FileTrouble(ConfigError):
    """A file that cannot be used. A finding has fields for the file and the ``line`` (0: none): ``words`` lack both."""

    def __init__(self, file: str, words: str, *, line: int = 0, hint: str = "") -> None:
        super().__init__(f"{file}:{line}: {words}" if line else f"{file}: {words}", hint=hint)
        self.line = line
        self.words = words


def check_name(name: str) -> str:
    """``name`` when it can be an environment's name; no path is made of it before.

    Raises:
        ConfigError: it is empty, too long, reserved, or holds more than lower-case letters, digits and inner hyphens.
    """
    why = name_problem(name)
    if why:
        shown = printable(name, limit=40)
        raise ConfigError(f"{shown!r} is not an environment name: {why}" if name else f"an environment name {why}")
    return name


def name_problem(name: str) -> str:
    """Why ``name`` cannot be an environment's name, or ""."""
    if not name:
        return "must not be empty"
    if len(name) > MAX_NAME:
        return f"it has {len(name)} characters, at most {MAX_NAME} are allowed"
    if not _NAME.match(name):
        return "use lower-case letters, digits and inner hyphens only"
    if name in RESERVED:
        return "that file holds policy, not an environment"
    return ""


_ELSEWHERE = ", mount the other disk there, or name a bucket in data.backup.storage"


def inside(root: Path, path: Path) -> Path:
    """``path`` with every symlink resolved, when that is still in ``root`` (resolved already).

    Raises:
        FileTrouble: it leaves the workspace, or its symlinks go in a circle.
    """
    try:
        real = path.resolve()
    except RuntimeError:
        raise FileTrouble(shown(root, path), "its symlinks go in a circle", hint="remove the symlink") from None
    except OSError as error:
        raise FileTrouble(shown(root, path), f"cannot be followed: {_reason(error)}") from None
    if not real.is_relative_to(root):
        what = "directory" if real.is_dir() else "file"
        raise FileTrouble(
            shown(root, path),
            "is a symlink that leaves the workspace",
            hint=f"put the {what} itself in the workspace{_ELSEWHERE if path.name == 'backups' else ''}",
        )
    return real


def read_bytes(root: Path, path: Path, limit: int) -> bytes:
    """The bytes of a regular file of the workspace, at most ``limit``.

    Raises:
        FileNotFoundError: there is none.
        FileTrouble: it leaves the workspace, is no regular file, is too big or cannot be read.
    """
    real = inside(root, path)
    name = shown(root, path)
    try:
        # O_NONBLOCK: a FIFO put there must not hang us. O_NOFOLLOW: a symlink swapped in after the check must not win.
        fd = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise FileTrouble(name, f"cannot be read: {_reason(error)}") from None
    try:
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
        data = b"" if not regular else _read(fd, limit + 1)
    except OSError as error:
        raise FileTrouble(name, f"cannot be read: {_reason(error)}") from None
    finally:
        os.close(fd)
    if not regular:
        raise FileTrouble(name, "is not a regular file")
    if len(data) > limit:
        raise FileTrouble(name, f"is larger than {limit // 1024} KiB", hint="split it or remove what does not belong")
    return data


def _read(fd: int, limit: int) -> bytes:
    parts = []
    while limit > 0 and (part := os.read(fd, min(limit, 1 << 20))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def decode(name: str, data: bytes) -> str:
    """UTF-8 text, a byte-order mark removed.

    Raises:
        FileTrouble: it is not UTF-8.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileTrouble(name, "is not UTF-8 text", line=line, hint="save it as UTF-8") from None


def shown(root: Path, path: Path) -> str:
    """``path`` as messages name it: relative to the workspace where it can be, printable."""
    try:
        return printable(str(path.relative_to(root)))
    except ValueError:
        return printable(str(path))


def replace_file(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Write ``data`` beside ``path`` and rename it there: readers see the old file or the new one; fsynced.

    A symlink at ``path`` is replaced, not followed.

    Raises:
        ConfigError: the directory cannot be written.
    """
    temporary: str | None = None
    try:
        fd, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(fd, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except OSError as error:
        raise ConfigError(f"{printable(str(path))}: cannot be written: {_reason(error)}") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return printable(str(error), limit=120)
