"""A seeded data directory, made once and copied for every later start: initdb and seeding take 2 s.

A running demo makes the copy for the next one, which then starts with a rename: on some file systems making the 2,000
files of a data directory takes a second.

It stands under ``$XDG_CACHE_HOME/veza-tui/demo/`` and is keyed by everything that shapes it. It holds no password: the
roles get theirs at each start. Two demos may make it at once: each builds its own, and a rename decides.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from veza_tui.embedded.platform import binaries
from veza_tui.embedded.platform.process import run
from veza_tui.model.errors import VezaError

LAYOUT = 2
"""Raise it when the template's making changes."""
KEEP_DAYS = 30


def cache_directory() -> Path:
    """``$XDG_CACHE_HOME/veza-tui/demo``."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "veza-tui" / "demo"


def key(found: binaries.Binaries, rows: int, seed: str) -> str:
    """Name of the template: versions, rows, the seed's digest, and as whom the server runs."""
    digest = hashlib.sha256(seed.encode()).hexdigest()[:12]
    return f"pg{found.version}-{found.mode}-{rows}-{digest}-{LAYOUT}"


async def initdb(found: binaries.Binaries, target: Path) -> None:
    """A new cluster in ``target``; local connections are trusted since its socket stands in a private directory."""
    code, output = await run(
        [
            *(found.initdb, "-D", str(target), "-U", "postgres", "-E", "UTF8", "--no-sync", "--no-instructions"),
            *("--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums", "--wal-segsize=1"),
            *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        mode=found.mode,
    )
    if code != 0:
        raise VezaError(f"initdb failed: {(output.strip().splitlines() or [f'exit code {code}'])[-1]}")


async def provide(target: Path, name: str, build: Callable[[Path], Awaitable[None]]) -> bool:
    """Put a copy of the template ``name`` at ``target``, building it first when there is none; True when it was there.

    ``build`` fills an empty path. Without a writable cache what it built is used and nothing kept.
    """
    cached = cache_directory() / name
    if await asyncio.to_thread(cached.is_dir):
        try:
            _spare(name).rename(target)  # one demo gets it
        except OSError:
            await copy(cached, target)
        return True
    await build(target)
    with contextlib.suppress(OSError):
        await asyncio.to_thread(_prepare_cache)
        await _copy_into(target, cached)
    return False


async def replenish(name: str) -> None:
    """Have a spare copy ready for the next start, which then needs only a rename; does nothing when there is one."""
    cached = cache_directory() / name
    if cached.is_dir() and not _spare(name).exists():
        with contextlib.suppress(OSError):
            await _copy_into(cached, _spare(name))


def _spare(name: str) -> Path:
    return cache_directory() / f"{name}.spare"


async def _copy_into(source: Path, target: Path) -> None:
    """Copy beside ``target`` and rename; when somebody was quicker, theirs is as good."""
    building = Path(tempfile.mkdtemp(prefix=".building-", dir=target.parent))
    try:
        await copy(source, building / "data")
        (building / "data").rename(target)
    except FileExistsError:
        pass
    finally:
        await asyncio.to_thread(shutil.rmtree, building, True)


async def copy(source: Path, target: Path) -> None:
    """A copy with owners and modes kept, by the quickest way of this machine."""
    code, output = await run(["/bin/cp", "-a", *_REFLINK, str(source), str(target)])
    if code != 0:
        raise OSError(f"cp: {output.strip()}")


_REFLINK = ("--reflink=auto",) if os.uname().sysname == "Linux" else ()


def _prepare_cache() -> None:
    cache = cache_directory()
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    oldest = time.time() - KEEP_DAYS * 86400
    for entry in cache.iterdir():
        # What was killed while building, and templates nobody has made for a month.
        limit = time.time() - 600 if entry.name.startswith(".building-") else oldest
        if entry.stat().st_mtime < limit:
            shutil.rmtree(entry, ignore_errors=True)
