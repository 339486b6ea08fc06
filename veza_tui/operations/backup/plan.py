"""The plan of a backup. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.operations.backup.make import NO_ENCRYPTED_DIRECTORY, NO_ENCRYPTED_DIRECTORY_HINT
from veza_tui.operations.context import PlanContext


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """Choices of ``veza-tui backup``; None takes what ``data.backup`` says."""

    with_database: bool | None = None
    format: str | None = None
    jobs: int | None = None
    compression: str | None = None
    verify: bool = False
    identity: str = ""
    """Path of an age identity file, for verify of an encrypted backup."""
    reason: str = ""
    runner: str = "local"
    """local, or job: inside the cluster."""
    claim: str = ""
    """PersistentVolumeClaim that the Job writes to; empty for ``data.backup.storage``."""
    image: str = "veza/tools:latest"
    guided: bool = False
    """Chosen on a screen: what is said of it names no option of the command."""


def backup_plan(environment: Environment, target: Target, request: BackupRequest, storage: str) -> Plan:
    """One step makes the backup whole or not at all; ``verify`` proves it."""
    settings = environment.backup
    with_database = settings.with_database if request.with_database is None else request.with_database
    form = request.format or settings.format
    database = environment.database
    args = {
        "with_database": with_database,
        "format": form,
        "jobs": request.jobs or settings.jobs,
        "compression": settings.compression if request.compression is None else request.compression,
        "reason": request.reason,
    }
    what = f"database {database.name} ({form})" if with_database else "no database"
    encrypted = f"; secrets and dump encrypted to {len(settings.encrypt_to)} recipients" if settings.encrypt_to else ""
    if with_database and form == "directory" and settings.encrypt_to:
        raise ConfigError(NO_ENCRYPTED_DIRECTORY, hint=NO_ENCRYPTED_DIRECTORY_HINT)
    if request.runner == "job" and not target.server:
        raise ConfigError("a Job runs in the cluster", hint="leave --runner job or --without-cluster out")
    if request.runner == "job":
        return _job_plan(environment, target, request, args)
    steps = [
        Step(
            "backup",
            f"Back up configuration, secrets, manifests, releases and {what}",
            "backup.make",
            args,
            changes=(f"adds a backup to {storage}{encrypted}",),
            mutates=False,
        )
    ]
    if request.verify and with_database:
        steps.append(
            Step(
                "verify",
                "Prove it: checksums, a load into a scratch database, rows and contents compared",
                "backup.verify",
                {"identity": request.identity},
                mutates=False,
            )
        )
    takes = "data.backup.with_database: true in its file" if request.guided else "--with-database"
    notes = [] if with_database else [f"The database of {environment.name} is left out; {takes} takes it in."]
    if with_database:
        target = replace(target, database=f"{database.host}:{database.port}/{database.name}")
    return Plan(
        kind="backup",
        target=target,
        title=f"Back up {environment.name}",
        steps=tuple(steps),
        notes=tuple(notes),
        options={
            "storage": storage,
            **args,
            "verify": request.verify,
            **({} if target.server else {"without_cluster": True}),
        },
        timeout=24 * 3600.0,
    )


def _job_plan(environment: Environment, target: Target, request: BackupRequest, args: dict[str, Any]) -> Plan:
    from veza_tui.operations.backup.inside import CREDENTIALS
    from veza_tui.operations.backup.job import needs

    settings, database = environment.backup, environment.database
    where = f"claim {request.claim}" if request.claim else settings.storage
    if not where:
        raise ConfigError(
            "the Job needs somewhere to write", hint="give --claim NAME, or data.backup.storage: s3://bucket/prefix"
        )
    if not args["with_database"]:
        raise ConfigError("a backup without its database needs no Job", hint="leave --runner job out")
    if request.verify:
        raise ConfigError("a backup made by a Job is verified afterwards", hint="veza-tui backups ENV verify NAME")
    step = Step(
        "backup",
        f"Run a Job of {request.image} that dumps {database.name} ({args['format']}) to {where}",
        "backup.job",
        {**args, "claim": request.claim, "image": request.image},
        changes=("creates a Job and a Secret in the namespace, removed at its end", f"adds a backup to {where}"),
        mutates=False,
    )
    return Plan(
        kind="backup",
        target=replace(target, database=f"{database.host}:{database.port}/{database.name}"),
        title=f"Back up {environment.name} inside the cluster",
        steps=(step,),
        needs=needs(target.namespace),
        notes=(
            f"The bastion cannot list the backups of {where}."
            if request.claim
            else f"The Job takes the bucket's AWS_* variables from the Secret {CREDENTIALS} of {target.namespace}.",
        ),
        options={"storage": where, "runner": "job"},
        timeout=24 * 3600.0,
    )


def verify_plan(environment: Environment, target: Target, name: str, identity: str) -> Plan:
    """Prove one backup that exists."""
    database = environment.database
    return Plan(
        kind="verify",
        target=replace(target, database=f"{database.host}:{database.port}/{database.name}"),
        title=f"Prove backup {name} of {environment.name}",
        steps=(
            Step(
                "verify",
                "Checksums, a load into a scratch database, rows and contents compared",
                "backup.verify",
                {"name": name, "identity": identity},
                mutates=False,
            ),
        ),
        options={"backup": name},
        timeout=24 * 3600.0,
    )


def backup_planner(request: BackupRequest) -> Callable[[PlanContext], Awaitable[Plan]]:
    """For ``launch``."""

    async def planner(context: PlanContext) -> Plan:
        label = context.service("storage").label
        return backup_plan(context.environment, context.target, request, label)

    return planner


def verify_planner(name: str, identity: str) -> Callable[[PlanContext], Awaitable[Plan]]:
    """For ``launch``."""

    async def planner(context: PlanContext) -> Plan:
        return verify_plan(context.environment, context.target, name, identity)

    return planner
