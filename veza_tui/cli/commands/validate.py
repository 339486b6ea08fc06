"""``veza-tui validate [ENV…]``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from veza_tui.cli.main import Options
from veza_tui.cli.output import Style, data_json, progress, table
from veza_tui.model.exits import Exit
from veza_tui.model.finding import Severity

if TYPE_CHECKING:
    from veza_tui.model.finding import Finding

_STYLES: dict[Severity, Style] = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


@click.command("validate")
@click.argument("environments", metavar="[ENV]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="A JSON list of findings on stdout.")
@click.option("--config", "settings", is_flag=True, help="Check your own settings (config.yaml) instead.")
@click.pass_obj
def command(options: Options, environments: tuple[str, ...], as_json: bool, settings: bool) -> int:
    """Check environments, manifests, pipeline and rules. All environments unless some are named.

    Exits 0 when there is nothing worse than a warning, 2 otherwise.
    """
    if settings:
        if environments:
            raise click.UsageError("--config checks your own settings: name no environment")
        return _settings(as_json)
    from veza_tui.workspace.load import load_workspace
    from veza_tui.workspace.validate import validate

    workspace = load_workspace(options.workspace)
    findings = validate(workspace, environments)
    if as_json:
        data_json([asdict(finding) for finding in findings])
    elif findings:
        _print(findings)
    counts = Counter(finding.severity for finding in findings)
    if not as_json:
        names = ", ".join(dict.fromkeys(environments)) or ", ".join(workspace.names()) or "no environment"
        said = f"{_count(counts[Severity.ERROR], 'error')}, {_count(counts[Severity.WARNING], 'warning')}"
        progress(f"{names}: {said}" if findings else f"{names}: nothing to report")
    return Exit.USAGE if counts[Severity.ERROR] else Exit.DONE


def _settings(as_json: bool) -> int:
    from veza_tui.settings.load import load_settings

    loaded = load_settings()
    findings = list(loaded.findings)
    if as_json:
        data_json([asdict(finding) for finding in findings])
        return Exit.USAGE if findings else Exit.DONE
    if findings:
        _print(findings)
    said = _count(len(findings), "error") if findings else "nothing to report"
    progress(f"{loaded.path}: {said if loaded.found or findings else 'there is none; the defaults hold'}")
    return Exit.USAGE if findings else Exit.DONE


def _print(findings: list[Finding]) -> None:
    rows = []
    for finding in findings:
        where = f"{finding.file}:{finding.line}" if finding.line else finding.file
        rows.append((finding.severity.value, where, finding.key, f"{finding.message} → {finding.todo}"))
    table(("SEVERITY", "WHERE", "KEY", "FINDING → WHAT TO DO"), rows, [(_STYLES[f.severity],) for f in findings])


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
