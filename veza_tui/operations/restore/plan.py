"""Planners of restore, drill and undo: they look at backup, server and live database, then call the pure plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from veza_tui.model.backup import DatabaseFacts, TableFacts
from veza_tui.model.catalogue import BackupRecord
from veza_tui.model.errors import ConfigError, RefusedError, VezaError
from veza_tui.model.plan import Change, Plan, Step
from veza_tui.model.restore import Check, Loss, Part, SetAside, losses, preflight
from veza_tui.model.text import printable
from veza_tui.operations.context import Context, PlanContext, Planner, verifier
from veza_tui.operations.restore.files import kept_by
from veza_tui.operations.restore.notes import NO_CLUSTER
from veza_tui.operations.restore.request import (
    RestoreRequest,
    names_for,
    restore_plan,
    typed_text,
    undone_name,
)
from veza_tui.operations.restore.said import read_dump
from veza_tui.operations.restore.since import restore_of, restored_tables, undone
from veza_tui.operations.restore.source import catalogue_of, origin_of
from veza_tui.operations.store import OperationFiles
from veza_tui.ports.database import Database
from veza_tui.ports.restore import RestoreServer


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at backup and server told, before anything is planned or touched."""

    record: BackupRecord
    checks: tuple[Check, ...]
    losses: tuple[Loss, ...]
    minutes_lost: float | None
    live_exists: bool = True


COUNTING_SECONDS = 20.0
"""How long a look counts the rows of now: a locked or huge table must not hold up a restore."""
SOON_SECONDS = 3.0
"""The same before an undo."""


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
    said, told = (None, []) if dump else await read_dump(context, record)
    then = dump.database if dump else said.facts if said else None
    checks = told + preflight(
        facts,
        then,
        dump_major=dump.server.major if dump else said.major if said else None,
        client_major=await asyncio.to_thread(server.client_major, facts.major),
        dump_size=sum(size for path, size in record.files if path.startswith("database.")),
        names=(names.scratch, names.aside),
        backup_identifier=dump.server.system_identifier if dump else "",
        owners=request.owners,
        tables=bool(request.tables),
    )
    now = await _rows_now(database, checks) if facts.exists else None
    known = dump is not None or bool(said and said.counted)
    wanted = frozenset(request.tables)
    found = losses(then.contents, _as_known(then, now)) if then and now and known else []
    lost = [loss for loss in found if not said or loss.table not in said.silent]
    lost = [loss for loss in lost if not wanted or loss.table in wanted]
    minutes = max(context.clock.now() - record.at, 0.0) / 60
    return Looked(record, tuple(checks), tuple(lost), minutes, facts.exists)


def _as_known(then: DatabaseFacts, now: DatabaseFacts) -> Sequence[TableFacts]:
    """Large objects are told only where the backup told of them."""
    return now.contents if then.large_objects is not None else now.tables


async def _rows_now(database: Database, checks: list[Check], seconds: float = COUNTING_SECONDS) -> DatabaseFacts | None:
    """Rows per table now; what cannot be counted is told, and refuses nothing: the present state may be broken."""
    try:
        async with asyncio.timeout(seconds):
            return await database.facts(digests=False)
    except TimeoutError:
        checks.append(Check("rows now", None, f"could not be counted within {seconds:.0f} s"))
    except VezaError as error:
        checks.append(Check("rows now", None, f"cannot be counted: {error.message}"))
    return None


def _require_fitting(record: BackupRecord, request: RestoreRequest, environment: str) -> None:
    if record.problem:
        raise RefusedError(f"backup {record.name} is damaged: {record.problem}", hint="choose another backup")
    origin = origin_of({"from_environment": request.from_environment}, environment)
    if record.environment and record.environment != origin:
        raise RefusedError(
            f"backup {record.name} is of {record.environment}, not of {origin}",
            hint=f"if that is what you want: --from-environment {record.environment}",
        )


async def _with_real_tables(context: PlanContext, request: RestoreRequest) -> RestoreRequest:
    """Table names are judged now, not after an hour's load."""
    if not request.tables or not (server := context.service("restore")):
        return request
    tables = tuple(await server.resolve_tables(request.tables))
    record = await asyncio.to_thread(catalogue_of(context).get, request.backup)
    dump = record.manifest.dump if record.manifest else None
    missing = sorted(set(tables) - {t.key for t in dump.database.tables}) if dump else []
    if missing:
        raise ConfigError(
            f"table {missing[0]} is not in backup {record.name}",
            hint=f"veza-tui backups {context.environment.name} show {record.name} lists its tables",
        )
    return replace(request, tables=tables)


def restore_planner(asked: RestoreRequest, *, identity: str = "") -> Planner:
    """For ``launch``: a restore, or a drill."""

    async def planner(context: PlanContext) -> Plan:
        request = await _with_real_tables(context, asked)
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
            live_exists=looked.live_exists,
            made_at=looked.record.at,
            manifest=looked.record.manifest is not None,
        )  # fmt: skip
        return replace(plan, options={**plan.options, "identity": identity})

    return planner


# Checks about sessions and swap: a drill makes a database of its own and touches nothing else.
_LIVE_ONLY = ("live database", "owner", "prepared transactions", "logical replication slots", "subscriptions",
              "settings of the database", "sessions that we may not end")  # fmt: skip


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
    """What restores of this environment left on the server, newest first."""
    server: RestoreServer = context.service("restore")
    return await server.set_aside()


async def undo_plan(context: PlanContext) -> Plan:
    """The plan of `veza-tui undo-restore ENV`: the newest restore is taken back, by database or by its tables.

    Raises:
        ConfigError: no restore set anything aside.
    """
    kept = [s for s in await set_aside(context) if s.undoable]
    environment = context.environment
    if not kept:
        raise ConfigError(f"no restore of {environment.name} can be undone: nothing was set aside")
    aside = kept[0]
    live = aside.live
    when = datetime.fromtimestamp(aside.at).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    restore = await asyncio.to_thread(restore_of, context.directory, aside.name)
    changes, since = await _since(context, restore) if restore and aside.kind != "tables" else ([], [])
    if aside.kind == "tables":
        step = Step("tables", f"The rows kept in schema {aside.name} go back", "restore.put_back_tables",
                    {"keep_in": aside.name}, cancellable=False,
                    changes=(f"the tables have the rows from before {when}",
                             f"schema {aside.name} is gone"))  # fmt: skip
        notes = [f"Only the tables restored at {when} change; what was written to them since is lost."]
    else:
        undone = undone_name(aside.name)
        step = Step("swap", f"{aside.name} becomes {live} again", "restore.undo", {"live": live, "aside": aside.name},
                    cancellable=False,
                    changes=(f"{live} becomes {undone} and is kept", f"{aside.name} becomes {live}"))  # fmt: skip
        notes = [
            f"Back to the database as it was before the restore of {when}.",
            *since,
            "Expected outage: under 2 s. What was written since the restore is kept in the other database.",
        ]
    steps = [step, *(_files_back(context, restore.id) if restore else ())]
    health = Step("health", "Prove that the services work on it", "restore.health", mutates=False)
    with_cluster = bool(context.target.server)
    return Plan(
        kind="undo-restore",
        target=replace(context.target, database=context.service("restore").label),
        title=f"Undo the restore of {environment.name}",
        steps=(*steps, *((health,) if with_cluster else ())),
        changes=tuple(changes),
        notes=(*notes, *(() if with_cluster else (NO_CLUSTER,))),
        options={} if with_cluster else {"without_cluster": True},
        confirm=environment.name,
        typed=typed_text(environment),
    )


def _files_back(context: PlanContext, operation: str) -> list[Step]:
    return [
        Step(folder, f"Put {folder}/{name} back as it was before that restore", "restore.file_back",
             {"source": name, "folder": folder, "operation": operation}, changes=(f"replaces {folder}/{name}",))
        for folder, name in kept_by(context.workspace.path, context.environment.name, operation)
    ]  # fmt: skip


async def _since(context: PlanContext, restore: OperationFiles) -> tuple[list[Change], list[str]]:
    """Rows that the undo takes away, where they are quickly counted."""
    tables = await asyncio.to_thread(restored_tables, restore)
    now = await _rows_now(context.service("database"), [], SOON_SECONDS) if tables else None
    return undone(tables, now.contents) if now else ([], [])


def drop_aside_planner(name: str) -> Planner:
    """A planner that drops one thing that a restore left, on purpose."""

    async def planner(context: PlanContext) -> Plan:
        kept = {s.name: s for s in await set_aside(context)}
        if name not in kept:
            have = ", ".join(kept) or "none"
            raise ConfigError(
                f"no set-aside database is called {printable(name, limit=70)!r}", hint=f"there are: {have}"
            )
        found = kept[name]
        what = "schema" if found.kind == "tables" else "database"
        lost = "; that restore can no longer be undone" if found.undoable else ""
        return Plan(
            kind="drop-set-aside",
            target=replace(context.target, database=context.service("restore").label),
            title=f"Drop {name} ({found.size:,} bytes)",
            steps=(Step("drop", f"Drop {what} {name}", "restore.drop_aside", {"name": name, "kind": found.kind},
                        changes=(f"{name} is gone for good{lost}",)),),
            options={} if context.target.server else {"without_cluster": True},
            confirm=context.environment.name,
        )  # fmt: skip

    return planner


async def flush_plan(context: PlanContext) -> Plan:
    """The plan of `veza-tui flush-cache ENV`: what a restore leaves to the person."""
    cache = context.environment.cache
    return Plan(
        kind="flush-cache",
        target=context.target,
        title=f"Flush the cache of {context.environment.name}",
        steps=(Step("cache", f"FLUSHDB on {cache.host}:{cache.port}", "restore.flush_cache",
                    changes=("empties the cache",)),),
        notes=("Everything in the cache is gone: sessions and the like too.",),
        options={} if context.target.server else {"without_cluster": True},
        confirm=context.environment.name,
    )  # fmt: skip
