"""``veza-tui compare``: environments side by side, or one environment's file, manifests and live objects."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from veza_tui.cli.main import Options
from veza_tui.model.errors import ConfigError

if TYPE_CHECKING:
    from veza_tui.operations.inspect.compare import Comparison
    from veza_tui.operations.inspect.drift import Drift


@click.command("compare")
@click.argument("names", metavar="[ENV ENV]...", nargs=-1)
@click.option("--drift", "drift_of", metavar="ENV", help="Compare ENV's file, its manifests and what is live.")
@click.option("--all", "show_all", is_flag=True, help="Print what is the same, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, always complete.")
@click.pass_obj
def command(options: Options, names: tuple[str, ...], drift_of: str | None, show_all: bool, as_json: bool) -> int:
    """Exit 0 the same, 1 different, 3 an environment cannot be reached. Secrets are equal or different, never shown."""
    if drift_of is not None and names:
        raise ConfigError("--drift takes one environment and no others beside it", hint="see --help")
    if len(set(names)) == 1:
        raise ConfigError("one environment alone cannot be compared", hint="name two, or none for all")
    return asyncio.run(_compare(options, list(dict.fromkeys(names)), drift_of, show_all, as_json))


async def _compare(options: Options, names: list[str], drift_of: str | None, show_all: bool, as_json: bool) -> int:
    from veza_tui.operations.inspect.compare import read_all
    from veza_tui.operations.inspect.drift import read_drift
    from veza_tui.wiring import open_world

    world = open_world(options.workspace, read_only=True)
    try:
        if drift_of is not None:
            environment = world.environment(drift_of)
            found = await read_drift(world.workspace, environment, world.cluster(environment))
            return _print_drift(found, show_all, as_json)
        environments = [world.environment(name) for name in names or world.environments()]
        if len(environments) < 2:
            raise ConfigError("there is only one environment here", hint="use --drift to compare it with its files")
        return _print(await read_all(environments, world.cluster), show_all, as_json)
    finally:
        await world.close()


def _print(found: Comparison, show_all: bool, as_json: bool) -> int:
    from veza_tui.cli.output import data, data_json, paint, table, warn
    from veza_tui.operations.inspect.compare import comparison_json

    if as_json:
        data_json(comparison_json(found))
        return int(found.exit)
    for name, problem in found.problems:
        warn(f"{name}: {problem}")
    rows, styles = [], []
    every = found.services
    for row in found.rows:
        if row.same and not show_all:
            continue
        texts = (c.text if c.present else "—" for c in row.cells)
        rows.append(("=" if row.same else "≠", row.users(every), row.name, *texts))
        styles.append(("dim" if row.same else "yellow",))
    if rows:
        table(("", "SERVICE", "FIELD", *found.environments), rows, styles)  # type: ignore[arg-type]
    same = len(found.rows) - found.different
    words = f"{found.different} differ, {same} the same in {', '.join(found.environments)}"
    data(paint(words, "bold") if rows else words)
    return int(found.exit)


def _print_drift(found: Drift, show_all: bool, as_json: bool) -> int:
    from veza_tui.cli.output import data, data_json, table, warn
    from veza_tui.operations.inspect.drift import drift_json

    if as_json:
        data_json(drift_json(found))
        return int(found.exit)
    if found.problem:
        warn(found.problem)
    rows, styles = [], []
    for row in found.rows:
        if row.same and not show_all:
            continue
        live = f"{row.live} (by {row.by})" if row.by else row.live or ""
        sign = "=" if row.same else "≠"
        rows.append((sign, row.object, row.path or "(whole)", row.file or "", row.manifest or "", live))
        styles.append(("dim" if row.same else "yellow",))
    if rows:
        table(("", "OBJECT", "FIELD", "FILE", "MANIFESTS", "LIVE"), rows, styles)  # type: ignore[arg-type]
    data(f"{found.different} differ, {len(found.rows) - found.different} the same in {found.environment}")
    return int(found.exit)
