"""``veza-tui man``: man pages made from the parser."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from veza_tui.model.errors import ConfigError


@click.command("man")
@click.argument("name", metavar="[COMMAND]", required=False)
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path), help="Write every page to DIR.")
def command(name: str | None, output: Path | None) -> None:
    """Print the man page of the program, or of one command; with --output write them all to a directory.

    \b
    veza-tui man | man -l -
    veza-tui man --output ~/.local/share/man/man1
    """
    if output is None:
        sys.stdout.write(pages([name or ""])[0][1])
        return
    if name:
        raise click.UsageError("--output writes every page: name no command")
    try:
        output.mkdir(parents=True, exist_ok=True)
        made = pages()
        for file, roff in made:
            (output / file).write_text(roff, encoding="ascii")
    except OSError as error:
        raise ConfigError(f"{output}: cannot be written: {(error.strerror or 'error').lower()}") from None
    from veza_tui.cli.output import progress

    progress(f"{len(made)} pages in {output}")


def pages(names: list[str] | None = None) -> list[tuple[str, str]]:
    """File names with their roff; ``""`` is the program itself. Without names, all of them.

    Raises:
        UsageError: there is no such command.
    """
    from veza_tui.cli.main import COMMANDS, cli
    from veza_tui.cli.roff import PROGRAM, page

    root = click.Context(cli, info_name=PROGRAM, **cli.context_settings)
    listed = [(n, COMMANDS[n][1]) for n in cli.list_commands(root)]
    made = []
    for name in ["", *(n for n, _ in listed)] if names is None else names:
        if not name:
            made.append((f"{PROGRAM}.1", page(cli, root, [PROGRAM], listed)))
            continue
        found = cli.get_command(root, name) if name in dict(listed) else None
        if found is None:
            raise click.UsageError(f"there is no command {name!r}")
        ctx = click.Context(found, parent=root, info_name=name)
        # No children listed: a group's commands get sections of their own.
        made.append((f"{PROGRAM}-{name}.1", page(found, ctx, [PROGRAM, name], [])))
    return made
