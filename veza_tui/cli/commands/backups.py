"""`veza-tui backups [ENV] [list|show|verify|prune|hold|release]`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from veza_tui.model.errors import ConfigError, RefusedError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.model.environment import Environment
    from veza_tui.operations.backup.catalogue import Catalogue
    from veza_tui.workspace.load import Workspace

ACTIONS = ("list", "show", "verify", "check", "prune", "hold", "release")


@click.command("backups")
@click.argument("words", nargs=-1, metavar="[ENV] [list|show|check|verify|prune|hold|release] [NAME]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--yes", is_flag=True, help="prune: really remove (without it, only say what would go).")
@click.option("--confirm", metavar="ENV", default="", help="prune: the environment's name, instead of --yes.")
@click.option("--reason", metavar="TEXT", default="", help="hold, verify: why.")
@click.option("--identity", type=click.Path(dir_okay=False), help="verify: age identity file.")
@click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="verify: give up after this time.")
@click.pass_obj
def command(
    options: Options,
    /,
    words: tuple[str, ...],
    as_json: bool,
    yes: bool,
    confirm: str,
    reason: str,
    identity: str | None,
    timeout: float | None,
) -> int:
    """List backups, or show, check, verify, hold, release or prune them.

    `check` reads every byte; `verify` also loads the dump into a scratch database and compares it with the manifest.
    """
    from veza_tui.cli.backups_output import print_list, print_prune, print_show
    from veza_tui.workspace.load import load_workspace

    workspace = load_workspace(options.workspace)
    environment, what, name = _parse(words, workspace.names())
    if what == "list":
        names = (environment,) if environment else workspace.names()
        code = print_list([(n, partial(_catalogue, workspace, n)) for n in names], as_json=as_json)
        if not as_json:
            _tell_left_behind(workspace, names)
        return code
    if not environment:
        raise ConfigError(f"backups {what} needs an environment", hint=f"veza-tui backups ENV {what}")
    env, catalogue = _catalogue(workspace, environment)
    if what == "prune":
        return print_prune(env, catalogue, yes=yes, confirm=confirm, as_json=as_json, read_only=options.read_only)
    if not name:
        raise ConfigError(
            f"backups {environment} {what} needs the name of a backup", hint="veza-tui backups lists them"
        )
    _require_own(catalogue, name, environment)
    if what == "verify":
        return _verify(options, environment, name, identity, as_json=as_json, timeout=timeout, reason=reason)
    if what in ("hold", "release"):
        return _hold(options, environment, catalogue, what, name, reason, as_json)
    return print_show(env, catalogue, name, check=what == "check", as_json=as_json)


def _parse(words: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, str, str]:
    """(environment or empty, action, backup's name or empty); the environment may be left out of ``list`` only."""
    rest = list(words)
    environment = rest.pop(0) if rest and rest[0] not in ACTIONS else ""
    if environment and environment not in names:
        raise ConfigError(f"no environment {environment}", hint=f"there are: {', '.join(names) or 'none'}")
    what = rest.pop(0) if rest else "list"
    if what not in ACTIONS:
        raise ConfigError(f"backups {what}: unknown", hint=f"use one of {', '.join(ACTIONS)}")
    if len(rest) > 1:
        raise ConfigError("one backup at a time")
    return environment, what, rest[0] if rest else ""


def _catalogue(workspace: Workspace, name: str) -> tuple[Environment, Catalogue]:
    from veza_tui import wiring
    from veza_tui.operations.backup.catalogue import Catalogue

    environment = workspace.environment(name)
    return environment, Catalogue(wiring.open_storage(workspace, environment))


def _tell_left_behind(workspace: Workspace, names: tuple[str, ...]) -> None:
    """Backups of before ``data.backup.storage`` named a bucket: still there, and in no catalogue."""
    from dataclasses import replace

    from veza_tui import wiring
    from veza_tui.cli import output
    from veza_tui.operations.backup.catalogue import Catalogue

    for environment in map(workspace.environment, names):
        if not environment.backup.storage:
            continue
        local = replace(environment, backup=replace(environment.backup, storage=""))
        catalogue = Catalogue(wiring.open_storage(workspace, local))
        count = sum(1 for r in catalogue.records(environment.name) if r.environment == environment.name)
        if count:
            output.progress(
                f"{environment.name}: {count} more in {catalogue.storage.label}, from before data.backup.storage named"
                " a bucket; to use one, take that key out"
            )


def _require_own(catalogue: Catalogue, name: str, environment: str) -> None:
    record = catalogue.get(name)
    if record.environment not in (environment, ""):
        raise RefusedError(f"backup {name} is of environment {record.environment}, not {environment}")


def _verify(
    options: Options,
    environment: str,
    name: str,
    identity: str | None,
    *,
    as_json: bool,
    timeout: float | None,
    reason: str,
) -> int:
    from pathlib import Path

    from veza_tui.cli.launch import launch
    from veza_tui.operations.backup.plan import verify_planner

    path = str(Path(identity).absolute()) if identity else ""
    flags: dict[str, Any] = {"as_json": as_json, "timeout": timeout, "reason": reason}
    return launch(options, environment, verify_planner(name, path), **flags)


def _hold(
    options: Options, environment: str, catalogue: Catalogue, what: str, name: str, reason: str, as_json: bool
) -> int:
    import time

    from veza_tui.cli import output
    from veza_tui.model.catalogue import Hold
    from veza_tui.operations.who import current_person

    if options.read_only:
        raise RefusedError(f"read-only: backup {name} is left as it is")
    from veza_tui.cli.backups_output import audit

    audit(environment, what, name, reason)
    if what == "hold":
        catalogue.hold(name, Hold(time.time(), current_person().label, reason))
        output.progress(f"backup {name} is held: prune leaves it alone")
    else:
        catalogue.release(name)
        output.progress(f"backup {name} is no longer held")
    if as_json:
        output.data_json(catalogue.get(name).to_json())
    return Exit.DONE
