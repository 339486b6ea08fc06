"""The engine in one process: order, outcomes, rollback, cancel, retries, refusals; what the journal and audit say."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from tests.tools.clocks import EagerClock
from tests.tools.clusters import MemoryCluster
from tests.unit.operations.worlds import PLAIN, FakeRunners, FakeWorld, environment
from veza_tui.model.environment import Environment, EnvironmentType, Policy
from veza_tui.model.errors import LockedError, RefusedError, VezaError
from veza_tui.model.journal import JournalEvent, OperationState, StepState
from veza_tui.model.plan import Need, Plan, Step, Target
from veza_tui.operations.audit import AuditLog
from veza_tui.operations.context import Cancelled, Context, action, verifier
from veza_tui.operations.control import CancelRequest
from veza_tui.operations.desk import Desk
from veza_tui.operations.engine import Engine, Outcome
from veza_tui.operations.fold import fold
from veza_tui.operations.gate import Gate
from veza_tui.operations.journal import Journal, read_journal
from veza_tui.operations.past import past_of
from veza_tui.operations.request import Request
from veza_tui.operations.store import OperationStore
from veza_tui.operations.who import current_person
from veza_tui.ports.cluster import CONFIG_MAPS, Cluster, ClusterError, Conflict

Hooks = dict[str, Any]
HOOKS: Hooks = {}
LOG: list[str] = []


@action("unit.do")
async def do(context: Context, step: Step) -> dict[str, Any] | None:
    LOG.append(f"do {step.id}")
    hook = HOOKS.get(step.id)
    return await hook(context, step) if hook else {"of": step.id}


@action("unit.undo")
async def undo(context: Context, step: Step) -> None:
    LOG.append(f"undo {step.id}")
    hook = HOOKS.get(f"undo {step.id}")
    if hook:
        await hook(context, step)


@action("unit.once", retry=False)
async def once(context: Context, step: Step) -> None:
    LOG.append(f"once {step.id}")
    raise ClusterError("busy", status=500)


@verifier("unit")
async def verify(context: Context, keys: Any) -> dict[str, str]:
    return {key: HOOKS.get("digest", "d1") for key in keys}


@dataclass
class Bench:
    path: Path
    env: Environment = PLAIN
    clock: Any = field(default_factory=EagerClock)
    cluster: MemoryCluster = field(default_factory=MemoryCluster)
    read_only: bool = False
    request: dict[str, Any] = field(default_factory=dict)
    began: int = 0
    at_the_end: list[str] = field(default_factory=list)
    """What the audit log said when the journal's end was written."""

    def plan(self, *steps: Step, **more: Any) -> Plan:
        more.setdefault("timeout", 0)  # the eager clock would reach any timeout at once
        names = steps or (step("a"), step("b"), step("c"))
        target = Target(self.env.name, "ns", "https://cluster.test", "uid-1")
        return Plan("unit", target, "Unit", names, **more)

    def engine(self, plan: Plan, operation: str = "") -> Engine:
        self.world = FakeWorld(self.env, self.cluster, self.clock, self.path, read_only=self.read_only)
        store = self.store = OperationStore(self.path / "state", FakeRunners())
        if operation:
            self.files = store.open(operation)
        else:
            request = Request("20260301t120405123-9f03ac", current_person(), str(self.path), self.clock.now())
            self.files = store.create(plan, replace(request, **self.request))
        journal = Journal(self.files.journal)

        def write(event: JournalEvent, sync: bool) -> None:
            if event.type == "end":
                self.at_the_end = self.audited
            journal.append(event, sync=sync)

        past = past_of(read_journal(self.files.journal))
        asked = self.files.request()
        desk = Desk(self.path / "state", plan, asked, self.clock, FakeRunners().myself())
        return Engine(Gate(self.files, plan, asked, self.world, write, past, desk), self.files)

    async def run(self, plan: Plan, mode: str = "run", operation: str = "") -> Outcome:
        def began() -> None:
            self.began += 1

        return await self.engine(plan, operation).run(mode, began)

    @property
    def status(self) -> Any:
        return fold(self.files.id, read_journal(self.files.journal))

    @property
    def audited(self) -> list[str]:
        return [line["type"] for line in AuditLog(self.path / "state", self.clock).read()]


def step(name: str, **more: Any) -> Step:
    given: dict[str, Any] = {"undo": "unit.undo", "changes": (f"thing {name}",), **more}
    return Step(name, f"Step {name}", given.pop("action", "unit.do"), **given)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    HOOKS.clear()
    LOG.clear()
    return Bench(tmp_path)


async def fails(context: Context, step: Step) -> None:
    raise VezaError(f"{step.id} broke", hint="mend it")


async def test_steps_run_in_order_and_pass_results(bench: Bench) -> None:
    seen: list[Any] = []

    async def look(context: Context, step: Step) -> None:
        seen.append(context.result("a"))
        seen.append(context.result("c"))

    HOOKS["b"] = look
    outcome = await bench.run(bench.plan())
    assert (outcome.state, outcome.exit, bench.began) == (OperationState.DONE, 0, 1)
    assert LOG == ["do a", "do b", "do c"]
    assert seen == [{"of": "a"}, {}]
    assert bench.audited == bench.at_the_end == ["intent", "outcome"]
    assert bench.status.result["c"] == {"of": "c"}
    events = [o for k, o in bench.cluster.state["objects"].items() if k.startswith("events/ns/")]
    assert {e["reason"] for e in events} == {"Intent", "Outcome"}


async def test_failure_without_rollback(bench: Bench) -> None:
    HOOKS["b"] = fails
    outcome = await bench.run(bench.plan())
    assert (outcome.state, outcome.exit) == (OperationState.FAILED, 1)
    assert outcome.reason == "Step b: b broke — mend it"
    assert bench.status.left == ("perhaps half done: thing b",)
    assert LOG == ["do a", "do b"]


async def test_failure_with_rollback_goes_back_in_reverse(bench: Bench) -> None:
    HOOKS["c"] = fails
    outcome = await bench.run(bench.plan(rollback_on_failure=True))
    assert (outcome.state, outcome.exit) == (OperationState.ROLLED_BACK, 7)
    assert LOG == ["do a", "do b", "do c", "undo c", "undo b", "undo a"]
    assert all(s.state is StepState.UNDONE for s in bench.status.steps)


async def test_what_touches_nothing_live_has_failed_and_is_not_called_rolled_back(bench: Bench) -> None:
    """A drill: what it made goes, and its exit code is the reason's own."""
    HOOKS["c"] = fails
    outcome = await bench.run(bench.plan(rollback_on_failure=True, harmless=True))
    assert (outcome.state, outcome.exit) == (OperationState.FAILED, 1)
    assert outcome.reason.startswith("Step c: c broke") and "nothing live was touched" in outcome.reason
    assert LOG == ["do a", "do b", "do c", "undo c", "undo b", "undo a"] and bench.status.left == ()


async def test_rollback_that_fails_says_what_is_left(bench: Bench) -> None:
    HOOKS["c"], HOOKS["undo b"] = fails, fails
    outcome = await bench.run(bench.plan(rollback_on_failure=True))
    assert (outcome.state, outcome.exit) == (OperationState.FAILED, 1)
    assert outcome.left == ("Step b: thing b", "Step a: thing a")
    assert "c broke" in outcome.reason and "rollback failed" in outcome.reason
    # And it can be tried again, from where it stuck.
    HOOKS.clear()
    LOG.clear()
    again = await bench.run(bench.plan(rollback_on_failure=True), "undo", bench.files.id)
    assert (again.state, LOG) == (OperationState.ROLLED_BACK, ["undo b", "undo a"])


async def test_a_bug_shows_its_type_and_not_its_text(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    async def bug(context: Context, step: Step) -> None:
        raise RuntimeError("password=hunter" + str(2))

    HOOKS["a"] = bug
    outcome = await bench.run(bench.plan())
    assert "unexpected RuntimeError" in outcome.reason
    text = "".join(p.read_text() for p in (bench.path / "state").rglob("*") if p.is_file())
    captured = capfd.readouterr()
    assert "hunter2" not in text + captured.err + captured.out
    assert "in bug" in captured.err


@pytest.mark.parametrize(
    ("error", "calls"),
    [
        (ClusterError("x", status=429, retry_after=2.0), 2),
        (ClusterError("x", status=500), 2),
        (ClusterError("x", status=503), 2),
        (ClusterError("reset", status=0), 2),
        (Conflict("x", status=409), 2),
        (Conflict("x", status=409, details={"managers": ["kubectl"]}), 1),
        (ClusterError("x", status=422), 1),
        (ClusterError("x", status=403), 1),
        (ClusterError("x", status=429, retry_after=3600.0), 1),
    ],
)
async def test_transient_errors_run_the_step_again(bench: Bench, error: ClusterError, calls: int) -> None:
    waiting = [error]

    async def flaky(context: Context, step: Step) -> None:
        if waiting:
            raise waiting.pop()

    HOOKS["a"] = flaky
    outcome = await bench.run(bench.plan(step("a")))
    assert ["do a"] * calls == LOG
    assert outcome.state is (OperationState.DONE if calls == 2 else OperationState.FAILED)
    if error.retry_after == 2.0:
        assert 2.0 in bench.clock.slept


async def test_actions_that_forbid_it_are_not_run_again(bench: Bench) -> None:
    await bench.run(bench.plan(step("a", action="unit.once")))
    assert LOG == ["once a"]


async def test_calls_are_retried_inside_a_step(bench: Bench) -> None:
    bench.cluster.faults[("get", "configmaps")] = [ClusterError("x", status=500), ClusterError("x", status=429)]
    bench.cluster.state["objects"]["configmaps/ns/x"] = {"metadata": {"name": "x", "resourceVersion": "1"}}

    async def read(context: Context, step: Step) -> dict[str, Any]:
        return {"name": (await context.cluster.get(CONFIG_MAPS, "x", "ns"))["metadata"]["name"]}

    HOOKS["a"] = read
    assert (await bench.run(bench.plan(step("a")))).state is OperationState.DONE
    assert LOG == ["do a"]
    assert len([line for line in bench.status.tail if "again in" in line]) == 2


async def test_creates_are_not_repeated_after_a_reset(bench: Bench) -> None:
    bench.cluster.lost_answers[("create", "configmaps")] = [ClusterError("reset", status=0)]

    async def create(context: Context, step: Step) -> None:
        await context.cluster.create(CONFIG_MAPS, {"metadata": {"name": "n"}}, "ns")

    HOOKS["a"] = create
    await bench.run(bench.plan(step("a", action="unit.do")))
    creates = [c for c in bench.cluster.calls if c[:2] == ("create", "configmaps")]
    assert len(creates) == 2  # once, and once more as the step itself is run again: it then fails, AlreadyExists
    assert bench.status.state is OperationState.FAILED


async def test_drift_voids_the_plan(bench: Bench) -> None:
    HOOKS["digest"] = "d2"
    with pytest.raises(RefusedError, match="void: changed since it was made: thing") as caught:
        await bench.run(bench.plan(fingerprint={"unit:thing": "d1"}))
    assert caught.value.exit == 6
    assert (LOG, bench.audited, bench.began) == ([], ["denial"], 0)
    assert not [k for k in bench.cluster.state["objects"] if k.startswith("leases")]


async def test_drift_that_nobody_can_check_voids_it_too(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="cannot check"):
        await bench.run(bench.plan(fingerprint={"stars:aligned": "yes"}))


async def test_resume_does_not_take_its_own_changes_for_drift(bench: Bench) -> None:
    HOOKS["b"] = fails
    plan = bench.plan(fingerprint={"unit:thing": "d1"})
    await bench.run(plan)
    HOOKS.clear()
    HOOKS["digest"] = "d2"
    LOG.clear()
    assert (await bench.run(plan, "resume", bench.files.id)).state is OperationState.DONE
    assert LOG == ["do b", "do c"]


@pytest.mark.parametrize("what", ["uid", "namespace"])
async def test_another_cluster_voids_it(bench: Bench, what: str) -> None:
    plan = bench.plan()
    if what == "uid":
        bench.cluster.state["uid"] = "uid-2"
    else:
        plan = replace(plan, target=replace(plan.target, namespace="elsewhere"))
    with pytest.raises(RefusedError, match="is now"):
        await bench.run(plan)
    assert LOG == []


@pytest.mark.parametrize("mode", ["run", "resume", "undo"])
@pytest.mark.parametrize("switch", ["flag", "request", "environment"])
async def test_read_only_stops_every_mode(bench: Bench, switch: str, mode: str) -> None:
    if switch == "flag":
        bench.read_only = True
    elif switch == "request":
        bench.request["read_only"] = True
    else:
        bench.env = replace(bench.env, read_only=True)
    with pytest.raises(RefusedError, match="read-only"):
        await bench.run(bench.plan(), mode)
    assert LOG == [] and bench.audited == ["denial"]
    assert [c for c in bench.cluster.calls if c[0] in ("create", "replace", "delete")] == []


async def test_read_only_lets_plans_that_change_nothing_run(bench: Bench) -> None:
    bench.read_only = True
    outcome = await bench.run(bench.plan(step("a", mutates=False), options={"lock": False}))
    assert outcome.state is OperationState.DONE


async def test_missing_permissions_are_listed(bench: Bench) -> None:
    bench.cluster.state["denied"] = ["patch deployments", "update leases"]
    needs = (Need("patch", "deployments", "apps", namespace="ns"), Need("get", "pods", namespace="ns"))
    with pytest.raises(RefusedError) as caught:
        await bench.run(bench.plan(needs=needs))
    assert "patch apps/deployments in ns" in str(caught.value)
    assert "update coordination.k8s.io/leases in ns" in str(caught.value)
    assert "pods" not in str(caught.value) and LOG == []


async def test_unknown_action_is_refused_before_anything(bench: Bench) -> None:
    with pytest.raises(RefusedError, match="does not know the action"):
        await bench.run(bench.plan(step("a"), step("b", action="from.the.future")))
    assert LOG == []


async def test_locked_environment_refuses_and_says_who(bench: Bench) -> None:
    plan = bench.plan()

    async def second(context: Context, step: Step) -> None:
        other = Bench(bench.path / "other", cluster=bench.cluster, clock=bench.clock)
        other.request["id"] = "20260301t120405999-000000"
        with pytest.raises(LockedError, match="20260301t120405123-9f03ac"):
            await other.run(plan)
        assert other.audited == ["denial"]

    HOOKS["b"] = second
    assert (await bench.run(plan)).state is OperationState.DONE
    assert bench.cluster.state["objects"]["leases/ns/veza-tui-development"]["spec"]["holderIdentity"] == ""


async def test_timeout_cuts_a_step_off(bench: Bench) -> None:
    bench.clock = FakeClockThatRuns()

    async def hang(context: Context, step: Step) -> None:
        await asyncio.Event().wait()

    HOOKS["b"] = hang
    outcome = await bench.run(bench.plan(timeout=0.05))
    assert (outcome.state, outcome.exit) == (OperationState.FAILED, 4)
    assert "did not finish within 0.05 s" in outcome.reason


class FakeClockThatRuns(EagerClock):
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 60))


# -- cancel


def ask(force: bool = False) -> CancelRequest:
    return CancelRequest("someone", 0.0, force)


async def test_cancel_takes_effect_at_the_next_safe_point(bench: Bench) -> None:
    engine = bench.engine(bench.plan(step("a", cancellable=False), step("b"), step("c")))

    async def asked(context: Context, step: Step) -> None:
        engine.cancel(ask())
        assert context.cancelled() and not context.forced()
        assert bench.status.state is OperationState.CANCELLING
        assert bench.status.safe_point == "after the step “Step b”"

    HOOKS["a"] = asked
    outcome = await engine.run("run", lambda: None)
    assert (outcome.state, outcome.exit) == (OperationState.CANCELLED, 130)
    assert LOG == ["do a", "do b"]
    assert "resume" in outcome.reason and "undo" in outcome.reason
    LOG.clear()
    HOOKS.clear()
    assert (await bench.run(bench.plan(), "resume", bench.files.id)).state is OperationState.DONE
    assert LOG == ["do c"]


async def test_step_may_stop_at_a_safe_point_of_its_own(bench: Bench) -> None:
    engine = bench.engine(bench.plan())

    async def polite(context: Context, step: Step) -> None:
        engine.cancel(ask())
        context.report.note("got this far", row=7)
        raise Cancelled

    HOOKS["a"] = polite
    assert (await engine.run("run", lambda: None)).state is OperationState.CANCELLED
    notes: list[Any] = []

    async def again(context: Context, step: Step) -> None:
        notes.extend(context.notes("a"))

    HOOKS["a"] = again
    await bench.run(bench.plan(), "resume", bench.files.id)
    assert notes == [{"text": "got this far", "row": 7}]


async def test_second_cancel_forces_and_says_what(bench: Bench) -> None:
    engine = bench.engine(bench.plan())

    async def hang(context: Context, step: Step) -> None:
        engine.cancel(ask())
        asyncio.get_running_loop().call_soon(engine.cancel, ask())
        await asyncio.Event().wait()

    HOOKS["b"] = hang
    outcome = await engine.run("run", lambda: None)
    assert outcome.state is OperationState.CANCELLED
    assert "“Step b” is cut off" in outcome.reason
    assert outcome.left == ("perhaps half done: thing b",)


async def test_cancel_in_the_last_step_comes_too_late(bench: Bench) -> None:
    engine = bench.engine(bench.plan())

    async def late(context: Context, step: Step) -> None:
        engine.cancel(ask())
        assert bench.status.safe_point == "none left: it will finish"

    HOOKS["c"] = late
    assert (await engine.run("run", lambda: None)).state is OperationState.DONE


async def test_cancel_during_rollback_needs_force(bench: Bench) -> None:
    engine = bench.engine(bench.plan(rollback_on_failure=True))

    async def asked(context: Context, step: Step) -> None:
        engine.cancel(ask())
        assert not context.cancelled()

    async def forced(context: Context, step: Step) -> None:
        asyncio.get_running_loop().call_soon(engine.cancel, ask())
        await asyncio.Event().wait()

    HOOKS["c"], HOOKS["undo c"], HOOKS["undo b"] = fails, asked, forced
    outcome = await engine.run("run", lambda: None)
    assert outcome.state is OperationState.FAILED
    assert outcome.left == ("Step b: thing b", "Step a: thing a")


# -- crashes (as the journal shows them) and approvals


@pytest.mark.parametrize("line", range(2, 9))
async def test_resume_after_a_crash_at_any_line_finishes_everything_once(bench: Bench, line: int) -> None:
    await bench.run(bench.plan())
    lines = bench.files.journal.read_bytes().splitlines(keepends=True)
    if line >= len(lines):
        pytest.skip("the journal is shorter")
    bench.files.journal.write_bytes(b"".join(lines[:line]))
    finished = [json.loads(raw)["step"] for raw in lines[:line] if b'"state": "done"' in raw and b'"step"' in raw]
    LOG.clear()
    outcome = await bench.run(bench.plan(), "resume", bench.files.id)
    assert outcome.state is OperationState.DONE
    assert [f"do {s}" for s in "abc" if s not in finished] == LOG


async def test_resume_of_an_interrupted_rollback_goes_on_taking_back(bench: Bench) -> None:
    HOOKS["c"] = fails
    plan = bench.plan(rollback_on_failure=True)
    await bench.run(plan)
    raw = bench.files.journal.read_bytes()
    cut = raw.index(b"\n", raw.index(b'"step": "c", "data": {"state": "undone"')) + 1
    bench.files.journal.write_bytes(raw[:cut])
    LOG.clear()
    outcome = await bench.run(plan, "resume", bench.files.id)
    assert (outcome.state, outcome.exit, LOG) == (OperationState.ROLLED_BACK, 7, ["undo b", "undo a"])


def guarded(approvers: int) -> Environment:
    policy = Policy(manual_approval=True, approvers=approvers)
    return replace(environment("production", EnvironmentType.PROD), policy=policy)


async def test_approval_that_nobody_gives_expires(bench: Bench) -> None:
    bench.env = guarded(1)
    outcome = await bench.run(bench.plan())
    assert (outcome.state, outcome.exit) == (OperationState.FAILED, 6)
    assert "no approval in time: 0 of 1" in outcome.reason and LOG == []
    assert sum(bench.clock.slept) == pytest.approx(1800, abs=2)
    assert not [k for k in bench.cluster.state["objects"] if k.startswith(("configmaps", "leases"))]


async def test_waiting_can_be_cancelled(bench: Bench) -> None:
    bench.env = guarded(1)
    engine = bench.engine(bench.plan())
    asyncio.get_running_loop().call_later(0.02, engine.cancel, ask())
    outcome = await engine.run("run", lambda: None)
    assert (outcome.state, LOG) == (OperationState.CANCELLED, [])


async def test_break_glass_goes_ahead_and_is_loud(bench: Bench) -> None:
    bench.env = guarded(2)
    bench.request["break_glass"] = "site down"
    assert (await bench.run(bench.plan())).state is OperationState.DONE
    assert bench.audited == ["break-glass", "intent", "outcome"]
    log = AuditLog(bench.path / "state", bench.clock)
    assert all("BREAK-GLASS: site down" in line["reason"] for line in log.read())
    events = [o for k, o in bench.cluster.state["objects"].items() if k.startswith("events/ns/")]
    assert {e["type"] for e in events if e["reason"] == "BreakGlass"} == {"Warning"}


async def test_what_belongs_to_an_approved_pipeline_is_not_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from veza_tui.operations import gate
    from veza_tui.operations.part_of import Word

    bench.env = guarded(1)
    bench.request["part_of"] = "20260301t110405123-9f03ab"
    monkeypatch.setattr(gate, "word_for", lambda *_: Word(("bob",)))
    assert (await bench.run(bench.plan())).state is OperationState.DONE
    assert bench.audited == ["approval", "intent", "outcome"] and 1.0 not in bench.clock.slept
    lines = list(AuditLog(bench.path / "state", bench.clock).read())
    assert lines[-1]["approvers"] == ["bob"] and "20260301t110405123-9f03ab" in lines[0]["detail"]


async def test_a_word_that_does_not_cover_it_asks_for_one_of_its_own(bench: Bench) -> None:
    bench.env = guarded(1)
    bench.request["part_of"] = "20260301t110405123-9f03ab"
    outcome = await bench.run(bench.plan())
    assert (outcome.state, outcome.exit) == (OperationState.FAILED, 6) and "no approval in time" in outcome.reason
    notes = [e.data["text"] for e in read_journal(bench.files.journal) if e.type == "note"]
    assert any("does not count here: there is no such operation" in text for text in notes)


async def test_gates_skipped_on_purpose_are_loud(bench: Bench) -> None:
    plan = bench.plan(options={"skipped_gates": ["run_tests"], "skipped_why": "site down"})
    assert (await bench.run(plan)).state is OperationState.DONE
    assert bench.audited == ["skipped-gates", "intent", "outcome"]
    assert next(iter(AuditLog(bench.path / "state", bench.clock).read()))["detail"] == "run_tests: site down"


async def test_manual_approval_without_approvers_is_the_typed_confirmation(bench: Bench) -> None:
    bench.env = guarded(0)
    assert (await bench.run(bench.plan())).state is OperationState.DONE


async def test_drift_while_waiting_voids(bench: Bench) -> None:
    from veza_tui.operations.approval import Grant
    from veza_tui.operations.approval_cluster import ClusterApprovals
    from veza_tui.operations.who import Person

    bench.env = guarded(1)
    plan = bench.plan(fingerprint={"unit:thing": "d1"})
    engine = bench.engine(plan)
    place = ClusterApprovals(cast(Cluster, bench.cluster), "ns")

    async def approve() -> None:
        while not await place.asks():
            await asyncio.sleep(0)
        HOOKS["digest"] = "d2"
        (asked,) = await place.asks()
        await place.grant(Grant(asked.id, plan.hash, Person("colleague", 7, "h"), True, bench.clock.now()))

    approving = asyncio.create_task(approve())
    outcome = await engine.run("run", lambda: None)
    await approving
    assert (outcome.state, outcome.exit, LOG) == (OperationState.FAILED, 6, [])
    assert "void" in outcome.reason


@pytest.mark.parametrize("mode", ["resume", "undo"])
async def test_an_older_operation_is_not_run_over_a_newer_one(bench: Bench, mode: str) -> None:
    HOOKS["b"] = fails
    plan = bench.plan()
    await bench.run(plan)
    HOOKS.clear()
    other = Bench(bench.path / "other", cluster=bench.cluster, clock=bench.clock)
    other.request["id"] = "20260301t120405999-000000"
    # One that changes nothing is no obstacle, though it holds the lock in its time.
    await other.run(other.plan(step("x", mutates=False)))
    third = Bench(bench.path / "third", cluster=bench.cluster, clock=bench.clock)
    third.request["id"] = "20260301t120405999-000001"
    await third.run(third.plan(step("y")))
    LOG.clear()
    for _ in range(2):
        with pytest.raises(RefusedError, match="20260301t120405999-000001 has changed development since"):
            await bench.run(plan, mode, bench.files.id)
    assert LOG == []
