"""THE table of actions: bindings, footer hints, command palette, `?` help and the README's key table come from it.

An action is shown only when the registry has a handler for it, so nothing is listed that does not work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from veza_tui.tui.situation import Situation as Situation
from veza_tui.tui.situation import (
    needs_backup,
    needs_choice,
    needs_environment,
    needs_forward,
    needs_idle_pipeline,
    needs_live,
    needs_live_object,
    needs_live_pod,
    needs_live_write,
    needs_operation,
    needs_proof,
    needs_release,
    needs_resumable,
    needs_rollback,
    needs_running,
    needs_secret,
    needs_selection,
    needs_shell,
    needs_switch,
    needs_undoable,
)


class Where(StrEnum):
    """Where an action applies."""

    EVERYWHERE = "everywhere"
    OVERVIEW = "overview"
    """An environment's overview."""
    POD = "pod"
    """A pod: under the overview's cursor, or on a screen that is about one."""
    LIST = "list"
    """Anything with a cursor or a scroll position."""


class Group(StrEnum):
    """Headings of the help."""

    ENVIRONMENT = "Environments"
    POD = "Pod"
    LOGS = "Logs"
    OPERATE = "Operate"
    MOVE = "Move"
    PROGRAM = "Program"


Enabled = Callable[[Situation], str | None]
"""The reason why not, in a few words, or None."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action; ``keys`` are Textual's key names, ``shown`` is the key as people write it."""

    id: str
    keys: tuple[str, ...]
    shown: str
    title: str
    """One line of help, and the palette's entry."""
    hint: str
    """One or two words in the footer; empty for none."""
    where: Where
    group: Group
    enabled: Enabled = lambda _: None
    palette: bool = True
    rank: int = 50
    """Order of the footer's hints; the highest are the first to go when it is narrow."""
    screens: tuple[str, ...] = ()
    """Only on these screens; empty for every one on which ``where`` applies."""


_OVER, _POD, _ALL, _LIST = Where.OVERVIEW, Where.POD, Where.EVERYWHERE, Where.LIST
_ENV, _PODS, _OPS, _MOVE, _PROG = Group.ENVIRONMENT, Group.POD, Group.OPERATE, Group.MOVE, Group.PROGRAM
_LOGS, _LOG_SCREEN = Group.LOGS, ("logs",)

ACTIONS: tuple[Action, ...] = (
    Action("tab", tuple("123456789"), "1-9", "Go to an environment", "", _ALL, _ENV, palette=False),
    Action("tab.next", ("tab",), "tab", "Next environment", "", _OVER, _ENV, palette=False),
    Action("tab.previous", ("shift+tab",), "shift-tab", "Previous environment", "", _OVER, _ENV, palette=False),
    Action("filter", ("slash",), "/", "Filter the rows", "filter", _LIST, _ENV, rank=70),
    Action("sort.next", ("greater_than_sign",), ">", "Sort: next column", "", _OVER, _ENV),
    Action("sort.previous", ("less_than_sign",), "<", "Sort: column before", "", _OVER, _ENV),
    Action("sort.reverse", ("I,shift+i",), "I", "Sort: other way round", "", _OVER, _ENV),
    Action("refresh", ("ctrl+r",), "ctrl-r", "Ask the cluster again, now", "", _ALL, _ENV),
    Action("open", ("enter",), "enter", "Open what is selected", "open", _LIST, _PODS, needs_selection,
           palette=False, rank=15),
    Action("logs", ("l",), "l", "Follow the pod's logs", "logs", _POD, _PODS, needs_live_pod, rank=10),
    Action("previous", ("p",), "p", "Logs before the restart", "previous", _POD, _PODS,
           needs_live_pod, rank=11),
    Action("logs.environment", ("L,shift+l",), "L", "Logs of the environment", "", _OVER, _PODS,
           needs_live),
    Action("logs.widen", ("a",), "a", "Pod, its service, the environment", "wider", _ALL, _LOGS, rank=2,
           screens=_LOG_SCREEN),
    Action("logs.since", ("S,shift+s",), "S", "Read from another time, or more lines", "since", _ALL, _LOGS, rank=3,
           screens=_LOG_SCREEN),
    Action("logs.jump", ("at",), "@", "Go to a time", "time", _ALL, _LOGS, rank=7, screens=_LOG_SCREEN),
    Action("logs.highlight", ("h",), "h", "Highlight what matches", "highlight", _ALL, _LOGS, rank=4,
           screens=_LOG_SCREEN),
    Action("logs.next", ("n",), "n", "Next match", "", _ALL, _LOGS, screens=_LOG_SCREEN),
    Action("logs.before", ("N,shift+n",), "N", "Match before", "", _ALL, _LOGS, screens=_LOG_SCREEN),
    Action("logs.timestamps", ("t",), "t", "Time of each line on or off", "times", _ALL, _LOGS, rank=5,
           screens=_LOG_SCREEN),
    Action("logs.wrap", ("z",), "z", "Wrap long lines, or not", "wrap", _ALL, _LOGS, rank=6, screens=_LOG_SCREEN),
    Action("logs.raw", ("r",), "r", "JSON readable, or raw lines", "raw", _ALL, _LOGS, rank=8, screens=_LOG_SCREEN),
    Action("logs.save", ("w",), "w", "Save what is buffered to a file", "save", _ALL, _LOGS, rank=9,
           screens=_LOG_SCREEN),
    Action("logs.write", ("W,shift+w",), "W", "Keep writing to a file; again: stop", "", _ALL, _LOGS,
           screens=_LOG_SCREEN),
    Action("logs.left", ("left",), "left", "To the left", "", _ALL, _LOGS, screens=_LOG_SCREEN, palette=False),
    Action("logs.right", ("right",), "right", "To the right", "", _ALL, _LOGS, screens=_LOG_SCREEN, palette=False),
    Action("describe", ("d",), "d", "Describe the pod, or what is selected", "describe", _POD, _PODS,
           needs_live_object, rank=20),
    Action("yaml", ("y",), "y", "Show the object as YAML", "yaml", _POD, _PODS, needs_live_object, rank=60),
    Action("yaml.managed", ("m",), "m", "YAML: unfold managedFields, or fold them", "managed", _ALL, _PODS, rank=16,
           screens=("yaml",)),
    Action("yaml.reveal", ("x",), "x", "YAML: show a Secret's values (audited), or hide them", "reveal", _ALL, _PODS,
           needs_secret, rank=17, screens=("yaml",)),
    Action("events", ("e",), "e", "Events, warnings first", "events", _OVER, _PODS, needs_live, rank=61),
    Action("owners", ("o",), "o", "Owner tree: deployments, revisions, pods, their use", "owners", _OVER, _PODS,
           needs_environment, rank=62),
    Action("health", ("H,shift+h",), "H", "Health: each check, its history and vitals", "health", _OVER, _PODS,
           needs_environment, rank=63),
    Action("shell", ("s",), "s", "Shell in the container", "shell", _POD, _PODS, needs_shell, rank=21),
    Action("forward", ("F,shift+f",), "F", "Forward a port to here", "forward", _POD, _PODS,
           needs_forward, rank=22),
    Action("forwards", ("f",), "f", "Open port forwards", "", _ALL, _PODS),
    Action("forward.new", ("n",), "n", "Start a forward", "new", _ALL, _PODS, needs_live, rank=12,
           screens=("forwards",)),
    Action("forward.end", ("x",), "x", "End the forward; again: take it off the list", "end", _ALL, _PODS, needs_choice,
           rank=13, screens=("forwards",)),
    Action("forward.extend", ("plus",), "+", "Set when the forward ends by itself", "ends", _ALL, _PODS, needs_choice,
           rank=14, screens=("forwards",)),
    Action("copy", ("c",), "c", "Copy the name, or the text", "", _ALL, _PODS),
    Action("deploy", ("D,shift+d",), "D", "Deploy: plan, confirm, run", "deploy", _OVER, _OPS, needs_live_write,
           rank=30),
    Action("undo", ("u",), "u", "Undo the last rollout", "undo rollout", _OVER, _OPS, needs_rollback, rank=33),
    Action("backup", ("B,shift+b",), "B", "Back up the database", "backup", _OVER, _OPS, needs_backup,
           rank=31),
    Action("restore", ("R,shift+r",), "R", "Restore a backup", "restore", _OVER, _OPS, needs_operation, rank=32),
    Action("catalogue", ("b",), "b", "Backups: the catalogue, proofs and holds", "", _OVER, _OPS, needs_environment),
    Action("backup.verify", ("v",), "v", "Prove the backup by a load into a scratch database", "prove", _ALL, _OPS,
           needs_choice, rank=20, screens=("catalogue",)),
    Action("backup.hold", ("h",), "h", "Hold the backup against prune, or let it go", "hold", _ALL, _OPS, needs_choice,
           rank=21, screens=("catalogue",)),
    Action("restore.switch", ("space",), "space", "Switch the line on or off", "switch", _ALL, _OPS, needs_switch,
           palette=False, rank=16, screens=("restore",)),
    Action("compare", ("equals_sign",), "=", "Compare the environments, differences first", "compare", _OVER, _OPS,
           needs_environment, rank=64),
    Action("compare.drift", ("t",), "t", "Drift: environment file, manifests, live", "drift", _ALL, _OPS,
           needs_environment, rank=16, screens=("compare",)),
    Action("restart", ("T,shift+t",), "T", "Restart a service or all, one pod after another", "", _OVER, _OPS,
           needs_live_write),
    Action("scale", ("S,shift+s",), "S", "Scale a service or all", "", _OVER, _OPS, needs_live_write),
    Action("set_image", ("M,shift+m",), "M", "Set the image: a service or all", "", _OVER, _OPS, needs_live_write),
    Action("pause", ("Z,shift+z",), "Z", "Pause rollouts, one or all", "", _OVER, _OPS, needs_live_write),
    Action("resume", ("W,shift+w",), "W", "Resume paused rollouts", "", _OVER, _OPS, needs_live_write),
    Action("promote", (), "", "Promote: the images of another environment to this one", "", _OVER, _OPS,
           needs_live_write),
    Action("switch_back", ("X,shift+x",), "X", "Blue-green: back to old pods", "", _OVER, _OPS,
           needs_live_write),
    Action("undo_restore", ("U,shift+u",), "U", "Undo the last restore: swap the database before it back", "", _OVER,
           _OPS, needs_operation),
    Action("proof", ("P,shift+p",), "P", "Proof: each table then, before and now; digests; what is not proven", "proof",
           _ALL, _OPS, needs_proof, rank=17, screens=("catalogue", "operation")),
    Action("operation.cancel", ("x",), "x", "Cancel the operation at its next safe point; again: force", "cancel",
           _ALL, _OPS, needs_running, rank=12, screens=("operation", "pipeline")),
    Action("operation.resume", ("r",), "r", "Resume an interrupted operation", "resume", _ALL, _OPS, needs_resumable,
           rank=13, screens=("operation",)),
    Action("operation.undo", ("u",), "u", "Take an operation back", "take back", _ALL, _OPS, needs_undoable, rank=14,
           screens=("operation",)),
    Action("pipeline", ("P,shift+p",), "P", "Pipeline: stages, steps, output", "pipeline", _OVER, _OPS,
           needs_environment, rank=66),
    Action("pipeline.run", ("n",), "n", "Run the pipeline", "run", _ALL, _OPS, needs_idle_pipeline, rank=12,
           screens=("pipeline",)),
    Action("pipeline.retry", ("r",), "r", "Run the pipeline from the chosen step on", "from this step", _ALL, _OPS,
           needs_idle_pipeline, rank=13, screens=("pipeline",)),
    Action("releases", ("v",), "v", "Releases: who, when, why, images, what changed", "releases", _OVER, _OPS,
           needs_environment, rank=67),
    Action("release.mark", ("space",), "space", "Compare with this release; again: with the one before", "compare with",
           _ALL, _OPS, needs_choice, palette=False, rank=13, screens=("releases",)),
    Action("release.back", ("u",), "u", "Roll back to the chosen release", "roll back to it", _ALL, _OPS,
           needs_release, rank=12, screens=("releases",)),
    Action("approval.deny", ("x",), "x", "Deny what is asked for", "deny", _ALL, _OPS, needs_choice, rank=16,
           screens=("approvals",)),
    Action("operations", ("O,shift+o",), "O", "Operations: running and past", "", _ALL, _OPS),
    Action("approvals", ("A,shift+a",), "A", "Approvals that are asked for", "", _ALL, _OPS),
    Action("cursor.down", ("j", "down"), "j", "Down", "", _LIST, _MOVE, palette=False),
    Action("cursor.up", ("k", "up"), "k", "Up", "", _LIST, _MOVE, palette=False),
    Action("cursor.first", ("g", "home"), "g", "First", "", _LIST, _MOVE, palette=False),
    Action("cursor.last", ("G,shift+g", "end"), "G", "Last", "", _LIST, _MOVE, palette=False),
    Action("cursor.forward", ("ctrl+d", "pagedown"), "ctrl-d", "A page down", "", _LIST, _MOVE, palette=False),
    Action("cursor.back", ("ctrl+u", "pageup"), "ctrl-u", "A page up", "", _LIST, _MOVE, palette=False),
    Action("back", ("escape",), "esc", "Back; clear the filter", "back", _ALL, _MOVE, palette=False, rank=90),
    Action("palette", ("colon", "ctrl+p"), ":", "Command palette", "command", _ALL, _PROG, palette=False, rank=80),
    Action("help", ("question_mark", "f1"), "?", "This help", "help", _ALL, _PROG, rank=1),
    Action("theme", (), "", "Theme: next", "", _ALL, _PROG),
    Action("exercises", ("x",), "x", "Exercises: incidents", "", _ALL, _PROG),
    Action("quit", ("q", "ctrl+c"), "q", "Quit", "", _ALL, _PROG),
)  # fmt: skip

OFFERED = frozenset(("open", "filter"))
"""Actions that a screen has only when it says so."""

LOOKS = frozenset(("events", "owners", "health", "compare"))
"""Screens, and the actions that open them: from each of them to the others."""

ABOUT_ANY = frozenset(("describe", "yaml"))
"""Actions about a pod that other objects have too."""

BY_ID = {action.id: action for action in ACTIONS}

_held: tuple[Action, ...] = ACTIONS
_held_by_id = BY_ID


def use_table(actions: Sequence[Action]) -> None:
    """Hold another table from now on: the same actions with the keys of a person's key map."""
    global _held, _held_by_id
    _held = tuple(actions)
    _held_by_id = {action.id: action for action in _held}


def table() -> tuple[Action, ...]:
    """The actions with the keys that hold: ACTIONS, or what a key map made of it."""
    return _held


def by_id(action: str) -> Action:
    """An action with the keys that hold; KeyError when there is none."""
    return _held_by_id[action]


def applies(action: Action, at: Situation) -> bool:
    """Whether the action belongs to the screen in front (not whether it is possible there)."""
    if action.id in OFFERED:
        return action.id in at.offers
    if action.screens:
        return at.screen in action.screens
    if action.where is Where.OVERVIEW:
        return at.screen == "overview" or (action.id in LOOKS and at.screen in LOOKS)
    if action.where is Where.POD:
        return at.screen == "overview" or at.pod is not None or (at.ref is not None and action.id in ABOUT_ANY)
    return True
