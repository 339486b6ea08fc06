"""Who handles an action. Rooms add a line to HANDLERS (or call ``register``); the module is imported at first use."""

from __future__ import annotations

import importlib
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from veza_tui.tui.actions import Action, Situation, table

if TYPE_CHECKING:
    from veza_tui.tui.app import VezaApp

Handler = Callable[["VezaApp", Situation], Awaitable[None] | None]
"""Runs on the application's loop; raises VezaError to have its one line shown.

A plain function is done before the next key is looked at: what opens an input must be one, or what is typed right
after its key is taken for other keys.
"""

_OWN = "veza_tui.tui.handlers"
_FORWARDS = "veza_tui.tui.forwards"
_OPERATE = "veza_tui.tui.operate"
_DELIVER = "veza_tui.tui.deliver"
_TOUCH = "veza_tui.tui.touch"
_LOGS = "veza_tui.tui.logs"
_RESTORE = "veza_tui.tui.restore"
_INSPECT = "veza_tui.tui.inspect"

# action id -> "module:function" with the signature of Handler.
HANDLERS: dict[str, str] = {
    "tab.next": f"{_OWN}:next_tab",
    "tab.previous": f"{_OWN}:previous_tab",
    "filter": f"{_OWN}:edit_filter",
    "sort.next": f"{_OWN}:sort_next",
    "sort.previous": f"{_OWN}:sort_previous",
    "sort.reverse": f"{_OWN}:sort_reverse",
    "refresh": f"{_OWN}:refresh",
    "open": f"{_OWN}:open_selected",
    "copy": f"{_OWN}:copy_name",
    "cursor.down": f"{_OWN}:cursor_down",
    "cursor.up": f"{_OWN}:cursor_up",
    "cursor.first": f"{_OWN}:cursor_first",
    "cursor.last": f"{_OWN}:cursor_last",
    "cursor.forward": f"{_OWN}:page_down",
    "cursor.back": f"{_OWN}:page_up",
    "back": f"{_OWN}:back",
    "palette": f"{_OWN}:open_palette",
    "help": f"{_OWN}:open_help",
    "theme": f"{_OWN}:next_theme",
    "quit": f"{_OWN}:quit_program",
    "tab": f"{_OWN}:go_to_tab",
    "logs": f"{_LOGS}:follow",
    "previous": f"{_LOGS}:previous",
    "logs.environment": f"{_LOGS}:environment",
    "logs.widen": f"{_LOGS}:widen",
    "logs.since": f"{_LOGS}:since",
    "logs.jump": f"{_LOGS}:jump",
    "logs.highlight": f"{_LOGS}:highlight",
    "logs.next": f"{_LOGS}:next_match",
    "logs.before": f"{_LOGS}:match_before",
    "logs.timestamps": f"{_LOGS}:timestamps",
    "logs.wrap": f"{_LOGS}:wrap",
    "logs.raw": f"{_LOGS}:raw",
    "logs.save": f"{_LOGS}:save",
    "logs.write": f"{_LOGS}:write_on",
    "logs.left": f"{_LOGS}:left",
    "logs.right": f"{_LOGS}:right",
    "shell": "veza_tui.tui.shell:shell",
    "forward": f"{_FORWARDS}:forward",
    "forwards": f"{_FORWARDS}:open_forwards",
    "forward.new": f"{_FORWARDS}:forward",
    "forward.end": f"{_FORWARDS}:end",
    "forward.extend": f"{_FORWARDS}:extend",
    "deploy": f"{_OPERATE}:deploy",
    "undo": f"{_OPERATE}:undo_rollout",
    "restart": f"{_TOUCH}:restart",
    "scale": f"{_TOUCH}:scale",
    "set_image": f"{_TOUCH}:set_image",
    "pause": f"{_TOUCH}:pause",
    "resume": f"{_TOUCH}:resume",
    "promote": f"{_TOUCH}:promote",
    "switch_back": f"{_OPERATE}:switch_back",
    "backup": f"{_OPERATE}:backup",
    "restore": f"{_RESTORE}:restore",
    "catalogue": f"{_RESTORE}:open_catalogue",
    "backup.verify": f"{_RESTORE}:verify",
    "backup.hold": f"{_RESTORE}:hold",
    "restore.switch": f"{_RESTORE}:switch",
    "undo_restore": f"{_OPERATE}:undo_restore",
    "proof": f"{_RESTORE}:open_proof",
    "describe": f"{_INSPECT}:describe",
    "yaml": f"{_INSPECT}:yaml",
    "yaml.managed": f"{_INSPECT}:toggle_managed",
    "yaml.reveal": f"{_INSPECT}:reveal",
    "events": f"{_INSPECT}:events",
    "owners": f"{_INSPECT}:owners",
    "health": f"{_INSPECT}:health",
    "compare": f"{_INSPECT}:compare",
    "compare.drift": f"{_INSPECT}:toggle_drift",
    "operations": f"{_OPERATE}:open_operations",
    "pipeline": f"{_DELIVER}:open_pipeline",
    "pipeline.run": f"{_DELIVER}:run_pipeline",
    "pipeline.retry": f"{_DELIVER}:retry_pipeline",
    "releases": f"{_DELIVER}:open_releases",
    "release.mark": f"{_DELIVER}:mark_release",
    "release.back": f"{_DELIVER}:back_to_release",
    "approvals": f"{_DELIVER}:open_approvals",
    "approval.deny": f"{_DELIVER}:deny",
    "operation.cancel": f"{_OPERATE}:cancel",
    "operation.resume": f"{_OPERATE}:resume_operation",
    "operation.undo": f"{_OPERATE}:undo_operation",
}
if os.environ.get("VEZA_DEMO_CONTROL"):
    # Whoever opened the screen offers exercises on a control socket.
    HANDLERS["exercises"] = f"{_OWN}:open_exercises"


def register(action: str, target: str) -> None:
    """Have ``target`` (``module:function``) handle an action of the table.

    Raises:
        ValueError: the action is handled by something else already.
    """
    if HANDLERS.setdefault(action, target) != target:
        raise ValueError(f"action {action} is handled by {HANDLERS[action]} already")


def handled(action: str) -> bool:
    """Whether the action does something."""
    return action in HANDLERS


def handler(action: str) -> Handler:
    """The function behind an action; imports its module.

    Raises:
        KeyError: nobody handles it.
    """
    module, _, name = HANDLERS[action].partition(":")
    function: Handler = getattr(importlib.import_module(module), name)
    return function


def available() -> tuple[Action, ...]:
    """The actions of the table that somebody handles, in its order."""
    return tuple(action for action in table() if handled(action.id))
