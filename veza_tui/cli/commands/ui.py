"""Opens the screen. Textual is imported here only, after the environment variables that it reads at its import."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from veza_tui.model.errors import ConfigError
from veza_tui.model.exits import Exit

if TYPE_CHECKING:
    from veza_tui.cli.main import Options
    from veza_tui.settings.model import Settings


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
    share_one_heap()
    from veza_tui.settings.load import load_settings
    from veza_tui.tui.app import VezaApp
    from veza_tui.wiring import make_screen_services

    loaded = load_settings()
    settings = with_options(loaded.settings, options)
    services = make_screen_services(
        options.workspace, read_only=options.read_only, health_interval=settings.health_interval
    )
    app = VezaApp(services, ascii_only=not _utf8(), settings=settings, notice=loaded.line)
    app.terminal_before = settle_terminal()
    app.run(mouse=settings.mouse)
    return app.return_code or Exit.DONE


def share_one_heap() -> None:
    """glibc gives threads heaps of their own, 2 MB for nothing where one lock is held anyway (source: mallopt(3)).

    Before the first thread; with another C library, nothing happens.
    """
    import ctypes

    arena_max = -8  # M_ARENA_MAX in malloc.h
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(arena_max, 1)


def settle_terminal() -> list[Any] | None:
    """Give a terminal without a size (some serial lines and containers) 80x24; returns termios' state for the end."""
    import fcntl
    import struct
    import termios

    descriptor = sys.stdin.fileno()
    try:
        columns, lines = os.get_terminal_size(descriptor)
        if not columns or not lines:
            fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines or 24, columns or 80, 0, 0))
        return list(termios.tcgetattr(descriptor))
    except (OSError, termios.error):
        return None


def with_options(settings: Settings, options: Options) -> Settings:
    """What the command line says holds over the file and the environment."""
    ascii_only = settings.ascii if options.ascii_only is None else options.ascii_only
    mouse = settings.mouse if options.mouse is None else options.mouse
    return replace(settings, ascii=ascii_only, mouse=mouse)


def _utf8() -> bool:
    encoding = (sys.stderr.encoding or "").casefold().replace("-", "")
    return encoding == "utf8"


@click.command("ui")
@click.pass_obj
def command(options: Options) -> int:
    """Open the screen (what veza-tui does without a command)."""
    return open_screen(options)
