"""Man pages in roff (man(7) macros), made from the command line's own parser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

import click

from veza_tui import __version__
from veza_tui.cli.reference import EXITS, FILES, SETTINGS, VARIABLES

PROGRAM = "veza-tui"

# groff_char(7): what a terminal should show as plain ASCII, and what ASCII roff would turn into typography.
_ESCAPES = {"\\": "\\e", "-": "\\-", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti", '"': "\\(dq"}
_WIDE = {"…": "...", "→": "->", "≤": "<=", "≥": ">=", "·": "-", "–": "\\(en", "—": "\\(em", "\u00a0": "\\ "}


def text(words: str) -> str:
    """Text that roff prints as it is: nothing in it is a request, an escape or typography."""
    out = []
    for char in words:
        if char in _ESCAPES:
            out.append(_ESCAPES[char])
        elif char in _WIDE:
            out.append(_WIDE[char])
        elif char == "\n" or " " <= char <= "~":
            out.append(char)
        else:
            out.append(f"\\[u{ord(char):04X}]")
    # A dot or an apostrophe at a line's start would be a request.
    return re.sub(r"(?m)^(?=\.)", r"\\&", "".join(out))


def page(
    command: click.Command, ctx: click.Context, path: Sequence[str], subcommands: Iterable[tuple[str, str]]
) -> str:
    """One page about ``path`` (``veza-tui``, ``deploy``); ``subcommands`` are names with their line of help."""
    name = "-".join(path)
    summary = _summary(command)
    out = [
        '.\\" Made by "veza-tui man" from the parser of the command line.',
        f'.TH "{text(name.upper())}" "1" "{_date()}" "{text(PROGRAM)} {text(__version__)}" "User Commands"',
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{text(name)} \\- {text(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
        *_synopsis(command, ctx, path),
        ".SH DESCRIPTION",
        *_paragraphs(command.help or summary)[1:],  # a heading makes its own space
        *_options(command, ctx),
    ]
    listed = list(subcommands)
    if listed:
        out += [".SH COMMANDS", *(line for n, words in listed for line in _term(bold(n), words))]
    if isinstance(command, click.Group) and len(path) > 1:
        for sub in command.list_commands(ctx):
            child = command.get_command(ctx, sub)
            if child is not None and not child.hidden:
                out += _section(child, click.Context(child, parent=ctx, info_name=sub), [*path, sub])
    if len(path) == 1:
        out += [
            ".SH SETTINGS",
            "$XDG_CONFIG_HOME/veza\\-tui/config.yaml may hold:",
            *_terms(SETTINGS),
            ".SH FILES",
            *_terms(FILES),
        ]
    out += [".SH ENVIRONMENT", *_terms(VARIABLES)] if len(path) == 1 else []
    out += [".SH EXIT STATUS", *(line for code, words in EXITS for line in _term(bold(str(code)), words))]
    others = [f"{PROGRAM}-{n}" for n, _ in listed] if len(path) == 1 else [PROGRAM]
    out += [".SH SEE ALSO", ",\n".join(f"{bold(o)}(1)" for o in others)]
    return "\n".join(out) + "\n"


def _date() -> str:
    """Today, or what reproducible-builds.org's SOURCE_DATE_EPOCH says."""
    from datetime import UTC, datetime

    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return f"{datetime.fromtimestamp(int(epoch), UTC) if epoch.isdigit() else datetime.now(UTC):%Y-%m-%d}"


def bold(words: str) -> str:
    """In bold."""
    return f"\\fB{text(words)}\\fR"


def _summary(command: click.Command) -> str:
    first = (command.help or command.short_help or "").split("\n\n")[0]
    words = " ".join(first.replace("\b", " ").split())
    end = re.search(r"[.:](?: |$)", words)
    return words[: end.start()] if end else words


def _synopsis(command: click.Command, ctx: click.Context, path: Sequence[str]) -> list[str]:
    pieces = " ".join(command.collect_usage_pieces(ctx))
    return [f"{bold(' '.join(path))} {text(pieces)}"]


def _paragraphs(help_text: str) -> list[str]:
    out: list[str] = []
    for block in re.split(r"\n\s*\n", help_text.strip()):
        lines = block.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            # click's mark for a block that keeps its lines.
            out += [".PP", ".nf", *(text(line.rstrip()) for line in lines[1:] if line.strip()), ".fi"]
        else:
            out += [".PP", text(" ".join(" ".join(lines).split()))]
    return out


def _options(command: click.Command, ctx: click.Context, heading: str = ".SH OPTIONS") -> list[str]:
    records = [r for p in command.get_params(ctx) if isinstance(p, click.Option) and (r := p.get_help_record(ctx))]
    if not records:
        return []
    return [*heading.splitlines(), *(line for names, words in records for line in _term(bold(names), words))]


def _section(command: click.Command, ctx: click.Context, path: Sequence[str]) -> list[str]:
    return [
        f".SH {text(' '.join(path[1:]).upper())}",
        *_synopsis(command, ctx, path),
        *_paragraphs(command.help or ""),
        *_options(command, ctx, heading=""),
    ]


def _terms(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [line for name, words in pairs for line in _term(bold(name), words)]


def _term(head: str, words: str) -> list[str]:
    return [".TP", head, text(" ".join(words.split())) or "\\&"]
