"""The steps of a backup, as the runner calls them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Step
from veza_tui.model.sizes import finer_size_text
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.backup.make import BackupJob, make_backup, progress_line, workspace_files
from veza_tui.operations.backup.verify import verify_backup
from veza_tui.operations.context import Cancelled, Context, Result, action
from veza_tui.operations.who import current_person
from veza_tui.ports.cluster import ClusterError
from veza_tui.ports.database import Progress, TransferProgress

T = TypeVar("T")
_LOOK = 0.2
"""Seconds between two looks at whether a cancel was asked."""


async def until_cancelled(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Its result. A cancel ends it at once: a backup changes nothing, so that every moment of it is a safe point.

    Raises:
        Cancelled: it was asked for, and the work has cleared up after itself.
    """
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if context.cancelled():
                raise Cancelled
            await asyncio.wait({task}, timeout=_LOOK)
        return task.result()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await task


def reporting(context: Context) -> Progress:
    """Progress of a dump or load as the journal's."""

    def tell(progress: TransferProgress) -> None:
        context.report.progress(
            progress.fraction,
            progress_line(progress),
            bytes=progress.done,
            total=progress.total,
            rate=progress.rate,
            eta=progress.eta,
            table=progress.table,
            tables_done=progress.tables_done,
            tables=progress.tables,
        )

    return tell


def require_storage(context: Context, now: str) -> None:
    """RefusedError when the backups lie elsewhere than when the plan was made."""
    then = str(context.plan.options.get("storage", now))
    if then != now:
        raise RefusedError(f"the plan says {then}, data.backup.storage is now {now}", hint="make it again")


def backup_job(context: Context, args: dict[str, Any]) -> BackupJob:
    """The job of this operation's environment; ``args`` as ``backup_plan`` writes them."""
    target = context.plan.target

    async def releases() -> list[tuple[str, str]]:
        return await environment_releases(context)

    return BackupJob(
        environment=context.environment.name,
        who=current_person().label,
        reason=args.get("reason", ""),
        kind=args.get("kind", "backup"),
        with_database=args["with_database"],
        format=args["format"],
        jobs=args["jobs"],
        compression=args["compression"],
        cluster={"server": target.server, "uid": target.cluster_uid, "namespace": target.namespace},
        files=workspace_files(context.workspace, context.environment.name),
        releases=releases,
    )


async def environment_releases(context: Context) -> list[tuple[str, str]]:
    """Releases kept in the cluster, newest first; without them a backup is still one, so a refusal is only noted."""
    from veza_tui.model.release import pack
    from veza_tui.operations.deploy.releases import list_releases

    if not context.plan.target.server:
        context.report.note("the releases are not in this backup: it is made without the cluster")
        return []
    try:
        found = await list_releases(context.cluster, context.plan.target.namespace)
    except ClusterError as error:
        context.report.note(f"the releases are not in this backup: {error}")
        return []
    return [(f"v{release.number}", pack(release)) for release in found]


@action("backup.make", retry=False, stops=True)
async def make(context: Context, step: Step) -> Result:
    """Make the backup; its name is the result."""
    if context.plan.kind == "backup":
        require_storage(context, context.service("storage").label)
    work = make_backup(
        backup_job(context, dict(step.args)),
        context.service("storage"),
        context.service("database"),
        context.clock,
        reporting(context),
    )
    manifest = await until_cancelled(context, work)
    size = sum(f.size for f in manifest.files)
    facts = manifest.dump.database if manifest.dump else None
    rows = sum(t.rows for t in facts.tables) if facts else 0
    context.report.output(
        f"backup {manifest.name}: {finer_size_text(size)}, {len(manifest.files)} files"
        + (f", {len(facts.tables)} tables, {rows:,} rows" if facts else ", no database")
    )
    return {"name": manifest.name, "size": size, "rows": rows, "seconds": round(manifest.ended - manifest.started, 3)}


@action("backup.verify", retry=False, stops=True)
async def verify(context: Context, step: Step) -> Result:
    """Prove the backup named in the step, or the one that this operation made."""
    name = step.args.get("name") or context.result("backup").get("name")
    if not name:
        raise ConfigError("which backup? the step before made none")
    identity = step.args.get("identity") or ""
    work = verify_backup(
        Catalogue(context.service("storage")),
        name,
        context.environment.name,
        context.service("database"),
        context.clock,
        current_person().label,
        reporting(context),
        identity=Path(identity) if identity else None,
        say=context.report.output,
    )
    verified = await until_cancelled(context, work)
    proof = verified.proof
    what = (
        f"{proof.tables} tables, {proof.rows:,} rows loaded and equal" if verified.facts else "every byte is as written"
    )
    context.report.output(f"backup {name} is proven: {what} in {proof.seconds:.1f} s")
    return {"name": name, "tables": proof.tables, "rows": proof.rows, "seconds": proof.seconds}
