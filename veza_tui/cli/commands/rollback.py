"""`veza-tui rollback ENV [--to RELEASE]`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("rollback")
@click.argument("environment")
@click.option("--to", "release", metavar="RELEASE", default="", help="A release's number (default: the last good one).")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, release: str, **flags: Any) -> int:
    """Apply an earlier release again: its images and its configuration."""
    from veza_tui.operations.deploy.rollback import rollback_planner

    return launch(options, environment, rollback_planner(release), **flags)
