"""`veza-tui undo-restore ENV`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veza_tui.cli.launch import launch, mutating_options

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


@click.command("undo-restore")
@click.argument("environment")
@mutating_options
@click.pass_obj
def command(options: Options, /, environment: str, **flags: Any) -> int:
    """Make the database that the last restore set aside live again; what was restored is kept."""
    from veza_tui.operations.restore.plan import undo_plan

    return launch(options, environment, undo_plan, **flags)
