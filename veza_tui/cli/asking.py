"""Questions on a terminal: a name to type, a reason, one of several. Keys typed earlier do not answer them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from veza_tui.model.errors import ConfigError
from veza_tui.model.text import printable


def on_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_line(question: str) -> str:
    """One line from the terminal, stripped; ``question`` must be printable."""
    import termios

    termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)
    click.echo(question, err=True, nl=False)
    return sys.stdin.readline().strip()


def confirm_typed(name: str, confirm: str) -> str:
    """The name typed, or given by ``--confirm``; returns how.

    Raises:
        ConfigError: another name, or nobody to ask.
    """
    if confirm:
        if confirm != name:
            raise ConfigError(
                f"--confirm {printable(confirm, limit=40)!r} does not confirm this", hint=f"it must be {name}"
            )
        return "flag --confirm"
    if not on_terminal():
        raise ConfigError("there is no terminal to confirm on", hint=f"give --confirm {name}; nothing was done")
    if ask_line(f"Type {printable(name)} to go on (Enter cancels): ") != name:
        raise ConfigError("not confirmed", hint="nothing was done")
    return "typed"


def reason_given(reason: str, what: str) -> str:
    """``--reason``, or asked for.

    Raises:
        ConfigError: none, or nobody to ask.
    """
    if reason.strip():
        return reason.strip()
    if not on_terminal():
        raise ConfigError(f"{what} asks for a reason", hint="give --reason TEXT; nothing was done")
    text = ask_line("Why? (goes into the audit log): ")
    if not text:
        raise ConfigError(f"{what} asks for a reason", hint="nothing was done")
    return text


def choose(question: str, names: Sequence[str]) -> str:
    """One of several by its number or name; empty for another answer."""
    for number, name in enumerate(names, 1):
        click.echo(f"  {number}  {printable(name)}", err=True)
    answer = ask_line(f"{question} [1-{len(names)}] ")
    if answer.isdigit() and 0 < int(answer) <= len(names):
        return names[int(answer) - 1]
    return answer if answer in names else ""


def yes(question: str) -> bool:
    """A clear yes."""
    return ask_line(f"{question} [y/N] ").lower() in ("y", "yes")
