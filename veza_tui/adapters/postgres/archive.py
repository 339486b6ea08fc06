"""What an archive (custom or directory) holds, by ``pg_restore --list``: no server is asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from veza_tui.adapters.postgres.tools import Tools
from veza_tui.model.errors import RefusedError
from veza_tui.model.text import printable
from veza_tui.ports.database import DumpSource, ScanReport

_LIST = re.compile(r"^\d+; \d+ \d+ (TABLE DATA|TABLE|EXTENSION|SUBSCRIPTION|DATABASE) (\S+) (.+?)(?: (\S+))?$")


async def scan_archive(source: DumpSource, tools: Tools) -> ScanReport:
    """The contents of an archive by ``pg_restore --list``; an encrypted or remote one is read by its start only."""
    lines = await listing(tools, source.path) if source.path is not None else await _listing_of_stream(tools, source)
    tables, roles, extensions, databases, notes = set(), set(), set(), set(), []
    version = ""
    for line in lines:
        if line.startswith(";"):
            _, _, value = line.partition("Dumped from database version: ")
            version = value.split(" ")[0] if value else version
            continue
        match = _LIST.match(line)
        owner = line.rsplit(" ", 1)[-1]
        if owner and not owner.startswith("-") and ";" in line:
            roles.add(printable(owner, limit=63))
        if match is None:
            continue
        if match[1] == "TABLE":
            tables.add(printable(f"{match[2]}.{match[3]}", limit=140))
        elif match[1] == "EXTENSION":
            extensions.add(printable(match[3].split(" ")[0], limit=63))
        elif match[1] == "DATABASE":
            databases.add(printable(match[3].split(" ")[0], limit=63))
        elif match[1] == "SUBSCRIPTION":
            notes.append("left out: a subscription: it would take over the live one's slot")
    return ScanReport(
        rows={},
        roles=tuple(sorted(roles)),
        extensions=tuple(sorted(extensions)),
        databases=tuple(sorted(databases)),
        dumped_from=version,
        complete=True,
        notes=tuple(notes),
        tables=tuple(sorted(tables)),
    )


async def listing(tools: Tools, path: Path) -> list[str]:
    """The lines of the table of contents; RefusedError when the archive cannot be read."""
    out, err, code = await _list(tools, (str(path),), None)
    if code:
        why = printable(" ".join(err.decode(errors="replace").split()), limit=200)
        raise RefusedError(f"the archive {path.name} cannot be read: {why}")
    return out.decode(errors="replace").splitlines()


async def _listing_of_stream(tools: Tools, source: DumpSource) -> list[str]:
    """The table of contents stands at the archive's start: the rest is not read."""

    def start() -> bytes:
        collected = bytearray()
        with source.open() as blocks:
            for block in blocks:
                collected += block
                if len(collected) > 8 << 20:
                    break
        return bytes(collected)

    out, _, code = await _list(tools, (), await asyncio.to_thread(start))
    if code:
        raise RefusedError("the archive's table of contents cannot be read")
    return out.decode(errors="replace").splitlines()


async def _list(tools: Tools, arguments: Sequence[str], data: bytes | None) -> tuple[bytes, bytes, int | None]:
    process = await asyncio.create_subprocess_exec(
        *(tools.path("pg_restore"), "--list", *arguments),
        stdin=asyncio.subprocess.DEVNULL if data is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"LC_ALL": "C", "PATH": os.environ.get("PATH", "")},
    )
    try:
        out, err = await process.communicate(data)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    return out, err, process.returncode
