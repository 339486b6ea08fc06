"""`veza-tui releases ENV [--diff A B]`."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from veza_tui.model.text import printable

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.model.release import Release


@click.command("releases")
@click.argument("environment")
@click.option("--diff", "pair", nargs=2, metavar="A B", help="What changed from release A to release B, per field.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def command(options: Options, /, environment: str, pair: tuple[str, str] | None, as_json: bool) -> int:
    """List releases: who, when, why, which images, and whether each was seen healthy."""
    return asyncio.run(_main(options, environment, pair, as_json))


async def _main(options: Options, environment: str, pair: tuple[str, str] | None, as_json: bool) -> int:
    from veza_tui import wiring
    from veza_tui.operations.deploy import releases

    world = wiring.open_world(options.workspace, read_only=True)
    try:
        env = world.environment(environment)
        found = await releases.list_releases(world.cluster(env), env.kubernetes.namespace)
    finally:
        await world.close()
    if pair:
        return _diff(releases.find(found, pair[0]), releases.find(found, pair[1]), as_json)
    if as_json:
        click.echo(json.dumps([r.summary() for r in found], ensure_ascii=False))
        return 0
    for release in found:
        click.echo(_line(release))
    if not found:
        click.echo(f"no releases yet: veza-tui deploy {environment} makes the first", err=True)
    return 0


def _line(release: Release) -> str:
    when = datetime.fromtimestamp(release.at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    images = " ".join(f"{d}={release.image_of(d).rpartition('/')[2]}" for d in sorted(release.images))
    word = "good" if release.good else "failed or unfinished"
    why = f" · {release.reason}" if release.reason else ""
    origin = f" ({release.note})" if release.note else ""
    return printable(f"{release.number:>4}  {when}  {word:<9}  {release.kind}{origin}  {release.who}{why}  {images}")


def _diff(one: Release, other: Release, as_json: bool) -> int:
    from dataclasses import asdict

    from veza_tui.operations.deploy.compare import compare_releases

    found, gone = compare_releases(one, other)
    if as_json:
        click.echo(json.dumps({"changes": [asdict(c) for c in found], "gone": gone}, ensure_ascii=False))
        return 0
    for change in found:
        click.echo(printable(f"{change.object} {change.path}: {change.old or '-'} → {change.new or '-'}"))
    for key in gone:
        click.echo(printable(f"{key}: only in release {one.number}"))
    if not found and not gone:
        click.echo(f"releases {one.number} and {other.number} are the same", err=True)
    return 0
