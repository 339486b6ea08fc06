"""What the person asked for, and the plan that does it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from veza_tui.model.environment import Environment
from veza_tui.model.errors import ConfigError
from veza_tui.model.plan import Change, Need, Plan, Step, Target
from veza_tui.model.restore import Check, Loss, Part, stem
from veza_tui.operations.restore.notes import NO_MANIFEST, notes_of, times_of


@dataclass(frozen=True, slots=True)
class RestoreRequest:
    """Choices of the guided restore, one a page; the same as the command's options."""

    backup: str
    """Name in the catalogue, or a path of a directory."""
    parts: frozenset[Part] = frozenset((Part.DATABASE,))
    tables: tuple[str, ...] = ()
    """``schema.table``; empty for the whole database."""
    drain: str = ""
    """``none`` ends sessions only; ``scale`` takes the services to zero around the swap.

    Empty takes what ``data.backup.drain`` says.
    """
    flush_cache: bool = False
    from_environment: str = ""
    """Named when the backup is another environment's."""
    drill: bool = False
    owners: bool = True
    """False leaves owners and grants out: everything belongs to the environment's user."""
    safety: bool = True
    """False takes no backup of the present state first: for a live database that can no longer be read."""
    moment: float | None = None
    """When it happened, as the person said (unix seconds): told back in the plan, with its zone."""
    instead: str = ""
    """The newest proven backup, where the chosen one never was: what to take when this one does not restore."""
    instead_older: float = 0.0
    """Minutes by which that one is older."""
    guided: bool = False
    """Decided page by page on the screen: the plan's notes speak of its choices and keys, not of options."""


@dataclass(frozen=True, slots=True)
class Names:
    """Database names of one restore; UTC in them, so that two machines agree."""

    live: str
    scratch: str
    aside: str


def names_for(live: str, at: float) -> Names:
    """The names of a restore started ``at`` (unix seconds)."""
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y%m%d_%H%M%S")
    return Names(live, f"{stem(live)}_scratch_{stamp}", f"{stem(live)}_before_{stamp}")


_STAMP = re.compile(r"_(\d{8}_\d{6})\Z")


def undone_name(aside: str) -> str:
    """The name under which an undo keeps the database that it takes away: ``…_before_X`` gives ``…_undone_X``."""
    match = _STAMP.search(aside)
    if not match:
        return f"{stem(aside)}_undone"
    return f"{aside[: match.start()].removesuffix('_before')}_undone_{match[1]}"


def restore_plan(
    request: RestoreRequest,
    environment: Environment,
    target: Target,
    names: Names,
    checks: Sequence[Check],
    losses: Sequence[Loss],
    *,
    backup_files: Sequence[str],
    fingerprint: Mapping[str, str],
    minutes_lost: float | None,
    proven: bool,
    live_exists: bool = True,
    made_at: float | None = None,
    manifest: bool = True,
) -> Plan:
    """The plan of a restore or of a drill. ``live_exists`` False: the database is gone and is made anew.

    ``manifest`` False: a backup of the script's, of which little can be proven.
    """
    request = replace(request, drain=request.drain or environment.backup.drain)
    without_cluster = not target.server
    if without_cluster and request.drain == "scale":
        raise ConfigError("the services cannot be scaled without the cluster", hint="leave --drain scale out")
    steps = [
        Step("integrity", f"Check the backup {request.backup} file by file", "restore.integrity", mutates=False),
    ]
    if Part.DATABASE in request.parts:
        steps += _database_steps(request, names, environment, live_exists=live_exists, manifest=manifest)
    if request.drill:
        steps.append(Step("record", "Record the proof", "restore.record_drill", {"scratch": names.scratch}))
    else:
        steps += _file_steps(request, environment, backup_files)
        if not without_cluster:
            steps.append(Step("health", "Prove that the services work on it", "restore.health", mutates=False))
    return Plan(
        kind="drill" if request.drill else "restore",
        target=target,
        title=_title(request, environment),
        steps=tuple(steps),
        changes=tuple(_changes(losses) if not request.drill else ()),
        needs=tuple(_needs(request, environment)),
        notes=(
            *times_of(request, made_at),
            *(() if manifest or Part.DATABASE not in request.parts else (NO_MANIFEST,)),
            *notes_of(
                request,
                environment,
                names.aside,
                checks,
                minutes_lost,
                proven or not manifest,
                live_exists,
                without_cluster,
            ),
        ),
        options={**_options(request, names), **({"without_cluster": True} if without_cluster else {})},
        fingerprint=dict(fingerprint),
        confirm="" if request.drill else environment.name,
        timeout=6 * 3600.0,
        rollback_on_failure=True,  # of a drill that failed too: its scratch database may be large
        typed="" if request.drill else typed_text(environment, request),
        harmless=request.drill,
    )


def typed_text(environment: Environment, request: RestoreRequest | None = None) -> str:
    """What a person types: environment and database, and whose backup it is when it is another's."""
    if request is not None and Part.DATABASE not in request.parts:
        return environment.name
    here = f"{environment.name}/{environment.database.name}"
    return f"{request.from_environment} into {here}" if request and request.from_environment else here


def _database_steps(
    request: RestoreRequest, names: Names, environment: Environment, *, live_exists: bool, manifest: bool
) -> list[Step]:
    scratch = {"scratch": names.scratch}
    steps = []
    if request.safety and live_exists and not request.drill:
        steps.append(
            Step("safety", f"Back up {names.live} as it is now, and verify that", "restore.safety", dict(scratch))
        )
    steps += [
        Step("scratch", f"Create the scratch database {names.scratch}", "restore.scratch", dict(scratch),
             changes=(f"creates database {names.scratch}",), undo="restore.drop_scratch"),
        Step("load", "Load the backup into it; the first error stops it", "restore.load", dict(scratch)),
        Step("analyze", "ANALYZE", "restore.analyze", dict(scratch)),
        Step("prove", ("Prove it: rows, contents, constraints, sequences, extensions"
                       + (", owners and grants" if request.owners else "")) if manifest
             else "Prove what can be: the rows that the dump itself counts", "restore.prove", dict(scratch)),
    ]  # fmt: skip
    if request.drill:
        return steps
    if request.tables:
        keep = names.aside
        steps.append(
            Step("tables", f"Replace {', '.join(request.tables)} in one transaction", "restore.tables",
                 {**scratch, "tables": list(request.tables), "keep_in": keep},
                 changes=tuple(f"replaces the rows of {t}; the present ones stay in schema {keep}"
                               for t in request.tables), undo="restore.put_back_tables")
        )  # fmt: skip
        steps.append(Step("tidy", f"Drop {names.scratch}", "restore.drop_scratch", dict(scratch)))
        return [*steps, _cache_step(request, environment)]
    swap = {"live": names.live, "scratch": names.scratch, "aside": names.aside}
    if request.drain == "scale":
        steps.append(Step("drain", "Scale the services to zero", "restore.drain",
                          changes=("scales the three services to 0",), undo="restore.services"))  # fmt: skip
    if not live_exists:
        steps.append(
            Step("swap", f"Name the scratch database {names.live}: the server has none of that name",
                 "restore.create_live", swap, cancellable=False, undo="restore.create_back",
                 changes=(f"{names.scratch} becomes {names.live}",))
        )  # fmt: skip
    else:
        steps.append(_swap_step(names, swap))
    if request.drain == "scale":
        steps.append(Step("services", "Bring the services back", "restore.services"))
    return [*steps, _cache_step(request, environment)]


def _swap_step(names: Names, swap: dict[str, str]) -> Step:
    return (
        Step("swap", f"End the sessions; rename {names.live} to {names.aside} and the scratch database to {names.live}",
             "restore.swap", swap, cancellable=False, undo="restore.swap_back",
             changes=(f"{names.live} becomes {names.aside} and is kept", f"{names.scratch} becomes {names.live}"))
    )  # fmt: skip


def _cache_step(request: RestoreRequest, environment: Environment) -> Step:
    """Flushed when asked for, else told that it was not: never silently either way."""
    if request.flush_cache:
        return Step("cache", "Flush the environment's cache", "restore.flush_cache",
                    changes=("empties the cache (FLUSHDB)",))  # fmt: skip
    return Step("cache", f"Keep the cache as it is (veza-tui flush-cache {environment.name} empties it)",
                "restore.keep_cache", mutates=False)  # fmt: skip


def _file_steps(request: RestoreRequest, environment: Environment, files: Sequence[str]) -> list[Step]:
    steps = []
    for part, name, where in (
        (Part.CONFIGURATION, f"{environment.name}.yaml", "environments"),
        (Part.SECRETS, f"{environment.name}.env", "secrets"),
    ):
        if part in request.parts:
            if request.from_environment:
                raise ConfigError(f"{part} of {request.from_environment} is not put into {environment.name}: it names"
                                  " other servers", hint=f"leave --part {part} out")  # fmt: skip
            if not any(f in (name, f"{name}.age") for f in files):
                raise ConfigError(f"backup {request.backup} holds no {name}", hint=f"leave --part {part} out")
            steps.append(
                Step(part.value, f"Put back {where}/{name}, keeping the present one", "restore.file",
                     {"source": name, "folder": where}, changes=(f"replaces {where}/{name}",),
                     undo="restore.file_back")
            )  # fmt: skip
    return steps


def _title(request: RestoreRequest, environment: Environment) -> str:
    if request.drill:
        return f"Drill: prove backup {request.backup} of {environment.name} in a scratch database"
    parts = request.parts - {Part.DATABASE} if request.tables else request.parts
    what = ", ".join((*request.tables, *sorted(p.value for p in parts)))
    return f"Restore {environment.name} ({what}) from {request.backup}"


def _options(request: RestoreRequest, names: Names) -> dict[str, Any]:
    return {
        "backup": request.backup,
        "parts": sorted(p.value for p in request.parts),
        "tables": list(request.tables),
        "drain": request.drain,
        "flush_cache": request.flush_cache,
        "from_environment": request.from_environment,
        "drill": request.drill,
        "owners": request.owners,
        "live": names.live,
        "scratch": names.scratch,
        "aside": names.aside,
    }


def _needs(request: RestoreRequest, environment: Environment) -> list[Need]:
    if request.drill or request.drain != "scale":
        return []
    namespace = environment.kubernetes.namespace
    return [
        Need("get", "deployments", "apps", namespace=namespace),
        Need("patch", "deployments", "apps", "scale", namespace=namespace),
    ]


def _changes(losses: Sequence[Loss]) -> list[Change]:
    return [
        Change(f"Table/{loss.table}", "rows", _rows(loss.now), _rows(loss.then))
        for loss in losses
        if loss.now != loss.then
    ]


def _rows(count: int | None) -> str | None:
    return None if count is None else f"{count:,}"
