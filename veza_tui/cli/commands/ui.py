"""Opens the screen. Textual is imported here only, after the environment variables that it reads at its import."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.cli.main import Options


def prepare_environment(environ: dict[str, str] | os._Environ[str]) -> None:
    """Defaults that Textual reads at its import; what the person set wins.

    Over SSH fewer frames are sent. No-color.org: an empty NO_COLOR means nothing, Textual takes it for set.
    """
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        environ.setdefault("TEXTUAL_FPS", "15")
        environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    if environ.get("NO_COLOR") == "":
        del environ["NO_COLOR"]


def open_screen(options: Options) -> int:
    """Run the screen until it is left; returns the exit code.

    Raises:
        ConfigError: there is no terminal to paint on.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("TERM", "") in ("", "dumb"):
        raise ConfigError("the screen needs a terminal", hint="without one, use veza-tui status (see veza-tui --help)")
    prepare_environment(os.environ)
    from veza_tui.tui.app import VezaApp
    from veza_tui.wiring import make_screen_services

    services = make_screen_services(options.workspace, read_only=options.read_only)
    app = VezaApp(services, ascii_only=options.ascii_only or not _utf8())
    app.run(mouse=not options.no_mouse)
    return app.return_code or Exit.DONE


def _utf8() -> bool:
    encoding = (sys.stderr.encoding or "").casefold().replace("-", "")
    return encoding == "utf8"


@click.command("ui")
@click.pass_obj
def command(options: Options) -> int:
    """Open the screen (what veza-tui does without a command)."""
    return open_screen(options)
