"""What runs in the Job: the same backup, from a folder that the bastion sent, told as JSON lines on stdout."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from veza_tui.model.errors import ConfigError, VezaError
from veza_tui.model.exits import Exit
from veza_tui.operations.backup.make import BackupJob, make_backup
from veza_tui.ports.clock import Clock
from veza_tui.ports.database import Database, TransferProgress
from veza_tui.ports.storage import CredentialsError, Storage

PASSWORD_VARIABLE = "VEZA_DB_PASSWORD"  # noqa: S105 - a name
CREDENTIALS = "veza-backup-credentials"
"""An optional Secret in the namespace whose keys become the Job's environment: AWS_ACCESS_KEY_ID and the like."""
_EVERY = 1.0
"""Seconds between two lines of progress."""


def read_spec(folder: Path) -> dict[str, Any]:
    """``spec.json`` of the folder.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        spec = json.loads((folder / "spec.json").read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder}/spec.json: {error}") from None
    if not isinstance(spec, dict):
        raise ConfigError(f"{folder}/spec.json: no JSON object")
    return spec


async def run_inside(
    folder: Path,
    spec: Mapping[str, Any],
    storage: Storage,
    database: Database,
    clock: Clock,
    say: Callable[[str], None],
) -> int:
    """Make the backup; returns the exit code. Failures are told as a line too: the log is all that the bastion sees."""
    told = 0.0
    untold: TransferProgress | None = None

    def tell(progress: TransferProgress, every: float = _EVERY) -> None:
        nonlocal told, untold
        untold = progress
        if clock.monotonic() - told >= every:
            told, untold = clock.monotonic(), None
            say(json.dumps({"is": "progress", **asdict(progress)}))

    async def releases() -> list[tuple[str, str]]:
        return [(name, (folder / file).read_text()) for name, file in spec["releases"]]

    job = BackupJob(
        environment=spec["environment"],
        who=spec["who"],
        reason=spec["reason"],
        format=spec["format"],
        jobs=spec["jobs"],
        compression=spec["compression"],
        cluster=spec["cluster"],
        # A Secret's volume shows its files through links: resolved here, once.
        files=tuple((path, (folder / file).resolve(), secret) for path, file, secret in spec["files"]),
        releases=releases,
    )
    try:
        manifest = await make_backup(job, storage, database, clock, tell)
    except asyncio.CancelledError:
        say(json.dumps({"is": "failed", "message": "the Job was stopped from outside", "exit": int(Exit.FAILED)}))
        raise
    except VezaError as error:
        # Its variables are not those of whoever reads this.
        keys = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION"
        of_secret = f"the Job takes {keys} from the namespace's Secret {CREDENTIALS}"
        hint = of_secret if isinstance(error, CredentialsError) else error.hint
        say(json.dumps({"is": "failed", "message": error.message, "hint": hint, "exit": int(error.exit)}))
        return error.exit
    if untold is not None:
        tell(untold, 0.0)  # the whole: a quick dump would seem to end at its first look
    size = sum(f.size for f in manifest.files)
    rows = sum(t.rows for t in manifest.dump.database.tables) if manifest.dump else 0
    say(json.dumps({"is": "done", "name": manifest.name, "size": size, "rows": rows}))
    return Exit.DONE
