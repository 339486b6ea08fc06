"""Followed across cuts, restarts and rotation: no line missing, none twice, gaps said."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.tools.log_follow import Collected, follower, quick
from tests.tools.log_world import Pod, World
from veza_tui.model.log import Beginning


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quick(monkeypatch)


@contextlib.asynccontextmanager
async def running(world: World, **options: object) -> AsyncIterator[tuple[Collected, object]]:
    sink = Collected()
    made = follower(world, sink, **options)
    task = asyncio.create_task(made.run())
    try:
        yield sink, made
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert world.open == 0


def numbered(first: int, count: int) -> list[str]:
    return [f"line {n}" for n in range(first, first + count)]


async def test_lines_come_whole_however_the_bytes_are_cut() -> None:
    pod = Pod("web")
    world = World(pod)
    world.pieces = 7
    await pod.say(*numbered(0, 50), "", "  indented", "unicode ✔ ü")
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 53)
        assert sink.texts == [*numbered(0, 50), "", "  indented", "unicode ✔ ü"]
        assert sink.notes == []


@pytest.mark.parametrize("seed", range(12))
async def test_cut_connections_lose_and_repeat_nothing(seed: int) -> None:
    pod = Pod("web")
    world = World(pod, seed=seed)
    world.pieces = (3, 40, 1000)[seed % 3]
    async with running(world) as (sink, _):
        written = 0
        for _ in range(25):
            count = world.random.randint(0, 30)
            # Several lines share a stamp, some are equal, and seconds pass at times.
            step = world.random.choice((0, 0, 1000, 50_000_000, 1_200_000_000))
            await pod.say(*[f"line {written + i}" for i in range(count)], step=step)
            written += count
            await asyncio.sleep(world.random.choice((0, 0, 0.001)))
            if world.random.random() < 0.6:
                world.cut()
        world.cut()
        await pod.say("end")
        await sink.until(lambda: "end" in sink.texts)
        assert sink.texts == [*numbered(0, written), "end"]
        assert sink.notes == []
        assert len(world.requests) > 3


async def test_equal_lines_of_one_stamp_are_counted() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say(*["tick"] * 5, step=0)
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 5)
        await pod.say(*["tick"] * 3, step=0)
        await sink.until(lambda: len(sink.texts) == 8)
        world.down = True
        world.cut()
        await pod.say("tick", "tick", "other", step=0)
        await asyncio.sleep(0.005)
        world.down = False
        await sink.until(lambda: "other" in sink.texts)
        assert sink.texts == ["tick"] * 10 + ["other"]


async def test_stamps_that_go_back_lose_nothing() -> None:
    """stdout and stderr are stamped by two threads: their stamps may cross, also over a second's border."""
    pod = Pod("web", at=1_700_000_000 * 10**9)
    world = World(pod)
    await pod.say("a", step=10**9 + 100)
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 1)
        world.down = True
        world.cut()
        await pod.say("b", step=-5_000)
        await pod.say("c", step=10_000)
        await asyncio.sleep(0.005)
        world.down = False
        await sink.until(lambda: len(sink.texts) == 3)
        assert sink.texts == ["a", "b", "c"]
        assert sink.notes == []


async def test_rotation_while_away_is_a_gap_and_said() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say(*numbered(0, 5))
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 5)
        world.down = True
        world.cut()
        await pod.say(*numbered(5, 5))
        await pod.rotate()
        await pod.say(*numbered(10, 3), step=2 * 10**9)
        await asyncio.sleep(0.005)
        world.down = False
        await sink.until(lambda: "line 12" in sink.texts)
        assert sink.texts == [*numbered(0, 5), *numbered(10, 3)]
        assert len(sink.notes) == 1
        assert "may be missing: the log was rotated" in sink.notes[0]
        assert sink.all[5].startswith("-- lines between")


async def test_rotation_within_the_second_is_told_also_when_it_is_silent_afterwards() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say("before")
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 1)
        world.down = True
        world.cut()
        await pod.rotate()
        await pod.say("after")
        await asyncio.sleep(0.005)
        world.down = False
        await sink.until(lambda: "after" in sink.texts)
        assert sink.texts == ["before", "after"]
        assert len(sink.notes) == 1


async def test_rotation_while_connected_is_nothing() -> None:
    pod = Pod("web")
    world = World(pod)
    async with running(world) as (sink, _):
        await pod.say(*numbered(0, 5))
        await sink.until(lambda: len(sink.texts) == 5)
        await pod.rotate()
        await pod.say(*numbered(5, 5))
        await sink.until(lambda: len(sink.texts) == 10)
        assert sink.texts == numbered(0, 10)
        assert sink.notes == []


async def test_a_restart_is_told_and_the_new_run_is_read_from_its_beginning() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say(*numbered(0, 3))
    async with running(world) as (sink, made):
        await sink.until(lambda: len(sink.texts) == 3)
        await pod.say("dying words")
        await pod.end(exit_code=137)
        await sink.until(lambda: any("ended" in n for n in sink.notes))
        pod.restart()
        await pod.say(*numbered(3, 3))
        made.poke()  # type: ignore[attr-defined]
        await sink.until(lambda: "line 5" in sink.texts)
        assert sink.texts == [*numbered(0, 3), "dying words", *numbered(3, 3)]
        assert "ended with exit 137" in sink.notes
        assert "restarted after exit 137 (restart 1)" in sink.notes


async def test_a_restart_while_away_brings_the_end_of_the_run_before() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say(*numbered(0, 3))
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 3)
        world.down = True
        world.cut()
        await pod.say(*numbered(3, 4))
        await pod.end(exit_code=2)
        pod.restart()
        await pod.say(*numbered(7, 2))
        await asyncio.sleep(0.005)
        world.down = False
        await sink.until(lambda: "line 8" in sink.texts)
        assert sink.texts == numbered(0, 9)
        assert sink.notes == ["restarted after exit 2 (restart 1)"]


async def test_runs_that_came_and_went_are_a_gap() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say("run 0")
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 1)
        world.down = True
        world.cut()
        for number in (1, 2, 3):
            await pod.end()
            pod.restart()
            await pod.say(f"run {number}")
        await asyncio.sleep(0.005)
        world.down = False
        await sink.until(lambda: "run 3" in sink.texts)
        assert sink.texts == ["run 0", "run 2", "run 3"]
        assert any("2 runs of the container came and went" in n for n in sink.notes)


async def test_a_restart_that_the_api_server_learns_late_is_no_rotation() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say("old")
    async with running(world) as (sink, _):
        await sink.until(lambda: len(sink.texts) == 1)
        late = pod.obj()
        real = world.get
        told = 0

        async def get(*arguments: object) -> dict[str, object]:
            nonlocal told
            told += 1
            return late if told < 4 else await real(*arguments)  # type: ignore[arg-type]

        world.get = get  # type: ignore[method-assign, assignment]
        await pod.end()
        pod.restart()
        await pod.say("new")
        await sink.until(lambda: "new" in sink.texts)
        assert sink.texts == ["old", "new"]
        assert sink.notes == ["restarted after exit 1 (restart 1)"]


async def test_the_end_of_a_pod_is_told() -> None:
    pod = Pod("web")
    world = World(pod)
    sink = Collected()
    await pod.say("last")
    task = asyncio.create_task(follower(world, sink).run())
    await sink.until(lambda: len(sink.texts) == 1)
    pod.gone = True
    await pod.end(exit_code=0)
    await asyncio.wait_for(task, 5)
    assert sink.notes == ["the pod is gone"]


async def test_a_pod_that_vanishes_while_away_may_have_said_more() -> None:
    pod = Pod("web")
    world = World(pod)
    sink = Collected()
    await pod.say("last")
    task = asyncio.create_task(follower(world, sink).run())
    await sink.until(lambda: len(sink.texts) == 1)
    world.cut()
    pod.gone = True
    await asyncio.wait_for(task, 5)
    assert "its last lines may be missing" in sink.notes[0]


async def test_another_pod_of_the_same_name_is_not_followed() -> None:
    pod = Pod("web")
    world = World(pod)
    sink = Collected()
    await pod.say("first")
    task = asyncio.create_task(follower(world, sink).run())
    await sink.until(lambda: len(sink.texts) == 1)
    world.pods["web"] = Pod("web", uid="another")
    await world.pods["web"].say("second")
    world.cut()
    await asyncio.wait_for(task, 5)
    assert sink.texts == ["first"]


async def test_waits_for_a_container_that_has_not_started() -> None:
    pod = Pod("web")
    pod.waiting["app"] = "ContainerCreating"
    world = World(pod)
    async with running(world) as (sink, made):
        await sink.until(lambda: bool(sink.notes))
        assert sink.notes == ["has not started yet: ContainerCreating"]
        pod.waiting.clear()
        await pod.say("hello")
        made.poke()  # type: ignore[attr-defined]
        await sink.until(lambda: bool(sink.texts))
        assert sink.texts == ["hello"]


async def test_a_crash_loop_costs_no_storm_of_requests() -> None:
    pod = Pod("web")
    await pod.say("boom")
    await pod.end()
    pod.waiting["app"] = "CrashLoopBackOff"
    world = World(pod)
    async with running(world) as (sink, _):
        await sink.until(lambda: bool(sink.notes))
        await asyncio.sleep(0.2)
        assert sink.texts == ["boom"]
        assert len(world.requests) == 1


async def test_an_outage_that_swallows_is_left_when_told() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say("one")
    async with running(world) as (sink, made):
        await sink.until(lambda: len(sink.texts) == 1)
        world.silent = True
        await pod.say("two")
        await asyncio.sleep(0.01)
        world.silent = False
        await pod.say("three")
        await asyncio.sleep(0.01)
        assert sink.texts == ["one"]
        made.cut()  # type: ignore[attr-defined]
        await sink.until(lambda: len(sink.texts) == 3)
        assert sink.texts == ["one", "two", "three"]


async def test_without_follow_it_reads_once_and_ends() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say(*numbered(0, 9))
    sink = Collected()
    await follower(world, sink, follow=False, beginning=Beginning(tail=4)).run()
    assert sink.texts == numbered(5, 4)
    assert [r["follow"] for r in world.requests] == [False]


async def test_previous_reads_the_run_before() -> None:
    pod = Pod("web")
    world = World(pod)
    await pod.say("why it died")
    await pod.end()
    pod.restart()
    await pod.say("alive")
    sink = Collected()
    await follower(world, sink, follow=False, previous=True).run()
    assert sink.texts == ["why it died"]


async def test_previous_of_a_container_that_never_restarted_says_so() -> None:
    sink = Collected()
    made = follower(World(Pod("web")), sink, follow=False, previous=True)
    await made.run()
    assert sink.notes == ["has no run before this one"]
    assert made.failed is not None


KUBELET = b"unable to retrieve container logs for containerd://61e8dece413c6bd2c8c09239acccade29c043a24f0d2f21e68c0993f81afb19f"


async def test_a_kubelet_that_has_no_log_says_so_in_its_place_and_that_is_no_line() -> None:
    """It answers 200 with this text, without stamp or newline (seen on a kubelet 1.34 with containerd)."""
    world = World(pod := Pod("web"))
    await pod.say("old")
    await pod.end()
    pod.restart()
    pod.runs["app"][0].answers = KUBELET
    sink = Collected()
    made = follower(world, sink, previous=True, follow=False)
    await made.run()
    assert sink.texts == []
    assert sink.notes == [
        "the log of the run before is not kept any more; without 'previous' the latest run's is shown"
    ]
    assert made.failed is not None


async def test_a_restart_whose_log_is_gone_is_said_and_the_next_run_follows() -> None:
    world = World(pod := Pod("web"))
    await pod.say("one")
    async with running(world) as (sink, _):
        await sink.until(lambda: sink.texts == ["one"])
        pod.runs["app"][-1].answers = KUBELET
        world.cut()
        await sink.until(lambda: any("cannot be read now" in note for note in sink.notes))
        await pod.end()
        pod.restart()
        await pod.say("two")
        await sink.until(lambda: "two" in sink.texts)
    assert sink.texts == ["one", "two"]
    assert sink.notes[0].startswith("its log cannot be read now: unable to retrieve container logs")
    assert sink.notes[1:] == [
        "the end of the run before may be missing: its log is not kept", "restarted after exit 1 (restart 1)",
    ]  # fmt: skip
