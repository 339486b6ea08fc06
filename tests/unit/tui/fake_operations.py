"""The operations service as the screens see it, with an application on it; nothing runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from textual.pilot import Pilot

from tests.tools.screen import shown, until, until_shown
from tests.tools.synthetic import FixedClock, NoOperations, three
from veza_tui.model.environment import Resources, Service
from veza_tui.model.errors import VezaError
from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.model.plan import Change, Plan, Step, Target
from veza_tui.model.release import Release, images_of
from veza_tui.operations.approval import Ask
from veza_tui.operations.confirm import Tier
from veza_tui.operations.service import Preview
from veza_tui.operations.who import Person
from veza_tui.tui.app import VezaApp
from veza_tui.tui.dialogs.confirm import ConfirmScreen

NOW = 1_700_000_000.0
STEPS = (Step("apply", "Apply everything", "deploy.apply", {}), Step("wait", "Wait for pods", "deploy.rollout", {}))
PLAN = Plan(
    "deploy", Target("production", "veza-production", "https://k", "uid"), "Deploy production", STEPS,
    changes=(Change("Deployment/backend-api", "spec.replicas", "3", "5"),),
    notes=("Expected outage: none.",),
)  # fmt: skip


def ask(number: int, title: str = "Deploy production", *, left: float = 1200.0) -> Ask:
    plan = replace(PLAN, title=title)
    person = Person("alice", 1001, "ops1")
    return Ask(f"20231114t22132{number}000-abcde{number}", plan.to_json(), plan.hash, person, 1, NOW - 60, NOW + left,
               "release 1.5")  # fmt: skip


def release(number: int, tag: str, *, good: bool = True, kind: str = "deploy", **spec: Any) -> Release:
    container = {"name": "api", "image": f"veza/api:{tag}"}
    deployment = {
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": {**spec, "template": {"spec": {"containers": [container]}}},
    }
    secret = {"kind": "Secret", "metadata": {"name": "keys"}, "data": {"k": f"aGlkZGVu{number}"}}
    objects = (deployment, secret)
    return Release(number, NOW - 3600 * (10 - number), f"user{number}", f"why {number}", f"op{number}",
                   images_of(objects), f"d{number}", good, kind, objects=objects)  # fmt: skip


SERVICES = tuple(
    Service(name.replace("-", "_"), name, 8080, 2, Resources("1", "1Gi"), deployment=name)
    for name in ("backend-api", "chat-server", "stream-server")
)
RELEASES = [
    release(3, "v1.5.0", good=False, replicas=4),
    release(2, "v1.4.9", replicas=4),
    release(1, "v1.4.2", replicas=2),
]


def status(state: OperationState, kind: str = "deploy", **more: Any) -> OperationStatus:
    steps = (StepStatus("apply", "Apply everything", StepState.DONE, NOW - 9, NOW - 5),)
    return OperationStatus(f"op-{kind}-{state}", kind, "staging", state, "alice", f"{kind} staging", NOW - 10,
                           NOW if state.ended else None, steps, **more)  # fmt: skip


class Operations(NoOperations):
    """The service as the screens see it; nothing runs."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.words: list[tuple[str, bool]] = []
        self.releases: list[Release] = list(RELEASES)
        self.past: list[OperationStatus] = []
        self.planned: list[str] = []
        self.started: list[str] = []
        self.resumed: list[str] = []
        self.undone: list[str] = []
        self.denied: list[str] = []
        self.refusal = ""
        self.cancelled: list[bool] = []
        self.error: VezaError | None = None
        self.world = self
        self.store = self
        self.approvers = 0
        self.reasons: list[str] = []
        self.read: list[str] = []

    read_only = False

    def environment(self, name: str) -> Any:
        return next(e for e in three(FixedClock(NOW)).environments() if e.name == name)

    async def waiting(self) -> list[Ask]:
        if self.error is not None:
            raise self.error
        return self.asks

    async def approve(self, asked: Ask, *, yes: bool) -> None:
        if self.error is not None:
            raise self.error
        self.words.append((asked.id, yes))
        self.asks.remove(asked)

    async def with_context(self, environment: str, look: Callable[[Any], Awaitable[Any]], **_: Any) -> Any:
        if self.error is not None:
            raise self.error
        return self.releases

    def history(self, environment: str = "", limit: int | None = None) -> list[OperationStatus]:
        return self.past[:limit]

    def show(self, operation: str) -> OperationStatus:
        self.read.append(operation)
        return next(found for found in self.past if found.id == operation)

    async def watch(self, operation: str) -> AsyncIterator[OperationStatus]:
        for found in self.past:
            if found.id == operation:
                yield found

    async def plan(self, environment: str, planner: Any, **_: Any) -> Preview:
        # What a planner closes over is what was chosen on the screen.
        cells = {c: v.cell_contents for c, v in zip(planner.__code__.co_freevars, planner.__closure__, strict=True)}
        self.planned.append(f"{environment} {planner.__qualname__.split('.')[0]} {sorted(cells.items(), key=str)}")
        return Preview(PLAN, self.environment(environment), Tier.TYPE, environment, (), "", self.approvers)

    async def start(self, preview: Preview, *, confirmed: str, reason: str = "", **_: Any) -> str:
        self.started.append(confirmed)
        self.reasons.append(reason)
        return "op-deploy-running"

    def find(self, operation: str) -> SimpleNamespace:
        found = self.show(operation)
        return SimpleNamespace(plan=lambda: replace(PLAN, title=found.title))

    async def preview(self, plan: Plan) -> Preview:
        return Preview(plan, self.environment("staging"), Tier.TYPE, "staging", (), self.refusal, 0)

    async def deny(self, plan: Plan, why: str) -> None:
        self.denied.append(why)

    async def resume(self, operation: str) -> str:
        self.resumed.append(operation)
        return operation

    async def undo(self, operation: str) -> str:
        self.undone.append(operation)
        return operation

    def cancel(self, operation: str, *, force: bool = False) -> None:
        self.cancelled.append(force)


@asynccontextmanager
async def at(
    operations: Operations, *keys: str, size: tuple[int, int] = (80, 24), tab: str = "3"
) -> AsyncIterator[tuple[VezaApp, Pilot[int]]]:
    """An application on its tab number ``tab``, then ``keys``."""
    services = three(FixedClock(NOW), incident=False)
    services._environments = [replace(e, services=SERVICES) for e in services.environments()]
    services._services["operations"] = operations
    app = VezaApp(services)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: bool(app.tabs))
        await pilot.press(tab)
        await until_shown(pilot, app, "PODS")
        await pilot.press(*keys)
        yield app, pilot


async def asked(pilot: Pilot[int], app: VezaApp) -> str:
    await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.answers_since is not None)
    return shown(app)
