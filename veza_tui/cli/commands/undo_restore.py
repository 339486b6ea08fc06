"""`veza-tui undo-restore ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options, without_cluster_option

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("undo-restore")
@click.argument("environment")
@without_cluster_option
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, **flags: Any) -> int:
    """Take the last restore back: the database that it set aside is live again; what was restored is kept."""
    from veza_tui.operations.restore.plan import undo_plan

    return launch(options, environment, undo_plan, **flags)
