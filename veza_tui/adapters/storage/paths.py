"""Names and paths of backups: never out of the store, never through a symbolic link."""

from __future__ import annotations

import time

from veza_tui.model.errors import ConfigError


def check_name(name: str) -> str:
    """The name of a backup.

    Raises:
        ConfigError: it could reach outside the store.
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name or "\0" in name or not name.isprintable():
        raise ConfigError(f"{name!r} is no name of a backup")
    return name


def check_path(path: str) -> list[str]:
    """The parts of a relative path in a backup.

    Raises:
        ConfigError: it is absolute, or climbs.
    """
    parts = path.split("/")
    if any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ConfigError(f"{path!r} is no path in a backup")
    return parts


def stamp(at: float) -> str:
    """``date +%Y%m%d_%H%M%S`` in local time, as the script names its directories."""
    return time.strftime("%Y%m%d_%H%M%S", time.localtime(at))
