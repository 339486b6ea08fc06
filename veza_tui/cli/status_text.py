"""`status` for people: the view as aligned text, failing things first."""

from __future__ import annotations

import time

from veza_tui.cli.output import Style, data, paint, table
from veza_tui.model.environment import Environment
from veza_tui.model.text import printable
from veza_tui.model.view import EnvironmentView
from veza_tui.model.workload import State
from veza_tui.tui.presentation.ages import age, latency, moment
from veza_tui.tui.presentation.images import change

_STYLES: dict[State, Style] = {
    State.OK: "green",
    State.UNKNOWN: "dim",
    State.PROGRESSING: "cyan",
    State.DEGRADED: "yellow",
    State.FAILED: "red",
}


def print_view(environment: Environment, view: EnvironmentView, *, first: bool) -> None:
    """One environment."""
    if not first:
        data()
    now = time.time()
    word = f"{view.name.upper() if environment.production else view.name}  {view.state}"
    about = [text for text in (environment.domain, _where(environment, view), str(view.link)) if text]
    if view.heard_at is not None:
        about.append(f"heard {age(time.monotonic() - view.heard_at)} ago")
    print(f"{paint(printable(word), _STYLES[view.state])}  {printable(' · '.join(about))}", flush=True)
    for problem in view.problems:
        data(f"! {problem.what} — {problem.todo}")
    _rollouts(view)
    _health(view)
    _pods(view, now)
    if view.last_operation is not None:
        last = view.last_operation
        data(f"last: {last.kind} by {last.user} {moment(last.at, now)} {last.state}")
    if view.newest_backup is not None:
        backup = view.newest_backup
        data(f"backup {backup.name} {age(now - backup.at)} ago, {'proven' if backup.proven else 'not proven'}")


def _where(environment: Environment, view: EnvironmentView) -> str:
    target = environment.kubernetes
    if not target.namespace:  # its file cannot be read
        return ""
    context = view.identity.context if view.identity else target.context or "current context"
    return f"{context}/{target.namespace}"


_LIVE = {True: "live", False: "none", None: ""}
"""Blue-green: who gets the requests."""


def _rollouts(view: EnvironmentView) -> None:
    if not view.rollouts:
        return
    rows, styles = [], []
    colours = any(row.live is not None for row in view.rollouts)
    for row in view.rollouts:
        rows.append(
            (
                row.state.value,
                row.name,
                f"{row.ready}/{row.desired}",
                str(row.updated),
                change(row.old_images, row.images, "→"),
                row.revision,
                *([_LIVE[row.live]] if colours else []),
                row.reason,
            )
        )
        styles.append((_STYLES[row.state],))
    columns = (
        "STATE",
        "ROLLOUT",
        "READY",
        "UPDATED",
        "IMAGE",
        "REVISION",
        *(["REQUESTS"] if colours else []),
        "REASON",
    )
    table(columns, rows, styles)


def _health(view: EnvironmentView) -> None:
    rows, styles = [], []
    for row in view.health:
        rows.append((row.state.value, row.name, latency(row.latency), row.detail))
        styles.append((_STYLES[row.state],))
    if rows:
        table(("STATE", "HEALTH", "LATENCY", "DETAIL"), rows, styles)


def _pods(view: EnvironmentView, now: float) -> None:
    rows, styles = [], []
    for uid, row in sorted(view.pods.items(), key=lambda item: (-item[1].state.severity, item[1].name)):
        restarts = str(row.restarts)
        if row.last_restart is not None:
            restarts += f" ({age(now - row.last_restart)} ago)"
        line = view.last_lines.get(uid, "")
        cause = f'{row.cause} · "{line}"' if line and row.cause else row.cause or line
        rows.append(
            (
                row.state.value,
                row.name,
                f"{row.ready}/{row.total}",
                row.status,
                restarts,
                age(now - row.created),
                row.node,
                cause,
            )
        )
        styles.append((_STYLES[row.state],))
    if rows:
        table(("STATE", "POD", "READY", "STATUS", "RESTARTS", "AGE", "NODE", "CAUSE"), rows, styles)
    elif view.synced:
        data("no pods")
