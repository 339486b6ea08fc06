"""What a step is given, and the registry that turns a plan's action names into functions."""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from veza_tui.model.environment import Environment
from veza_tui.model.plan import Plan, Step, Target
from veza_tui.model.view import Identity
from veza_tui.ports.clock import Clock
from veza_tui.ports.cluster import Cluster

if TYPE_CHECKING:
    from veza_tui.operations.world import World

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
    who: str
    """Who started it, user@host."""
    reason: str
    """Why, as the starter said."""
    report: Reporter
    clock: Clock
    evidence: Any
    """pathlib.Path of the operation's own directory, mode 0700: logs, diffs, events of failed pods."""
    workspace: Any
    """veza_tui.workspace.load.Workspace."""
    directory: Any
    """pathlib.Path of the workspace, absolute."""

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

    def left(self) -> float:
        """Seconds until the operation is cut off for taking too long; infinite without a timeout."""
        ...


class Cancelled(Exception):
    """Raised by a step that stopped at a safe point because a cancel was asked."""


@dataclass(frozen=True, slots=True)
class PlanContext:
    """What a planner may look at; it reads and never writes. ``target`` goes into the Plan as it is.

    Add the database to it with ``dataclasses.replace(context.target, database="host:port/name")``.
    """

    world: World
    environment: Environment
    cluster: Cluster
    identity: Identity
    target: Target
    clock: Clock
    workspace: Any
    """veza_tui.workspace.load.Workspace."""
    directory: Any
    """pathlib.Path of ``$XDG_STATE_HOME/veza-tui``."""

    def service(self, name: str) -> Any:
        """Another port by name, as wiring registered it."""
        return self.world.service(self.environment, name)


Planner = Callable[[PlanContext], Awaitable[Plan]]
"""Makes a plan: reads the world, then calls a pure function."""

Action = Callable[[Context, Step], Awaitable[Result | None]]
Verifier = Callable[[Context, Sequence[str]], Awaitable[Mapping[str, str]]]
"""Recomputes the digests of the fingerprint keys it is given; a key it leaves out counts as gone."""

_ACTIONS: dict[str, Action] = {}
_VERIFIERS: dict[str, Verifier] = {}
_NO_RETRY: set[str] = set()
_STOPS: set[str] = set()

# Modules that register actions; imported when the first action is looked up.
ACTION_MODULES: list[str] = [
    "veza_tui.operations.fingerprint",
    "veza_tui.operations.deploy.steps",
    "veza_tui.operations.deploy.touch",
    "veza_tui.operations.deploy.bluegreen",
    "veza_tui.operations.deploy.kept",
    "veza_tui.operations.deploy.switchback",
    "veza_tui.operations.deploy.revisions",
    "veza_tui.operations.backup.steps",
    "veza_tui.operations.backup.job",
    "veza_tui.operations.restore.plan",
    "veza_tui.operations.restore.database",
    "veza_tui.operations.restore.live",
    "veza_tui.operations.restore.files",
    "veza_tui.operations.restore.services",
    "veza_tui.operations.pipeline.steps",
    "veza_tui.operations.pipeline.probe",
    "veza_tui.operations.pipeline.scan",
    "veza_tui.operations.pipeline.manifests",
]

# Where to look first: the runner of a switch back need not import what a restore is made of.
_LIKELY: dict[str, tuple[str, ...]] = {
    "object": ("veza_tui.operations.fingerprint",),
    "file": ("veza_tui.operations.fingerprint",),
    "deploy": ("veza_tui.operations.deploy.steps", "veza_tui.operations.deploy.touch"),
    "bluegreen": (
        "veza_tui.operations.deploy.switchback",
        "veza_tui.operations.deploy.kept",
        "veza_tui.operations.deploy.bluegreen",
    ),
}


def _modules(prefix: str) -> Iterator[str]:
    likely = _LIKELY.get(prefix, ())
    yield from likely
    yield from (module for module in ACTION_MODULES if module not in likely)


def action(name: str, *, retry: bool = True, stops: bool = False) -> Callable[[Action], Action]:
    """Register a step's function under the name that plans use, for example ``@action("deploy.apply")``.

    Actions are idempotent: after a crash the interrupted step is run again from its start. The engine also runs one
    again (a few times, with back-off) when a transient cluster error ends it, unless ``retry`` is False. ``stops``: it
    looks at ``Context.cancelled`` all the while and ends at once.
    """

    def register(function: Action) -> Action:
        if name in _ACTIONS and _ACTIONS[name] is not function:
            raise ValueError(f"action {name} is registered twice")
        _ACTIONS[name] = function
        if not retry:
            _NO_RETRY.add(name)
        if stops:
            _STOPS.add(name)
        return function

    return register


def may_retry(name: str) -> bool:
    """Whether the engine may run the action again after a transient cluster error."""
    return name not in _NO_RETRY


def stops_at_once(name: str) -> bool:
    """Whether a cancel ends the action in its middle."""
    return name in _STOPS


def verifier(prefix: str) -> Callable[[Verifier], Verifier]:
    """Register who recomputes fingerprint entries whose key starts with ``prefix:`` (see operations.fingerprint)."""

    def register(function: Verifier) -> Verifier:
        if prefix in _VERIFIERS and _VERIFIERS[prefix] is not function:
            raise ValueError(f"verifier {prefix} is registered twice")
        _VERIFIERS[prefix] = function
        return function

    return register


def find_verifier(prefix: str) -> Verifier | None:
    """The verifier of a key's prefix, None when no module registers one."""
    for module in _modules(prefix):
        if prefix in _VERIFIERS:
            break
        importlib.import_module(module)
    return _VERIFIERS.get(prefix)


def find_action(name: str) -> Action:
    """The function of an action.

    Raises:
        KeyError: no module registers it (a plan from another version).
    """
    for module in _modules(name.partition(".")[0]):
        if name in _ACTIONS:
            break
        importlib.import_module(module)
    return _ACTIONS[name]


def actions() -> Mapping[str, Action]:
    """Every registered action."""
    for module in ACTION_MODULES:
        importlib.import_module(module)
    return dict(_ACTIONS)
