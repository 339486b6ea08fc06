"""``veza-tui info``: what to paste into a ticket."""

from __future__ import annotations

from typing import Any

import click

from veza_tui.cli.main import Options
from veza_tui.cli.output import data, data_json, table


@click.command("info")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--keys", is_flag=True, help="List the screen's actions with their keys, for the key map.")
@click.option("--offline", is_flag=True, help="Ask no cluster.")
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=5.0, show_default=True, metavar="S",
    help="Seconds that each cluster may take.",
)  # fmt: skip
@click.pass_obj
def command(options: Options, as_json: bool, keys: bool, offline: bool, timeout: float) -> None:
    """Print versions, paths, contexts, permissions and settings. No secrets: made to be pasted into a ticket."""
    if keys:
        _print_keys(as_json)
        return
    from veza_tui.cli.about import about

    found = about(options.workspace, read_only=options.read_only, timeout=timeout, ask=not offline)
    if as_json:
        data_json(found)
    else:
        _print(found)


def _print_keys(as_json: bool) -> None:
    from veza_tui.settings.keymap import altered
    from veza_tui.settings.keys import shown_key
    from veza_tui.settings.load import load_settings
    from veza_tui.tui.actions import ACTIONS

    actions, _ = altered(ACTIONS, load_settings().settings.keys)
    rows = [(a.id, [shown_key(k) for k in a.keys], a.title, ", ".join(a.screens) or a.where.value) for a in actions]
    if as_json:
        data_json([{"action": i, "keys": keys, "title": title, "where": where} for i, keys, title, where in rows])
        return
    table(("ACTION", "KEYS", "WHERE", "WHAT IT DOES"), [(i, " ".join(k), where, t) for i, k, t, where in rows])


def _print(found: dict[str, Any]) -> None:
    versions = dict(found["versions"])
    packages = versions.pop("packages")
    versions["postgresql clients"] = ", ".join(versions["postgresql clients"]) or "none (backups need them)"
    _block("VERSIONS", {**versions, "packages": " · ".join(f"{n} {v}" for n, v in packages.items())})
    _block("SYSTEM", found["system"])
    _block("PATHS", found["paths"])
    if found["variables"]:
        _block("VARIABLES", found["variables"])
    settings = dict(found["settings"])
    problems = settings.pop("problems")
    keys = settings.pop("keys")
    there = settings.pop("found")
    settings["file"] += "" if there else " (there is none)"
    _block("SETTINGS", {**settings, **{f"key {name}": " ".join(k) or "none" for name, k in keys.items()}})
    for problem in problems:
        key = f"{problem['key']} " if problem["key"] else ""
        data(f"  wrong: {problem['where']}: {key}{problem['message']} → {problem['todo']}")
    data()
    if found["workspace"]:
        _block("WORKSPACE", {"problem": found["workspace"]})
    for environment in found["environments"]:
        _print_environment(dict(environment))


def _print_environment(environment: dict[str, Any]) -> None:
    name = environment.pop("name")
    permissions = environment.pop("permissions", None)
    if permissions is not None:
        yes = [label for label, allowed in permissions.items() if allowed]
        no = [label for label, allowed in permissions.items() if not allowed]
        environment["allowed"] = ", ".join(yes) or "nothing"
        environment["not allowed"] = ", ".join(no) or "nothing of what is asked"
    _block(f"ENVIRONMENT {name}", environment)


def _block(title: str, values: dict[str, Any]) -> None:
    data(title)
    width = max(map(len, values), default=0)
    for key, value in values.items():
        shown = ("yes" if value else "no") if isinstance(value, bool) else str(value)
        if shown:
            data(f"  {key:<{width}}  {shown}")
    data()
