"""`veza-tui deploy ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("deploy")
@click.argument("environment")
@click.option("--no-rollback", is_flag=True, help="On failure leave everything as it is then.")
@click.option(
    "--keep",
    type=click.FloatRange(0),
    default=None,
    metavar="MINUTES",
    help="Blue-green: keep the old pods so long (default: keep_old_minutes of the pipeline file).",
)
@click.option("--operation-id", hidden=True, default="", help="The pipeline's: it must find its deploy again.")
@click.option("--part-of", hidden=True, default="", help="The pipeline whose approval covers it, if that is so.")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, no_rollback: bool, keep: float | None, **flags: Any) -> int:
    """Apply k8s/ENV/ and wait for the rollouts; on failure go back to the last good release."""
    from veza_tui.operations.deploy.plan import deploy_planner

    return launch(options, environment, deploy_planner(rollback=not no_rollback, keep=keep), **flags)
