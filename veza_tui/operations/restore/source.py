"""The backup that a restore reads: found again in each step by what the plan says, never by state of a process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.errors import RefusedError
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.verify import StoredDump
from veza_tui.operations.context import Context

MAX_FILE_BYTES = 4 << 20
"""An environment or secrets file of a backup is not larger."""


def catalogue_of(context: Any) -> Catalogue:
    """The catalogue of the environment's storage; of a Context or a PlanContext."""
    return Catalogue(context.service("storage"))


async def record_of(context: Context) -> BackupRecord:
    """The plan's backup.

    Raises:
        ConfigError: it is gone.
    """
    return await asyncio.to_thread(catalogue_of(context).get, str(context.plan.options["backup"]))


def origin_of(options: Mapping[str, Any], environment: str) -> str:
    """Whose backup it must be: the environment's own, or the one that was named on purpose."""
    return str(options.get("from_environment") or environment)


def identity_of(options: Mapping[str, Any]) -> Path | None:
    """The age identity file, None when none was given."""
    return Path(str(options["identity"])) if options.get("identity") else None


async def dump_of(context: Context) -> StoredDump:
    """The dump to load."""
    record = await record_of(context)
    return StoredDump(context.service("storage"), record, identity_of(context.plan.options))


async def read_part(context: Context, name: str) -> bytes:
    """A small file of the backup, decrypted; for another environment's backup that one's file.

    Raises:
        RefusedError: it is not in the backup, no regular file, or too large.
    """
    record = await record_of(context)
    origin = origin_of(context.plan.options, context.environment.name)
    wanted = origin + Path(name).suffix
    names = {path for path, _ in record.files}
    path = next((p for p in (wanted, f"{wanted}.age") if p in names), "")
    if not path:
        raise RefusedError(f"backup {record.name} holds no {wanted}")

    def read() -> bytes:
        data = bytearray()
        for block in context.service("storage").reveal(record.name, path, identity_of(context.plan.options)):
            data += block
            if len(data) > MAX_FILE_BYTES:
                raise RefusedError(f"{path} of backup {record.name} is larger than {MAX_FILE_BYTES:,} bytes")
        return bytes(data)

    return await asyncio.to_thread(read)
