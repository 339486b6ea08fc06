"""The face that screens and commands use: preview, refusals, watching, finding what was interrupted."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tools.clocks import FakeClock, settle
from tests.tools.clusters import MemoryCluster
from tests.unit.operations.worlds import PLAIN, FakeRunners, FakeWorld, environment
from veza_tui.model.environment import EnvironmentType, Policy
from veza_tui.model.errors import ConfigError, LockedError, RefusedError
from veza_tui.model.journal import JournalEvent, OperationState
from veza_tui.model.plan import Need, Plan, Step, Target
from veza_tui.operations.checks import check_database
from veza_tui.operations.confirm import Tier
from veza_tui.operations.context import PlanContext
from veza_tui.operations.journal import Journal
from veza_tui.operations.service import OperationsService
from veza_tui.ports.runner import Handshake


class Runners(FakeRunners):
    """Plays the runner: its answer is set by the test."""

    answer = Handshake(0)
    calls: list[Any]

    def __init__(self) -> None:
        super().__init__()
        self.calls = []

    async def start(self, arguments: Any, log: Path, directory: Path) -> Handshake:
        self.calls.append(list(arguments))
        return self.answer


async def planner(context: PlanContext) -> Plan:
    return Plan("deploy", context.target, "Deploy", (Step("a", "A", "unit.do"),), needs=(Need("get", "pods"),))


def service(tmp_path: Path, env: Any = PLAIN, **more: Any) -> OperationsService:
    world = FakeWorld(env, MemoryCluster(), FakeClock(), tmp_path, **more)
    return OperationsService(world, Runners(), state=tmp_path / "state")


async def test_preview_tells_everything_before_the_confirmation(tmp_path: Path) -> None:
    env = replace(environment("production", EnvironmentType.PROD), policy=Policy(manual_approval=True, approvers=2))
    one = service(tmp_path, env)
    preview = await one.plan("production", planner)
    assert (preview.tier, preview.text, preview.approvers, preview.refusal) == (Tier.TYPE, "production", 2, "")
    assert preview.plan.target.server == "https://cluster.test" and preview.plan.target.cluster_uid == "uid-1"
    with pytest.raises(ConfigError, match="not confirmed"):
        await one.start(preview, confirmed="")
    assert one.history() == []


async def test_refusals_are_audited_and_nothing_is_started(tmp_path: Path) -> None:
    one = service(tmp_path, read_only=True)
    preview = await one.plan("development", planner)
    assert "read-only" in preview.refusal
    with pytest.raises(RefusedError):
        await one.start(preview, confirmed="typed")
    other = service(tmp_path / "b")
    other.world.cluster(PLAIN).state["denied"] = ["get pods"]  # type: ignore[attr-defined]
    preview = await other.plan("development", planner)
    assert preview.refusal == "missing permissions: get pods"
    with pytest.raises(RefusedError, match="get pods"):
        await other.start(preview, confirmed="typed")
    told = [o for o in other.world.cluster(PLAIN).state["objects"].values() if o.get("kind") == "Event"]  # type: ignore[attr-defined]
    assert [(e["reason"], e["type"]) for e in told] == [("Denial", "Warning")]
    assert not [o for o in one.world.cluster(PLAIN).state["objects"].values() if o.get("kind") == "Event"]  # type: ignore[attr-defined]
    for each in (one, other):
        assert [line["type"] for line in each.audit.read()] == ["denial"]
        assert each.history() == []
    assert await other.missing("development", [Need("get", "pods"), Need("list", "pods")]) == (Need("get", "pods"),)


async def test_what_a_planner_refuses_is_a_denial_where_it_was_meant(tmp_path: Path) -> None:
    async def refusing(context: PlanContext) -> Plan:
        raise RefusedError("the gates never passed", hint="begin earlier")

    async def wrong(context: PlanContext) -> Plan:
        raise ConfigError("no such step")

    def events(one: OperationsService) -> list[Any]:
        return [o for o in one.world.cluster(PLAIN).state["objects"].values() if o.get("kind") == "Event"]  # type: ignore[attr-defined]

    one = service(tmp_path)
    for meant, planner in (("", refusing), ("pipeline", wrong)):
        with pytest.raises((RefusedError, ConfigError)):
            await one.plan("development", planner, meant=meant)
    assert list(one.audit.read()) == [] and events(one) == [], "a look, and a slip of the keyboard"
    with pytest.raises(RefusedError, match="begin earlier"):
        await one.plan("development", refusing, meant="pipeline")
    [line] = one.audit.read()
    assert (line["type"], line["kind"], line["environment"]) == ("denial", "pipeline", "development")
    assert line["detail"] == "the gates never passed — begin earlier"
    assert [(e["reason"], e["type"]) for e in events(one)] == [("Denial", "Warning")]
    for more, other in ((True, False), (False, True)):
        quiet = service(tmp_path / f"{more}", read_only=more)
        with pytest.raises(RefusedError):
            await quiet.plan("development", refusing, meant="pipeline", without_cluster=other)
        assert len(list(quiet.audit.read())) == 1 and events(quiet) == []


def test_a_plan_for_another_database_is_void() -> None:
    settings = PLAIN.database
    named = f"{settings.host}:{settings.port}/{settings.name}"
    for database in ("", named):
        check_database(PLAIN, Plan("restore", Target("development", "veza", "", "", database=database), "Restore", ()))
    moved = replace(PLAIN, database=replace(settings, host="db.elsewhere"))
    plan = Plan("restore", Target("development", "veza", "", "", database=named), "Restore", ())
    with pytest.raises(RefusedError, match=r"now names db\.elsewhere.* — nothing was changed; make it again"):
        check_database(moved, plan)


async def test_what_the_runner_refuses_is_raised_and_leaves_nothing(tmp_path: Path) -> None:
    one = service(tmp_path)
    one._runners.answer = Handshake(5, "development is locked by bob")  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="locked by bob") as caught:
        await one.start(await one.plan("development", planner), confirmed="typed")
    assert caught.value.exit == LockedError.exit  # type: ignore[attr-defined]
    assert one.history() == []


async def test_watch_yields_changes_and_nothing_else(tmp_path: Path) -> None:
    one = service(tmp_path)
    clock = one.world.clock
    assert isinstance(clock, FakeClock)
    operation = await one.start(await one.plan("development", planner), confirmed="typed")
    journal = Journal(one.store.open(operation).journal)
    seen: list[Any] = []

    async def follow() -> None:
        async for status in one.watch(operation):
            seen.append((status.state, status.steps[0].state))  # noqa: PERF401

    following = asyncio.create_task(follow())
    await settle()
    await clock.advance(60)
    assert len(seen) == 1
    journal.append(JournalEvent("step", 1.0, "a", {"state": "running"}))
    await clock.advance(0.2)
    assert len(seen) == 2
    journal.append(JournalEvent("end", 2.0, data={"state": "done", "exit": 0}))
    await clock.advance(0.2)
    await following
    assert [state for state, _ in seen] == [OperationState.RUNNING, OperationState.RUNNING, OperationState.DONE]
    journal.close()


async def test_watch_ends_when_the_runner_dies(tmp_path: Path) -> None:
    one = service(tmp_path)
    clock, runners = one.world.clock, one._runners
    assert isinstance(clock, FakeClock) and isinstance(runners, Runners)
    operation = await one.start(await one.plan("development", planner), confirmed="typed")
    one.store.open(operation).write_runner(runners.myself())
    following = asyncio.create_task(_last(one, operation))
    await settle()
    runners.is_alive = False
    await clock.advance(2)
    status = await following
    assert status.state is OperationState.INTERRUPTED and f"resume {operation}" in status.reason
    assert [s.id for s in one.interrupted()] == [operation]
    with pytest.raises(RefusedError, match="not running"):
        one.cancel(operation)
    await one.resume(operation)
    assert runners.calls[-1] == ["_run", operation, "--mode", "resume"]


async def test_operation_of_another_machine_is_not_called_dead(tmp_path: Path) -> None:
    one = service(tmp_path)
    runners = one._runners
    assert isinstance(runners, Runners)
    operation = await one.start(await one.plan("development", planner), confirmed="typed")
    one.store.open(operation).write_runner(runners.myself())
    runners.is_alive = None
    assert one.show(operation).state is OperationState.RUNNING
    with pytest.raises(RefusedError, match="not on this machine"):
        one.cancel(operation)


async def _last(one: OperationsService, operation: str) -> Any:
    return [status async for status in one.watch(operation)][-1]
