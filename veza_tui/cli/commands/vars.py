"""``veza-tui vars ENV``."""

from __future__ import annotations

import click

from veza_tui.cli.main import Options
from veza_tui.cli.output import progress, warn


@click.command("vars")
@click.argument("environment", metavar="ENV")
@click.pass_obj
def command(options: Options, environment: str) -> int:
    """Write .env.ENV as the script does: data.environment as key=value lines, then the secrets file."""
    from veza_tui.workspace.load import load_workspace
    from veza_tui.workspace.variables import open_to_others
    from veza_tui.workspace.varsfile import write_vars

    options.require_writable()
    workspace = load_workspace(options.workspace)
    path = write_vars(workspace, environment)
    secrets = workspace.secrets_path(environment)
    added = secrets.exists()
    progress(f"wrote {path.name}: data.environment{', then secrets/' + secrets.name if added else ', no secrets file'}")
    if added and open_to_others(secrets):
        warn(f"secrets/{secrets.name} can be read by others: run chmod 600 secrets/{secrets.name}")
    return 0
