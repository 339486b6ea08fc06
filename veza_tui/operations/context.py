"""What a step is given, and the registry that turns a plan's action names into functions."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from veza_tui.model.environment import Environment
from veza_tui.model.plan import Plan, Step
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster

Result = dict[str, Any]
"""What a step leaves for later steps and for the record: JSON, no secret values."""


class Reporter(Protocol):
    """How a step speaks: every call appends to the journal (output and progress without fsync)."""

    def progress(self, fraction: float | None, detail: str = "", **data: Any) -> None:
        """Where it stands; ``fraction`` 0..1 or None when unknown. Coalesced to a few a second."""
        ...

    def output(self, line: str) -> None:
        """One line of output (made printable)."""
        ...

    def note(self, text: str, **data: Any) -> None:
        """A fact worth keeping with the operation: a checkpoint inside the step, fsync'd."""
        ...


class Context(Protocol):
    """The world as one step of one operation sees it."""

    plan: Plan
    environment: Environment
    operation_id: str
    report: Reporter
    clock: Clock
    evidence: Any
    """pathlib.Path of the operation's own directory, mode 0700: logs, diffs, events of failed pods."""
    workspace: Any
    """veza_tui.workspace.load.Workspace."""

    @property
    def cluster(self) -> Cluster:
        """The environment's cluster; connected on first use."""
        ...

    def service(self, name: str) -> Any:
        """Another port by name, as wiring registered it (``database``, ``cache_probe``, ``storage`` ...)."""
        ...

    def result(self, step_id: str) -> Result:
        """What an earlier step of this operation returned (also before a resume); {} when it has not run."""
        ...

    def notes(self, step_id: str) -> list[Result]:
        """Checkpoints that this step wrote in an earlier, interrupted attempt."""
        ...

    def cancelled(self) -> bool:
        """Whether a cancel was asked; a long step may stop early at a safe point of its own by raising Cancelled."""
        ...

    def forced(self) -> bool:
        """Whether the second cancel was asked."""
        ...


class Cancelled(Exception):
    """Raised by a step that stopped at a safe point because a cancel was asked."""


Action = Callable[[Context, Step], Awaitable[Result | None]]

_ACTIONS: dict[str, Action] = {}

# Modules that register actions; imported when the first action is looked up.
ACTION_MODULES: list[str] = []


def action(name: str) -> Callable[[Action], Action]:
    """Register a step's function under the name that plans use, for example ``@action("deploy.apply")``.

    Actions are idempotent: after a crash the interrupted step is run again from its start.
    """

    def register(function: Action) -> Action:
        if name in _ACTIONS and _ACTIONS[name] is not function:
            raise ValueError(f"action {name} is registered twice")
        _ACTIONS[name] = function
        return function

    return register


def find_action(name: str) -> Action:
    """The function of an action.

    Raises:
        KeyError: no module registers it (a plan from another version).
    """
    if name not in _ACTIONS:
        for module in ACTION_MODULES:
            importlib.import_module(module)
    return _ACTIONS[name]


def actions() -> Mapping[str, Action]:
    """Every registered action."""
    for module in ACTION_MODULES:
        importlib.import_module(module)
    return dict(_ACTIONS)
