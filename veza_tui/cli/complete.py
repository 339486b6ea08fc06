"""What the shells ask on TAB. Reads names of files only: no YAML, no client library, no cluster; never an error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    _resolve_context,
    _resolve_incomplete,
)

_NEWEST = 200
_VERBS = ("list", "show", "check", "verify", "prune", "hold", "release")
_PRESETS = ("prometheus", "grafana", "database", "cache")
"""What ``forward`` knows beside the services."""
_ENVIRONMENTS = frozenset(("environment", "environments", "name", "names", "source", "from_environment", "drift_of"))


def answer(asked: str) -> int:
    """Print completions in the way the shell wants them; whatever goes wrong, TAB prints no error."""
    from veza_tui.cli.main import COMPLETE, cli

    shell = asked.removesuffix("_complete")
    try:
        if shell == "kubectl":
            print("\n".join(_for_kubectl(cli, sys.argv[1:])))
        elif (kind := _SHELLS.get(shell)) is not None:
            text = kind(cli, {}, "veza-tui", COMPLETE).complete()
            if text:
                print(text)
    except Exception:
        return 1
    return 0


def completions(cli: click.Command, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
    """What can stand after ``args``, beginning with ``incomplete``."""
    with _resolve_context(cli, {}, "veza-tui", args) as ctx:
        thing, rest = _resolve_incomplete(ctx, args, incomplete)
        if isinstance(thing, click.Parameter) and isinstance(thing.type, click.types.StringParamType):
            found = [CompletionItem(name) for name in _values(ctx, thing) if name.startswith(rest)]
            # What is an argument's turn may as well be an option.
            return found or (ctx.command.shell_complete(ctx, rest) if rest.startswith("-") else [])
        return thing.shell_complete(ctx, rest)


class _Bash(BashComplete):
    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return completions(self.cli, args, incomplete)


class _Zsh(ZshComplete):
    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return completions(self.cli, args, incomplete)


class _Fish(FishComplete):
    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem[str]]:
        return completions(self.cli, args, incomplete)


_SHELLS: dict[str, type[ShellComplete]] = {"bash": _Bash, "zsh": _Zsh, "fish": _Fish}


def _for_kubectl(cli: click.Command, words: list[str]) -> Iterable[str]:
    """As ``kubectl`` asks its plugins (kubectl_complete-PLUGIN): a line each, then cobra's directive.

    4 means that there are no file names to offer besides, 16 that directories are to be offered, 0 files.
    """
    found = completions(cli, words[:-1], words[-1] if words else "")
    directive = 4
    for item in found:
        if item.type in ("dir", "file"):
            directive = 16 if item.type == "dir" else 0
        else:
            yield f"{item.value}\t{item.help}" if item.help else item.value
    yield f":{directive}"


def _values(ctx: click.Context, parameter: click.Parameter) -> list[str]:
    """Names that a parameter may take; [] where nobody can know without asking a cluster."""
    command = ctx.info_name
    given = [str(v) for v in _as_list(ctx.params.get(parameter.name or ""))]
    if parameter.name == "operation":
        return _operations()
    if parameter.name == "words" and command == "backups":
        return _backups_words(ctx, given)
    if parameter.name == "backup" and command == "restore":
        return _backups(ctx, str(ctx.params.get("environment") or ""))
    if parameter.name in _ENVIRONMENTS or (parameter.name == "target" and command == "promote"):
        return [name for name in _environments(ctx) if name not in given]
    if parameter.name == "services" or (parameter.name == "which" and command == "logs"):
        environment = str(ctx.params.get("environment") or ctx.params.get("name") or "")
        return [name for name in _services(ctx, environment) if name not in given]
    if parameter.name == "target" and command == "forward":
        return [*_services(ctx, str(ctx.params.get("environment") or "")), *_PRESETS]
    return []


def _as_list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _backups_words(ctx: click.Context, given: list[str]) -> list[str]:
    verb = next((word for word in given if word in _VERBS), "")
    names = [word for word in given if word not in _VERBS]
    if verb and names and verb not in ("list", "prune"):
        return _backups(ctx, names[0])
    if verb:
        return [] if names else _environments(ctx)
    return list(_VERBS) if names else [*_environments(ctx), *_VERBS]


def _workspace(ctx: click.Context) -> Path:
    root = ctx.find_root().params.get("directory")
    return Path(root or os.environ.get("VEZA_WORKSPACE") or ".")


def _environments(ctx: click.Context) -> list[str]:
    from veza_tui.workspace.files import name_problem

    try:
        found = sorted((_workspace(ctx) / "environments").glob("*.yaml"))
    except OSError:
        return []
    return [path.stem for path in found if not name_problem(path.stem)]


def _services(ctx: click.Context, environment: str) -> list[str]:
    """The keys under ``services:`` of the environment's file, spelt as commands take them."""
    from veza_tui.workspace.files import name_problem

    if name_problem(environment):
        return []
    path = _workspace(ctx) / "environments" / f"{environment}.yaml"
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[:2000]
    except OSError:
        return []
    return [name.replace("_", "-") for name in _under(lines, "services")]


def _under(lines: list[str], heading: str) -> list[str]:
    """Keys one level below ``heading:``, as block YAML is written; approximate is enough for TAB."""
    found: list[str] = []
    outer = inner = -1
    for line in lines:
        body = line.split(" #")[0].rstrip()
        depth = len(body) - len(body.lstrip())
        if not body.strip() or body.lstrip().startswith("#"):
            continue
        if outer < 0:
            outer = depth if body.strip() == f"{heading}:" else -1
        elif depth <= outer:
            break
        else:
            inner = depth if inner < 0 else inner
            name = body.strip().strip("\"'").removesuffix(":")
            if depth == inner and name.replace("-", "").replace("_", "").isalnum():
                found.append(name)
    return found


def _operations() -> list[str]:
    from veza_tui.operations.ids import FOLDER, ids_in
    from veza_tui.operations.settings import state_directory

    try:
        return ids_in(state_directory() / FOLDER)[: -_NEWEST - 1 : -1]
    except OSError:
        return []


def _backups(ctx: click.Context, environment: str) -> list[str]:
    """Names of the backups in this workspace; a bucket is not asked."""
    try:
        folders = [p for p in (_workspace(ctx) / "backups").iterdir() if p.is_dir() and not p.name.startswith(".")]
    except OSError:
        return []
    return sorted((p.name for p in folders if environment in p.name and p.name.isprintable()), reverse=True)[:_NEWEST]
