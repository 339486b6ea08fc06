"""`veza-tui pipeline ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("pipeline")
@click.argument("environment")
@click.option("--from", "from_step", metavar="STEP", default="", help="Start at this step (after a failed one).")
@click.option("--tag", metavar="TAG", default="", help="Image tag that update_manifests writes and the deploys use.")
@click.option(
    "--skip-gates",
    metavar="REASON",
    default="",
    help="With --from: leave out steps that never passed for this commit and tag; audited loudly.",
)
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, from_step: str, tag: str, skip_gates: str, **flags: Any) -> int:
    """Run the pipeline of environments/deployment-pipeline.yaml up to ENVIRONMENT; stages gate each other."""
    from veza_tui.operations.pipeline.plan import pipeline_planner

    return launch(options, environment, pipeline_planner(from_step, tag, skip_gates), **flags)
