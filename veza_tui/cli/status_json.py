"""`status --json`: one environment as JSON. Its fields are added to, never renamed."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from veza_tui.model.view import EnvironmentView


def view_json(view: EnvironmentView) -> dict[str, Any]:
    """The view as plain JSON values; times are unix seconds, latencies and ages seconds."""
    age = None if view.heard_at is None else round(max(0.0, time.monotonic() - view.heard_at), 3)
    return {
        "name": view.name,
        "state": view.state.value,
        "link": view.link.value,
        "data_age": age,
        "identity": None if view.identity is None else asdict(view.identity),
        "problems": [asdict(problem) for problem in view.problems],
        "rollouts": [asdict(row) for row in view.rollouts],
        "autoscalers": [asdict(row) for row in view.autoscalers],
        "health": [
            {**{key: value for key, value in asdict(row).items() if key != "history"}, "vitals": dict(row.vitals)}
            for row in view.health
        ],
        "pods": [
            {**asdict(row), "labels": dict(row.labels), "last_line": view.last_lines.get(uid, "")}
            for uid, row in sorted(view.pods.items(), key=lambda item: (-item[1].state.severity, item[1].name))
        ],
        "warnings": [asdict(row) for row in view.warnings],
        "last_operation": None if view.last_operation is None else asdict(view.last_operation),
        "newest_backup": None if view.newest_backup is None else asdict(view.newest_backup),
    }
