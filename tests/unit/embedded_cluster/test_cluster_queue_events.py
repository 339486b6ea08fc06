"""The work queue's folding, delays and retries; events folded, aggregated, cut and expired."""

from __future__ import annotations

from itertools import pairwise

from veza_tui.embedded.api.errors import conflict
from veza_tui.embedded.cluster.clock import ManualClock
from veza_tui.embedded.cluster.controller import WorkQueue


class Recorder:
    """A controller that notes when it was called and fails as often as it is told."""

    def __init__(self, clock, failures=0) -> None:
        self.clock = clock
        self.failures = failures
        self.calls: list[tuple[str, float]] = []
        self.start = clock.now()

    def reconcile(self, key) -> None:
        self.calls.append((key[1], round(self.clock.now() - self.start, 3)))
        if self.failures:
            self.failures -= 1
            raise conflict("pods", "", key[1])


async def test_changes_are_folded_and_delays_kept():
    clock = ManualClock()
    queue, one = WorkQueue(clock), Recorder(clock)
    for _ in range(5):
        queue.add(one, ("", "a"))
    queue.add(one, ("", "b"), 10)
    queue.add(one, ("", "b"), 5)
    queue.add(one, ("", "b"), 20)
    await clock.advance(1)
    assert one.calls == [("a", 0.0)]
    await clock.advance(30)
    assert one.calls == [("a", 0.0), ("b", 5.0)]


async def test_failures_are_tried_again_later_and_later():
    clock = ManualClock()
    queue, one = WorkQueue(clock), Recorder(clock, failures=3)
    queue.add(one, ("", "a"))
    await clock.advance(10)
    times = [moment for _, moment in one.calls]
    assert len(times) == 4
    gaps = [round(b - a, 2) for a, b in pairwise(times)]
    assert gaps == [0.1, 0.2, 0.4]


async def test_a_stopped_queue_is_silent():
    clock = ManualClock()
    queue, one = WorkQueue(clock), Recorder(clock)
    queue.add(one, ("", "a"), 1)
    queue.stop()
    queue.add(one, ("", "b"))
    await clock.advance(5)
    assert one.calls == []


async def test_a_clock_that_jumps(bench):
    queue, clock = bench.sim.queue, bench.clock
    one = Recorder(clock)
    queue.add(one, ("", "a"), 5)
    clock._now += 1000
    queue.shift(1000)
    queue.add(one, ("", "a"), 50)  # the earlier request still wins
    await clock.advance(6)
    assert [name for name, _ in one.calls] == ["a"]


def _say(bench, message, times=1, reason="Unhealthy"):
    node = bench.store.get("nodes", None, "veza-node-1")
    for _ in range(times):
        bench.sim.cluster.event(node, "Warning", reason, message, "kubelet", host="veza-node-1")


async def test_repeated_events_are_counted(bench):
    _say(bench, "late")
    bench.clock._now += 60
    _say(bench, "late", times=2)
    _say(bench, "refused")
    late, refused = sorted(bench.events("Unhealthy"), key=lambda e: e["message"])
    assert (late["count"], refused["count"]) == (3, 1)
    assert late["firstTimestamp"] != late["lastTimestamp"] == refused["lastTimestamp"]
    assert late["source"] == {"component": "kubelet", "host": "veza-node-1"}
    assert late["involvedObject"]["kind"] == "Node"
    assert late["metadata"]["namespace"] == "default"


async def test_similar_events_are_combined(bench):
    for index in range(15):
        _say(bench, f"message {index}")
    found = bench.events("Unhealthy")
    assert len(found) == 10
    combined = [e for e in found if e["message"].startswith("(combined from similar events): ")]
    assert [e["count"] for e in combined] == [6]


async def test_floods_are_cut(bench):
    _say(bench, "flood", times=100)
    (event,) = bench.events("Unhealthy")
    assert event["count"] == 25
    bench.clock._now += 301
    _say(bench, "flood", times=2)
    assert bench.events("Unhealthy")[0]["count"] == 26


async def test_old_events_expire(bench):
    _say(bench, "old")
    bench.clock._now += 1800
    _say(bench, "new")
    bench.clock._now += 1801
    assert bench.sim.cluster.recorder.expire() == 1
    assert [e["message"] for e in bench.events("Unhealthy")] == ["new"]
    _say(bench, "old")
    assert {e["message"]: e["count"] for e in bench.events("Unhealthy")} == {"new": 1, "old": 1}
