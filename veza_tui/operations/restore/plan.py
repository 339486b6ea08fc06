"""Planners of restore, drill and undo: they look at backup, server and live database, then call the pure plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from veza_tui.model.backup import DatabaseFacts
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.plan import Plan, Step
from veza_tui.model.restore import Check, Loss, Part, SetAside, losses, preflight
from veza_tui.model.text import printable
from veza_tui.operations.context import Context, PlanContext, Planner, verifier
from veza_tui.operations.restore.request import RestoreRequest, names_for, restore_plan, undone_name
from veza_tui.operations.restore.source import catalogue_of, origin_of
from veza_tui.ports.database import Database
from veza_tui.ports.restore import RestoreServer


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at backup and server told, before anything is planned or touched."""

    record: BackupRecord
    checks: tuple[Check, ...]
    losses: tuple[Loss, ...]
    minutes_lost: float | None


async def look(context: PlanContext, request: RestoreRequest) -> Looked:
    """Integrity of the listing, preflight, and what would be lost.

    Raises:
        RefusedError: another environment's backup that was not named, a damaged one, or one without the wanted part.
    """
    record = await asyncio.to_thread(catalogue_of(context).get, request.backup)
    _require_fitting(record, request, context.environment.name)
    if Part.DATABASE not in request.parts:
        return Looked(record, (), (), None)
    if not record.has_database:
        raise RefusedError(f"backup {record.name} holds no database", hint="restore --part configuration, or another")
    server: RestoreServer = context.service("restore")
    database: Database = context.service("database")
    facts = await server.target()
    names = names_for(database.name, context.clock.now())
    dump = record.manifest.dump if record.manifest else None
    checks = preflight(
        facts,
        dump.database if dump else None,
        dump_major=dump.server.major if dump else None,
        client_major=await asyncio.to_thread(server.client_major, facts.major),
        dump_size=sum(size for path, size in record.files if path.startswith("database.")),
        names=(names.scratch, names.aside),
        backup_identifier=dump.server.system_identifier if dump else "",
    )
    now: DatabaseFacts | None = None
    if facts.exists:
        now = await database.facts(digests=False)
    lost = losses(dump.database.tables, now.tables) if dump and now else []
    return Looked(record, tuple(checks), tuple(lost), max(context.clock.now() - record.at, 0.0) / 60)


def _require_fitting(record: BackupRecord, request: RestoreRequest, environment: str) -> None:
    if record.problem:
        raise RefusedError(f"backup {record.name} is damaged: {record.problem}", hint="choose another backup")
    origin = origin_of({"from_environment": request.from_environment}, environment)
    if record.environment and record.environment != origin:
        raise RefusedError(
            f"backup {record.name} is of {record.environment}, not of {origin}",
            hint=f"if that is what you want: --from-environment {record.environment}",
        )


def restore_planner(request: RestoreRequest, *, identity: str = "") -> Planner:
    """For ``launch``: a restore, or a drill."""

    async def planner(context: PlanContext) -> Plan:
        looked = await look(context, request)
        refused = [c for c in looked.checks if c.ok is False and not (request.drill and c.name in _LIVE_ONLY)]
        if refused:
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            raise RefusedError(f"{refused[0].name}: {refused[0].detail}{more}", hint="nothing was changed")
        environment = context.environment
        target = context.target
        names = names_for(environment.database.name, context.clock.now())
        if Part.DATABASE in request.parts:
            target = replace(target, database=context.service("restore").label)
        plan = restore_plan(
            request, environment, target, names, looked.checks, looked.losses,
            backup_files=[path for path, _ in looked.record.files],
            fingerprint={f"backup:{request.backup}": _digest(looked.record)},
            minutes_lost=looked.minutes_lost,
            proven=looked.record.proven,
        )  # fmt: skip
        return replace(plan, options={**plan.options, "identity": identity})

    return planner


# Checks about sessions and swap: a drill makes a database of its own and touches nothing else.
_LIVE_ONLY = ("live database", "owner", "prepared transactions", "logical replication slots", "subscriptions",
              "sessions that we may not end")  # fmt: skip


def _digest(record: BackupRecord) -> str:
    if record.digest:
        return record.digest
    return "files:" + ",".join(f"{path}={size}" for path, size in sorted(record.files))


@verifier("backup")
async def verify_backup_digest(context: Context, keys: Sequence[str]) -> Mapping[str, str]:
    """The backup is still the one that was chosen."""
    catalogue = catalogue_of(context)
    return {k: _digest(await asyncio.to_thread(catalogue.get, k.removeprefix("backup:"))) for k in keys}


async def set_aside(context: PlanContext) -> list[SetAside]:
    """The databases that restores of this environment set aside, newest first."""
    server: RestoreServer = context.service("restore")
    return await server.set_aside()


async def undo_plan(context: PlanContext) -> Plan:
    """The plan of `veza-tui undo-restore ENV`: the newest set-aside database becomes live again.

    Raises:
        ConfigError: no restore set a database aside.
    """
    kept = await set_aside(context)
    environment = context.environment
    if not kept:
        raise ConfigError(f"no restore of {environment.name} can be undone: no database was set aside")
    aside = kept[0]
    live = aside.live
    undone = undone_name(aside.name)
    return Plan(
        kind="undo-restore",
        target=replace(context.target, database=context.service("restore").label),
        title=f"Undo the restore of {environment.name}",
        steps=(
            Step("swap", f"{aside.name} becomes {live} again", "restore.undo", {"live": live, "aside": aside.name},
                 cancellable=False, changes=(f"{live} becomes {undone} and is kept", f"{aside.name} becomes {live}")),
            Step("health", "Prove that the services work on it", "restore.health", mutates=False),
        ),
        notes=("Expected outage: under 2 s. What was written since the restore is kept in the other database.",),
        confirm=environment.name,
    )  # fmt: skip


def drop_aside_planner(name: str) -> Planner:
    """A planner that drops one set-aside database, on purpose."""

    async def planner(context: PlanContext) -> Plan:
        kept = {s.name: s for s in await set_aside(context)}
        if name not in kept:
            have = ", ".join(kept) or "none"
            raise ConfigError(
                f"no set-aside database is called {printable(name, limit=70)!r}", hint=f"there are: {have}"
            )
        return Plan(
            kind="drop-set-aside",
            target=replace(context.target, database=context.service("restore").label),
            title=f"Drop {name} ({kept[name].size:,} bytes)",
            steps=(Step("drop", f"Drop database {name}", "restore.drop_aside", {"name": name},
                        changes=(f"{name} is gone for good; that restore can no longer be undone",)),),
            confirm=context.environment.name,
        )  # fmt: skip

    return planner
