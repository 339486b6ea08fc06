"""How a dump is compressed: what was asked for, or the best that this pg_dump has."""

from __future__ import annotations

import subprocess
from functools import lru_cache

from veza_tui.adapters.postgres.tools import Tools
from veza_tui.model.errors import ConfigError
from veza_tui.ports.database import DumpOptions


def choose_compression(tools: Tools, options: DumpOptions) -> str:
    """pg_dump's ``--compress``: none for plain, zstd where this pg_dump has it, else gzip.

    Raises:
        ConfigError: asked for something that this pg_dump, or the format, cannot do.
    """
    asked = options.compression.strip()
    method = asked.partition(":")[0]
    if options.format == "plain":
        if method not in ("", "none", "0"):
            raise ConfigError(
                "data.backup.compression: a plain dump is not compressed, so that the script's restore can read it",
                hint="use format custom or directory",
            )
        return "0"
    if tools.major < 16:  # before 16 pg_dump knew gzip levels only
        if method in ("zstd", "lz4"):
            raise ConfigError(f"pg_dump {tools.version} has no {method}", hint="use gzip, or a client >= 16")
        level = asked.partition(":")[2] if method == "gzip" else asked
        return "0" if method == "none" else (level if level.isdigit() else "6")
    if asked:
        if method in ("zstd", "lz4") and not _supports(tools.path("pg_dump"), method):
            raise ConfigError(f"this pg_dump {tools.version} was built without {method}", hint="use gzip")
        return asked
    return "zstd" if _supports(tools.path("pg_dump"), "zstd") else "gzip"


@lru_cache(maxsize=16)
def _supports(pg_dump: str, method: str) -> bool:
    # It checks the method before it connects; a socket directory that cannot be is refused after that.
    try:
        answer = subprocess.run(
            [pg_dump, f"--compress={method}", "--format=custom", "--host=/nonexistent", "--no-password", "postgres"],
            capture_output=True,
            text=True,
            timeout=10,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return "compression" not in answer.stderr and "not supported" not in answer.stderr
