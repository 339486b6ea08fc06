"""`veza-tui audit`: the audit log, and whether it is whole."""

from __future__ import annotations

import json
from collections import deque
from datetime import datetime
from typing import Any

import click

from veza_tui.model.exits import Exit
from veza_tui.model.text import printable


@click.command()
@click.option("--verify", is_flag=True, help="Check the hash chain; exit 1 when a line was changed, removed or moved.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("-n", "count", type=click.IntRange(min=1), default=50, show_default=True, help="The newest N lines.")
def command(verify: bool, as_json: bool, count: int) -> int:
    """What was intended, done and denied, by whom, from where and why."""
    from veza_tui import wiring

    log = wiring.audit_log()
    if verify:
        return _verify(log, as_json)
    lines = deque(log.read(), maxlen=count)
    if as_json:
        click.echo(json.dumps(list(lines), ensure_ascii=False))
        return Exit.DONE
    for line in lines:
        click.echo(audit_line(line))
    if not lines:
        click.echo("the audit log is empty", err=True)
    return Exit.DONE


def audit_line(line: dict[str, Any]) -> str:
    """One line for people, in local time."""
    at = datetime.fromtimestamp(float(line.get("at", 0))).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    who = f"{line.get('user', '?')}@{line.get('host', '?')}"
    for key, word in (("sudo_user", "sudo by"), ("ssh_from", "from"), ("kubernetes_user", "as")):
        if line.get(key):
            who += f" {word} {line[key]}"
    what = " ".join(str(line[k]) for k in ("kind", "environment", "operation") if line.get(k))
    more = [f"{k.replace('_', ' ')}: {line[k]}" for k in ("outcome", "reason", "detail") if line.get(k)]
    if line.get("approvers"):
        more.append(f"approved by: {', '.join(line['approvers'])}")
    if line.get("plan_hash"):
        more.append(f"plan {str(line['plan_hash'])[:12]}")
    return printable(f"{line.get('n', '?'):>5} {at} {line.get('type', '?'):<11} {what} by {who} · {' · '.join(more)}")


def _verify(log: Any, as_json: bool) -> int:
    good, damage = log.verify()
    if as_json:
        found = {"line": damage.line, "message": damage.message} if damage else None
        click.echo(json.dumps({"path": str(log.path), "good_lines": good, "damage": found}))
    elif damage:
        click.echo(f"{log.path}: line {damage.line}: {damage.message}")
    else:
        click.echo(f"{log.path}: {good} lines, the chain is whole")
    return Exit.FAILED if damage else Exit.DONE
