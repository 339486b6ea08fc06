"""`veza-tui flush-cache ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options, without_cluster_option

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("flush-cache")
@click.argument("environment")
@without_cluster_option
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, **flags: Any) -> int:
    """Empty the environment's cache: after a restore it may hold what the restored data contradicts."""
    from veza_tui.operations.restore.plan import flush_plan

    return launch(options, environment, flush_plan, **flags)
