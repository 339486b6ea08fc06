"""Whatever dies, and whenever: the live database is whole old or whole new, and resume and undo work from there."""

from __future__ import annotations

import time

import pytest

from tests.integration.restore.bench import NEW, OLD, Bench
from tests.integration.restore.killing import Fault
from veza_tui.model.errors import VezaError
from veza_tui.model.journal import OperationState
from veza_tui.operations.backup.catalogue import Catalogue
from veza_tui.operations.restore.plan import undo_plan

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

STEPS = [f"restore.{s}" for s in ("integrity", "safety", "scratch", "load", "analyze", "prove", "swap", "keep_cache")]
RUNNER: list[Fault] = [
    *(Fault(f"{when} {step}") for step in STEPS for when in ("before", "after")),
    *(Fault(f"rename {n}") for n in (1, 2, 3, 4)),
    *(Fault(0.02 + 0.07 * n) for n in range(10)),
]
SERVER = [
    *(Fault(f"before restore.{s}", "server") for s in ("safety", "load", "swap")),
    *(Fault(f"rename {n}", "server") for n in (1, 4)),
    Fault("after restore.swap", "server"),
    *(Fault(0.15 + 0.25 * n, "server") for n in range(2)),
]
LINE = [
    *(Fault(f"before restore.{s}", "cut") for s in ("prove", "swap")),
    *(Fault(f"rename {n}", what) for n in (1, 2, 4) for what in ("cut", "down")),
    Fault("after restore.swap", "down"),
    *(Fault(0.1 + 0.2 * n, "cut") for n in range(3)),
]


def revive(bench: Bench, fault: Fault) -> None:
    """Bring back what died."""
    bench.line.mend()
    if fault.what == "server" and bench.runners.struck:
        deadline = time.monotonic() + 20
        bench.server.loop.call(bench.server.server.stop())
        while True:
            # The old backends let go of the shared memory in a moment.
            try:
                bench.server.start()
                return
            except VezaError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


async def strike_and_go_on(bench: Bench, fault: Fault, index: int) -> None:
    bench.reset()
    status = await bench.restore(fault)
    struck = bench.runners.struck
    if fault.what != "server":
        assert bench.live() in (OLD, NEW), fault
    revive(bench, fault)
    assert bench.live() in (OLD, NEW), fault
    assert struck or isinstance(fault.at, float), f"{fault} never happened"
    status = bench.service.show(status.id)
    if status.state is OperationState.DONE:
        assert bench.live() == NEW
        preview = await bench.service.plan("staging", undo_plan, without_cluster=True)
        await bench.service.start(preview, confirmed="test")
        assert bench.live() == OLD and bench.names() == {"", "_undone_T"}, fault
        return
    if status.state is OperationState.ROLLED_BACK:
        assert bench.live() == OLD and bench.names() - {"_undone_T"} == {""}, fault
        return
    assert status.state in (OperationState.INTERRUPTED, OperationState.FAILED), (fault, status.state, status.reason)
    if index % 2 or status.state is OperationState.FAILED:
        await bench.service.undo(status.id)
        status = bench.service.show(status.id)
        assert status.state is OperationState.ROLLED_BACK, (fault, status.reason)
        assert bench.live() == OLD and bench.names() - {"_undone_T"} == {""}, fault
    else:
        await bench.service.resume(status.id)
        status = bench.service.show(status.id)
        assert status.state is OperationState.DONE, (fault, status.reason)
        assert bench.live() == NEW and bench.names() == {"", "_before_T"}, fault
    environment = bench.service.world.environment("staging")
    records = Catalogue(bench.service.world.service(environment, "storage")).records("staging")
    made = [r.name for r in records if r.manifest is not None and status.id in r.manifest.reason]
    assert len(made) <= 1, "the safety backup was made twice"


@pytest.mark.parametrize(("index", "fault"), list(enumerate(RUNNER)), ids=str)
async def test_the_runner_is_killed(bench: Bench, fault: Fault, index: int) -> None:
    await strike_and_go_on(bench, fault, index)


@pytest.mark.parametrize(("index", "fault"), list(enumerate(SERVER)), ids=str)
async def test_the_server_is_killed(bench: Bench, fault: Fault, index: int) -> None:
    await strike_and_go_on(bench, fault, index)


@pytest.mark.parametrize(("index", "fault"), list(enumerate(LINE)), ids=str)
async def test_the_connections_are_cut(bench: Bench, fault: Fault, index: int) -> None:
    await strike_and_go_on(bench, fault, index)
