"""The database steps of a restore, up to the proof: nothing live is touched here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from veza_tui.model.backup import DatabaseFacts, database_facts, differences, lagging
from veza_tui.model.catalogue import Proof
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.plan import Step
from veza_tui.model.restore import proof_tables
from veza_tui.model.sizes import finer_size_text
from veza_tui.operations.backup.make import make_backup
from veza_tui.operations.backup.steps import backup_job, reporting
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.restore.files import require_parts
from veza_tui.operations.restore.source import catalogue_of, dump_of, origin_of, record_of
from veza_tui.ports.database import LoadOptions, Scratch

_SHOWN = 12  # differences repeated in the journal


@action("restore.integrity", retry=False)
async def integrity(context: Context, step: Step) -> Result:
    """Every byte against the manifest, and the dump read through for what must not be executed."""
    name = str(context.plan.options["backup"])
    catalogue = catalogue_of(context)
    origin = origin_of(context.plan.options, context.environment.name)

    loop = asyncio.get_running_loop()

    def seen(done: int) -> None:
        # Called from the reading thread; the journal belongs to the loop.
        loop.call_soon_threadsafe(context.report.progress, None, f"{finer_size_text(done)} read")

    record = await asyncio.to_thread(catalogue.require_whole, name, origin, seen=seen)
    await require_parts(context)
    result: Result = {"backup": name, "proven": record.proven, "manifest": record.manifest is not None}
    if "database" in context.plan.options["parts"]:
        with (await dump_of(context)).here() as source:
            scan = await context.service("database").scan(source)
        if scan.refused:
            raise RefusedError(f"backup {name} is not loaded: {scan.refused[0]}", hint="nothing was changed")
        if not scan.complete:
            raise RefusedError(f"backup {name}: the dump ends before its end", hint="choose another backup")
        if record.manifest is None and not scan.tables and not scan.rows:
            raise RefusedError(f"backup {name}: the dump holds no table at all", hint="choose another backup")
        if scan.runs and record.manifest is None:
            # A check or a trigger of the dump could call it while it is loaded.
            raise RefusedError(f"backup {name} is not loaded: {scan.runs[0]}", hint="take it out of database.sql first")
        for note in (*scan.runs, *scan.notes):
            context.report.output(note)
        result["rows"] = dict(scan.rows)
        result["roles"] = list(scan.roles)
        await _require_roles(context, scan.roles)
    if record.manifest is None:
        context.report.output("made by the script, without a manifest: only what the dump itself says can be proven")
    return result


async def _require_roles(context: Context, roles: Sequence[str]) -> None:
    """Said before the load: psql would stop at the first of them, in the middle."""
    if not context.plan.options.get("owners", True):
        return
    facts = await context.service("restore").target()
    missing = sorted(set(roles) - facts.roles)
    if missing:
        raise RefusedError(
            f"the dump names roles that this server lacks: {', '.join(missing[:_SHOWN])}",
            hint="create them, or leave owners and grants out: --no-owners",
        )


@action("restore.safety", retry=False)
async def safety(context: Context, step: Step) -> Result:
    """A backup of the present state, whatever state that is; read back before anything goes on."""
    made = next((str(n["safety"]) for n in context.notes(step.id) if n.get("safety")), "")
    catalogue = catalogue_of(context)
    why = f"before restore {context.operation_id}"
    if not made:
        # Killed between the end of the backup and the note about it: it is not made twice.
        records = await asyncio.to_thread(catalogue.records, context.environment.name)
        made = next((r.name for r in records if r.manifest and r.manifest.reason == why and not r.problem), "")
    if not made:
        settings = context.environment.backup
        args = {
            "kind": "safety",
            "reason": why,
            "with_database": True,
            "format": settings.format,
            "jobs": settings.jobs,
            "compression": settings.compression,
        }
        try:
            manifest = await make_backup(
                backup_job(context, args), context.service("storage"), context.service("database"), context.clock,
                reporting(context),
            )  # fmt: skip
        except VezaError as error:
            error.hint = "nothing was changed; --no-safety goes on without: the present database is set aside anyway"
            raise
        made = manifest.name
        context.report.note("safety backup made", safety=made)
    record = await asyncio.to_thread(catalogue.require_whole, made, context.environment.name)
    assert record.manifest is not None and record.manifest.dump is not None
    context.report.output(f"the present state is kept as backup {made}, read back byte by byte")
    return {"safety": made, "facts": asdict(record.manifest.dump.database)}


@action("restore.scratch")
async def scratch(context: Context, step: Step) -> Result:
    """An empty database beside the live one; one of an interrupted attempt goes first."""
    database = context.service("database")
    name = str(step.args["scratch"])
    await database.drop(name)
    record = await record_of(context)
    facts = record.manifest.dump.database if record.manifest and record.manifest.dump else None
    comment = f"veza-tui operation {context.operation_id}"
    await database.create_scratch(Scratch(name, like=database.name, facts=facts, comment=comment))
    return {"scratch": name}


@action("restore.drop_scratch")
async def drop_scratch(context: Context, step: Step) -> Result:
    """Remove the scratch database; after a swap the name is not there any more and nothing happens."""
    await context.service("database").drop(str(step.args["scratch"]))
    return {}


@action("restore.load", retry=False)
async def load(context: Context, step: Step) -> Result:
    """Load it, all or nothing; a second attempt starts from an empty scratch database."""
    database = context.service("database")
    name = str(step.args["scratch"])
    if context.notes(step.id):
        await scratch(context, step)
    context.report.note("loading")
    with (await dump_of(context)).here() as source:
        async with database.keep(name):
            options = LoadOptions(
                jobs=context.environment.backup.jobs, owners=bool(context.plan.options.get("owners", True))
            )
            try:
                outcome = await database.load(name, source, reporting(context), options)
            except VezaError as error:
                if options.owners and any(w in error.message.lower() for w in ("role", "owner", "permission denied")):
                    error.hint = "--no-owners leaves owners and grants out; nothing live was changed"
                raise
    for note in outcome.notes:
        context.report.output(note)
    return {"seconds": round(outcome.seconds, 3), "bytes": outcome.bytes, "notes": list(outcome.notes)}


@action("restore.analyze")
async def analyze(context: Context, step: Step) -> Result:
    """Without statistics the first queries on the new database would be slow."""
    await context.service("database").analyze(str(step.args["scratch"]))
    return {}


@action("restore.prove")
async def prove(context: Context, step: Step) -> Result:
    """Compare what was loaded with the manifest, or, without one, with what the dump itself says.

    Raises:
        VezaError: it is not what was backed up; the live database was not touched.
    """
    record = await record_of(context)
    expected = record.manifest.dump.database if record.manifest and record.manifest.dump else None
    found: DatabaseFacts = await context.service("database").facts(str(step.args["scratch"]), like=expected)
    owners = bool(context.plan.options.get("owners", True))
    if expected is not None:
        wrong = differences(expected, found, owners=owners)
        unproven = [] if owners else ["owners and grants (left out)"]
        large = found.large_objects
        if large and large.rows and not (expected.large_objects and expected.large_objects.digest):
            unproven.append(f"contents of the {large.rows:,} large objects (the manifest holds no digest of them)")
        unproven += [f"rows of {t.key}: a materialized view, made anew by the load" for t in expected.made_anew(found)]
    else:
        said = {str(k): int(v) for k, v in context.result("integrity").get("rows", {}).items()}
        have = {t.key: t.rows for t in found.tables}
        wrong = [
            f"table {table} has {have.get(table, 0):,} rows, the dump holds {rows:,}"
            for table, rows in sorted(said.items())
            if table in have and have[table] != rows
        ]
        unproven = ["contents of rows and large objects (no manifest holds digests)"]
        unproven += ["owners and grants", "constraints", "sequences"]
        if not said:
            unproven.insert(0, "numbers of rows (the dump tells none)")
        # COPY into a table that is not there would have stopped the load: these are partitioned.
        unproven += [f"rows of {table}, which went to its partitions" for table in sorted(said.keys() - have.keys())]
    for line in wrong[:_SHOWN]:
        context.report.output(line)
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        raise VezaError(f"the loaded database is not what was backed up: {wrong[0]}{more}", hint="nothing was changed")
    warnings = lagging(found)
    for line in warnings:
        context.report.output(line)
    for line in unproven:
        context.report.output(f"cannot be proven: {line}")
    if owners or expected is None:
        await _record_proof(context, record.digest, found)
    now = context.result("safety").get("facts")
    before = database_facts(now).contents if now else ()
    return {
        "tables": proof_tables(expected.contents if expected else None, before, found.contents),
        "rows": sum(t.rows for t in found.tables),
        "digests": sum(1 for t in expected.contents if t.digest) if expected else 0,
        "constraints": len(found.constraints),
        "sequences": len(found.sequences),
        "extensions": [name for name, _ in found.extensions],
        "owners": bool(expected) and owners,
        "unproven": unproven,
        "warnings": warnings,
        "proven": record.name,
    }


async def _record_proof(context: Context, digest: str, found: DatabaseFacts) -> None:
    if not digest:
        return
    server = await context.service("database").server()
    proof = Proof(
        manifest=digest,
        at=context.clock.now(),
        who=context.who,
        server=f"{server.host}:{server.port} PostgreSQL {server.version}",
        tables=len(found.tables),
        rows=sum(t.rows for t in found.tables),
        seconds=float(context.result("load").get("seconds", 0.0)),
        how="drill" if context.plan.options.get("drill") else "restore",
    )
    await asyncio.to_thread(catalogue_of(context).record_proof, str(context.plan.options["backup"]), proof)


@action("restore.record_drill")
async def record_drill(context: Context, step: Step) -> Result:
    """The drill's proof was recorded with the backup; its scratch database goes."""
    await context.service("database").drop(str(step.args["scratch"]))
    return dict(context.result("prove"))
