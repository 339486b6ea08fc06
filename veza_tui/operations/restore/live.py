"""The steps that touch what is live: swap, chosen tables, cache; and their undo."""

from __future__ import annotations

import contextlib

from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.plan import Step
from veza_tui.operations.context import Context, Result, action
from veza_tui.operations.restore.request import undone_name


@action("restore.swap")
async def swap(context: Context, step: Step) -> Result:
    """Both renames in one transaction. Run again after a crash it finds out by itself whether it was done."""
    server = context.service("restore")
    live, scratch, aside = (str(step.args[k]) for k in ("live", "scratch", "aside"))
    started = context.clock.monotonic()
    async with server.lock():
        left_out = await server.swap(live=live, incoming=scratch, aside=aside)
    seconds = context.clock.monotonic() - started
    for line in left_out:
        context.report.output(line)
    context.report.output(f"{live} is the restored database now, the one before is")
    context.report.output(f"  {aside}, until: veza-tui set-aside {context.environment.name} --drop")
    return {"seconds": round(seconds, 3), "aside": aside, "left_out": list(left_out)}


@action("restore.swap_back")
async def swap_back(context: Context, step: Step) -> Result:
    """Undo of the swap: the set-aside database becomes live again; what was restored is kept under another name."""
    server = context.service("restore")
    live, scratch, aside = (str(step.args[k]) for k in ("live", "scratch", "aside"))
    names = (await server.target()).databases
    if aside not in names and scratch not in names:
        if live in names:
            return {}  # taken back already, by undo-restore
        raise RefusedError(f"neither {live} nor {aside} exists", hint="look at the server: this must not be")
    # Where the swap never happened, perhaps because somebody else holds the lock, this finds everything in place; where
    # its commit was on its way it waits for that. What was restored is kept: it is dropped on purpose only.
    async with server.lock() if aside in names else contextlib.nullcontext():
        await server.swap_back(live=live, incoming=aside, aside=undone_name(aside))
    return {}


@action("restore.create_live")
async def create_live(context: Context, step: Step) -> Result:
    """The live database is gone: the proven scratch database gets its name."""
    server = context.service("restore")
    live, scratch = str(step.args["live"]), str(step.args["scratch"])
    async with server.lock():
        await server.rename(old=scratch, new=live)
    context.report.output(f"{live} is the restored database; there was none of that name before")
    return {"seconds": 0.0, "aside": "", "left_out": []}


@action("restore.create_back")
async def create_back(context: Context, step: Step) -> Result:
    """Undo of the same: the name is free again, what was written since is kept under another."""
    server = context.service("restore")
    live, scratch, aside = (str(step.args[k]) for k in ("live", "scratch", "aside"))
    names = (await server.target()).databases
    if scratch in names or live not in names:
        return {"renamed": False}  # it never got the name
    async with server.lock():
        await server.rename(old=live, new=undone_name(aside))
    return {"renamed": True, "kept": undone_name(aside)}


@action("restore.undo")
async def undo_restore(context: Context, step: Step) -> Result:
    """`undo-restore`: the set-aside database becomes live, the restored one is kept as ``…_undone_…``."""
    server = context.service("restore")
    live, aside = str(step.args["live"]), str(step.args["aside"])
    started = context.clock.monotonic()
    async with server.lock():
        left_out = await server.swap(live=live, incoming=aside, aside=undone_name(aside))
    for line in left_out:
        context.report.output(line)
    return {"seconds": round(context.clock.monotonic() - started, 3), "kept": undone_name(aside)}


@action("restore.drop_aside")
async def drop_aside(context: Context, step: Step) -> Result:
    """Drop what a restore left, on purpose only."""
    name = str(step.args["name"])
    if step.args.get("kind") == "tables":
        await context.service("restore").drop_kept_rows(name)
    else:
        await context.service("database").drop(name)
    return {}


@action("restore.tables")
async def restore_tables(context: Context, step: Step) -> Result:
    """Replace the chosen tables' rows in one transaction."""
    server = context.service("restore")
    async with server.lock():
        counts = await server.copy_tables(
            str(step.args["scratch"]), [str(t) for t in step.args["tables"]], str(step.args["keep_in"])
        )
    return {"rows": counts}


@action("restore.put_back_tables")
async def put_back_tables(context: Context, step: Step) -> Result:
    """Undo of the chosen tables."""
    server = context.service("restore")
    async with server.lock():
        return {"rows": await server.put_back_tables(str(step.args["keep_in"]))}


@action("restore.flush_cache", retry=False)
async def flush_cache(context: Context, step: Step) -> Result:
    """What the cache holds is of the database before; only ever done because the plan names it."""
    try:
        await context.service("cache_probe").flush()
    except VezaError as error:
        # Proven data is not swapped away again because of a cache.
        error.keeps = True
        error.hint = error.hint or f"the data is restored; veza-tui flush-cache {context.environment.name} tries again"
        raise
    context.report.output(f"the cache of {context.environment.name} is empty")
    return {}


@action("restore.keep_cache", retry=False)
async def keep_cache(context: Context, step: Step) -> Result:
    """Say that it was not flushed, and how to: never silently."""
    name = context.environment.name
    context.report.output(f"the cache was kept; to empty it: veza-tui flush-cache {name}")
    return {"kept": True}
