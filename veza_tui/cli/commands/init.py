"""``veza-tui init DIR``."""

from __future__ import annotations

from pathlib import Path

import click

from veza_tui.cli.main import Options
from veza_tui.cli.output import data, progress, warn


@click.command("init")
@click.argument("directory", metavar="DIR")
@click.pass_obj
def command(options: Options, directory: str) -> int:
    """Make a workspace in DIR: environments, pipeline, rules, manifests, secrets examples. Never overwrites a file."""
    from veza_tui.model.errors import ConfigError
    from veza_tui.workspace.init import make_workspace

    options.require_writable()
    if not directory:
        raise ConfigError("the directory's name is empty", hint="name a directory")
    made = make_workspace(Path(directory))
    for name in made.created:
        data(name)
    if made.kept:
        progress(f"kept {len(made.kept)} files that were there already")
    if ".gitignore" in made.kept:
        warn("check that .gitignore names /secrets/, /backups/ and .env.*")
    progress(f"next: fill in secrets/ENV.env (see secrets/*.example), then run veza-tui -C {directory} validate")
    return 0
