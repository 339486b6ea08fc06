"""Approvals, releases, history, an operation's page and the keys that touch services, driven by keys alone."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Button

from tests.tools.screen import foot, shown, until, until_shown
from tests.tools.synthetic import FixedClock, three
from veza_tui.model.environment import Resources, Service
from veza_tui.model.errors import RefusedError, VezaError
from veza_tui.model.journal import OperationState, OperationStatus, StepState, StepStatus
from veza_tui.model.plan import Change, Plan, Step, Target
from veza_tui.model.release import Release, images_of
from veza_tui.operations.approval import Ask
from veza_tui.operations.confirm import Tier
from veza_tui.operations.deploy.compare import compare_releases
from veza_tui.operations.service import Preview
from veza_tui.operations.who import Person
from veza_tui.tui.app import VezaApp
from veza_tui.tui.dialogs.confirm import ConfirmScreen
from veza_tui.tui.dialogs.pick import PickScreen
from veza_tui.tui.screens.approvals import ApprovalsScreen
from veza_tui.tui.screens.operation import OperationScreen

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


class Operations:
    """The service as the screens see it; nothing runs."""

    def __init__(self) -> None:
        self.asks: list[Ask] = []
        self.words: list[tuple[str, bool]] = []
        self.releases: list[Release] = list(RELEASES)
        self.past: list[OperationStatus] = []
        self.planned: list[str] = []
        self.started: list[str] = []
        self.resumed: list[str] = []
        self.cancelled: list[bool] = []
        self.error: VezaError | None = None
        self.world = self
        self.approvers = 0
        self.reasons: list[str] = []

    read_only = False

    def environment(self, name: str) -> Any:
        return next(e for e in three(FixedClock(NOW)).environments() if e.name == name)

    async def missing(self, environment: str, needs: Sequence[Any]) -> tuple[Any, ...]:
        return ()

    def interrupted(self) -> list[Any]:
        return []

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

    def history(self, environment: str = "") -> list[OperationStatus]:
        return self.past

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

    async def resume(self, operation: str) -> str:
        self.resumed.append(operation)
        return operation

    def cancel(self, operation: str, *, force: bool = False) -> None:
        self.cancelled.append(force)


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VEZA_THEME", "dark")
    monkeypatch.setattr(ConfirmScreen, "settle", 0.0)
    monkeypatch.setattr(PickScreen, "settle", 0.0)


@asynccontextmanager
async def at(
    operations: Operations, *keys: str, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[VezaApp, Pilot[int]]]:
    services = three(FixedClock(NOW), incident=False)
    services._environments = [replace(e, services=SERVICES) for e in services.environments()]
    services._services["operations"] = operations
    app = VezaApp(services)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: bool(app.tabs))
        await pilot.press("3")
        await until_shown(pilot, app, "PODS")
        await pilot.press(*keys)
        yield app, pilot


async def asked(pilot: Pilot[int], app: VezaApp) -> str:
    await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.answers_since is not None)
    return shown(app)


# --- approvals ---------------------------------------------------------------------------------------------------


async def test_an_approval_is_given_from_its_plan() -> None:
    operations = Operations()
    operations.asks = [ask(1), ask(2, "Restore staging", left=120)]
    async with at(operations, "A") as (app, pilot):
        text = await until_shown(pilot, app, "Deploy production", "Restore staging")
        for word in ("WHAT", "ASKED BY", "alice@ops1", "20 min", "release 1.5", "x deny", "enter open"):
            assert word in text, word
        await pilot.press("j", "k", "enter")
        text = await asked(pilot, app)
        for word in ("Approve: Deploy production", "alice@ops1", "release 1.5", PLAN.hash[:12], "+ 5", "1. Apply"):
            assert word in text or word in ("1. Apply",), word
        assert isinstance(app.focused, Button) and app.focused.id == "no"
        await pilot.press("y")
        await until(pilot, lambda: operations.words == [(ask(1).id, True)])
        text = await until_shown(pilot, app, "Restore staging")
        await until(pilot, lambda: "alice@ops1" not in shown(app).splitlines()[5])


async def test_an_approval_is_denied_and_a_refusal_is_told() -> None:
    operations = Operations()
    operations.asks = [ask(1)]
    async with at(operations, "A") as (app, pilot):
        await until_shown(pilot, app, "Deploy production")
        await pilot.press("x")
        assert "Deny: Deploy production" in await asked(pilot, app)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ApprovalsScreen))
        assert operations.words == []
        await pilot.press("x")
        await asked(pilot, app)
        await pilot.press("y")
        await until(pilot, lambda: operations.words == [(ask(1).id, False)])
        await until_shown(pilot, app, "Nothing waits for an approval.")
        assert "x deny" not in foot(app) and "open" not in foot(app), "nothing is there to act on"


async def test_ones_own_is_refused_in_words_and_the_list_stays() -> None:
    operations = Operations()
    operations.asks = [ask(1)]
    async with at(operations, "A") as (app, pilot):
        await until_shown(pilot, app, "Deploy production")
        operations.error = RefusedError("operation x was not approved: alice started it: somebody else must approve it")
        await pilot.press("enter")
        await asked(pilot, app)
        await pilot.press("y")
        await until_shown(pilot, app, "somebody", "Deploy production")


@pytest.mark.parametrize(("keys", "reason"), [((*"leak", "enter"), "leak"), (("escape",), "")])
async def test_whoever_asks_for_an_approval_may_say_why(keys: tuple[str, ...], reason: str) -> None:
    operations = Operations()
    operations.approvers = 1
    async with at(operations, "D") as (app, pilot):
        assert "1 other person(s) must approve it" in await asked(pilot, app)
        await pilot.press(*"production")
        await until(pilot, lambda: not app.screen.query_one("#yes", Button).disabled)
        await pilot.press("enter")
        await until_shown(pilot, app, "Whoever approves it reads this")
        await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)
        assert operations.started == []
        await pilot.press(*keys)
        await until(pilot, lambda: operations.reasons == [reason])


# --- releases ----------------------------------------------------------------------------------------------------


async def test_releases_say_who_when_why_and_what_changed() -> None:
    async with at(Operations(), "v", size=(120, 40)) as (app, pilot):
        text = await until_shown(pilot, app, "from release 2 to 3")
        for word in ("NO", "WHO", "WHY", "IMAGES", "user3", "why 3", "v1.5.0", "failed", "good"):
            assert word in text, word
        assert "- veza/api:v1.4.9" in text and "+ veza/api:v1.5.0" in text
        assert "aGlkZGVu" not in text, "a secret's value is never shown"
        await pilot.press("j")
        text = await until_shown(pilot, app, "from release 1 to 2")
        assert "spec.replicas" in text
        await pilot.press("j")
        await until_shown(pilot, app, "oldest that is kept")


async def test_any_two_releases_are_compared_and_one_goes_back_to_the_chosen() -> None:
    operations = Operations()
    async with at(operations, "v", size=(120, 40)) as (app, pilot):
        await until_shown(pilot, app, "from release 2 to 3")
        assert "space compare with" in foot(app) and "u roll back to it" in foot(app)
        await pilot.press("G", "space", "g")
        text = await until_shown(pilot, app, "from release 1 to 3")
        assert "- veza/api:v1.4.2" in text and "+ veza/api:v1.5.0" in text and "spec.replicas" in text
        await pilot.press("G", "space", "g")
        await until_shown(pilot, app, "from release 2 to 3")
        await pilot.press("j", "u")
        await asked(pilot, app)
        assert operations.planned == ["production planner_back [('to', '2')]"]
        await pilot.press(*"production")
        await until(pilot, lambda: not app.screen.query_one("#yes", Button).disabled)
        await pilot.press("enter")
        await until(pilot, lambda: operations.started == ["typed in the screen"])
        await until(pilot, lambda: isinstance(app.screen, OperationScreen))


async def test_a_long_difference_is_read_whole_on_a_page_of_its_own() -> None:
    operations = Operations()
    operations.releases = [release(2, "v2", **{f"field{i:02}": 2 for i in range(30)}), release(1, "v1")]
    async with at(operations, "v") as (app, pilot):
        text = await until_shown(pilot, app, "enter shows all")
        assert "+ veza/api:v2" in text, "images come first"
        assert "field29" not in text
        await pilot.press("enter")
        await until_shown(pilot, app, "from release 1 to 2", "field08")
        await pilot.press("G")
        await until_shown(pilot, app, "field29")
        await pilot.press("escape")
        await until_shown(pilot, app, "IMAGES")


def test_what_only_the_server_set_is_no_change_from_a_baseline() -> None:
    found = release(1, "v1", kind="baseline", dnsPolicy="ClusterFirst")
    ours = release(2, "v2", revisionHistoryLimit=10)
    changes, gone = compare_releases(found, ours)
    assert [(c.path.rpartition(".")[2], c.old, c.new) for c in changes if c.object.startswith("Deployment")] == [
        ("image", "veza/api:v1", "veza/api:v2"),
        ("revisionHistoryLimit", None, "10"),
    ]
    assert gone == []
    back, _ = compare_releases(ours, found)
    assert "dnsPolicy" not in str(back) and "revisionHistoryLimit" in str(back)
    plain, _ = compare_releases(release(1, "v1", dnsPolicy="ClusterFirst"), ours)
    assert "dnsPolicy" in str(plain)


@pytest.mark.parametrize("size", [(80, 24), (60, 14)])
async def test_releases_that_cannot_be_read_say_why(size: tuple[int, int]) -> None:
    operations = Operations()
    operations.error = VezaError("403: oncall may not list secrets")
    async with at(operations, "v", size=size) as (app, pilot):
        await until_shown(pilot, app, "403: oncall may not list secrets")
        assert "roll back" not in foot(app)
        operations.error = None
        await pilot.press("ctrl+r")
        await until_shown(pilot, app, "v1.5.0")


# --- operations --------------------------------------------------------------------------------------------------


async def test_an_operations_page_offers_what_acts_on_it() -> None:
    operations = Operations()
    operations.past = [
        status(OperationState.FAILED, reason="Apply everything: it broke"),
        status(OperationState.DONE, "restore"),
        status(OperationState.RUNNING),
    ]
    async with at(operations, "O") as (app, pilot):
        text = await until_shown(pilot, app, "it bro", "restore")
        assert "WHEN" in text and "OUTCOME" in text
        await pilot.press("enter")
        text = await until_shown(pilot, app, "deploy staging")
        assert "r resume" in foot(app) and "u take back" in foot(app)
        assert "P proof" not in foot(app) and "x cancel" not in foot(app)
        assert " it broke" in text.splitlines()[2], "the reason without the step's name: that is marked below"
        await pilot.press("escape", "j", "enter")
        await until_shown(pilot, app, "restore staging")
        assert "P proof" in foot(app) and "u take back" in foot(app) and "resume" not in foot(app)
        await pilot.press("escape", "j", "enter")
        await until_shown(pilot, app, "running")
        assert "x cancel" in foot(app) and "resume" not in foot(app)
        await pilot.press("x")
        await until(pilot, lambda: operations.cancelled == [False])


# --- services ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "planned"),
    [
        (("T", "1"), "touch_planner [('kind', 'restart'), ('replicas', None), ('services', ('backend-api',))]"),
        (("T", "4"), "touch_planner [('kind', 'restart'), ('replicas', None), ('services', ())]"),
        (
            ("S", "2", "5", "enter"),
            "touch_planner [('kind', 'scale'), ('replicas', 5), ('services', ('chat-server',))]",
        ),
        (("Z", "3"), "touch_planner [('kind', 'pause'), ('replicas', None), ('services', ('stream-server',))]"),
        (("W", "4"), "touch_planner [('kind', 'resume'), ('replicas', None), ('services', ())]"),
        (("M", "2", "v", "9", "enter"), "set_image_planner [('texts', ['chat-server=:v9'])]"),
        (
            ("M", "4", "v", "9", "enter"),
            "set_image_planner [('texts', ['backend-api=:v9', 'chat-server=:v9', 'stream-server=:v9'])]",
        ),
    ],
)
async def test_each_key_touches_one_service_or_all(keys: tuple[str, ...], planned: str) -> None:
    operations = Operations()
    async with at(operations) as (app, pilot):
        questions = iter(("which service?", "how many" if "S" in keys else "Which image"))
        for key in keys:
            await pilot.press(key)
            if key.isupper() or (key in "1234" and len(keys) > 2 and key == keys[1]):
                await until_shown(pilot, app, next(questions))
                await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)
        await asked(pilot, app)
        assert operations.planned == [f"production {planned}"]
        await pilot.press("escape")
        await until_shown(pilot, app, "nothing was changed")
        assert operations.started == []


async def test_a_number_that_is_none_is_refused_in_its_field() -> None:
    operations = Operations()
    async with at(operations, "S") as (app, pilot):
        await until(pilot, lambda: getattr(app.screen, "answers_since", None) is not None)
        await pilot.press("1")
        await until_shown(pilot, app, "how many")
        await pilot.press(*"-1", "enter")
        await until_shown(pilot, app, "not a number from 0 to 1000")
        await pilot.press("escape")
        assert operations.planned == []
